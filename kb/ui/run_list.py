"""Recorded runs in a list: the last few of one thing, or all of them a page at a time."""

from collections.abc import Mapping

import streamlit as st

from kb.library import Library
from kb.records import RunNote
from kb.ui.links import address, escape, link, record_address
from kb.ui.marks import count_words
from kb.ui.numbers import show_seconds
from kb.ui.run_kinds import tell_subject
from kb.ui.state import asked, asked_number, page_links

_LAST = 5
_PER_PAGE = 25
_ENDINGS = {"ok": "ended well", "error": "stopped with an error", "timeout": "took too long"}


def show_earlier_runs(library: Library, of: str = "") -> None:
    """Draw the last runs of one thing, ``code:pre-ln`` or ``snippet:12``, or of all; nothing where there are none."""
    notes = library.runs(of, count=_LAST)
    if not notes:
        return
    count = library.run_count(of)
    rest = f"<p>{link(address('run', of=of), f'All {count:,} runs')}</p>" if count > _LAST else ""
    names = None if of else {one.slug: one.name for one in library.concepts()}
    st.html(f"<h2>{'Earlier runs' if of else 'What has run'}</h2>{_list(notes, names)}{rest}")


def show_all_runs(library: Library) -> None:
    """Draw the recorded runs of what the address names, or all of them."""
    of = asked("of")
    count = library.run_count(of)
    last = max(1, -(-count // _PER_PAGE))
    number = min(asked_number("page", 1) or 1, last)
    notes = library.runs(of, start=(number - 1) * _PER_PAGE, count=_PER_PAGE)
    names = {one.slug: one.name for one in library.concepts()}
    title = f"Runs: {tell_subject(of, names)}" if of else "Runs"
    st.html(f'<h1>{title}</h1><p class="quiet">{count_words(count, "run")} recorded, the newest first</p>')
    if not notes:
        st.html(f"<p>Nothing has run yet. {link(address('idea'), 'Ideas that can be run')} are listed first.</p>")
    pager = page_links("run", "page", number, more=number < last, last=last)
    st.html(f'<section class="stay">{_list(notes, None if of else names)}{pager}</section>')


def tell_settings(parameters: Mapping[str, object]) -> str:
    """Return what was set, as HTML; empty where nothing was."""
    return escape(", ".join(f"{name} = {_tell(value)}" for name, value in parameters.items()))


def tell_ending(status: str) -> str:
    """Return how a run ended in two or three words."""
    return _ENDINGS.get(status, f"was {status}")


def _tell(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _list(notes: list[RunNote], names: Mapping[str, str] | None = None) -> str:
    """Return a list of runs; with names, each line says what ran."""
    rows = []
    for one in notes:
        subject = f"{tell_subject(one.of, names)} &ensp;" if names is not None else ""
        settings = tell_settings({**one.parameters, **({"seed": one.seed} if one.seed else {})})
        ending = f"{tell_ending(one.status)} after {show_seconds(one.wall_s)}"
        told = "; ".join(filter(None, (settings, ending, f"{one.ran_at:%-d %b %Y, %H:%M} UTC")))
        run = link(record_address(one.key), f"Run {one.key.removeprefix('run:')}")
        rows.append(f'<li>{run} &ensp;{subject}<span class="quiet">{told}</span></li>')
    return f'<ul class="rows tight">{"".join(rows)}</ul>'
