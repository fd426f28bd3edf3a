"""The page of a recorded run: what ran, with what, on what, how it ended, what it gave, and the source."""

from dataclasses import replace

import streamlit as st

from kb.errors import NotFoundError
from kb.library import Library
from kb.records import RunRecord, RunResult, Ticket
from kb.ui.links import address, escape, link
from kb.ui.numbers import show_seconds
from kb.ui.run_kinds import choose_drawing, find_again, split_subject, tell_subject
from kb.ui.run_list import show_all_runs, tell_ending, tell_settings
from kb.ui.run_live import run_live
from kb.ui.run_result import ShowFigures, show_result
from kb.ui.state import asked


def show(library: Library) -> None:
    """Draw the run that the address names, or all of them."""
    number = asked("id")
    if not number:
        show_all_runs(library)
        return
    try:
        record = library.recorded_run(number)
    except NotFoundError as error:
        st.error(escape(str(error)))
        st.html(f"<p>{link(address('run'), 'The runs that are recorded')}</p>")
        return
    names = {one.slug: one.name for one in library.concepts()}
    note = record.note
    st.html(f"<h1>Run {escape(number)}: {tell_subject(note.of, names)}</h1>{_tell_facts(library, record)}")
    again = find_again(note)
    ways = [(again, "Run it again with these settings")] if again else []
    ways += [(address("run", of=note.of), "Its other runs"), (address("run"), "All runs")]
    st.html(f"<p>{' &ensp;·&ensp; '.join(link(href, words) for href, words in ways)}</p>")
    st.html("<h2>What it gave</h2>")
    drawing = choose_drawing(note.of, names)
    show_result(replace(record.result, key=""), key=note.key, show_figures=drawing)
    if record.code:
        st.html("<h2>The source that ran</h2>")
        st.code(record.code, language="python", line_numbers=True)
        _offer_same_source(library, record, drawing)


def _offer_same_source(library: Library, record: RunRecord, drawing: ShowFigures) -> None:
    """Draw a button that runs the recorded source itself: the page that the link leads to may have another by now."""
    note = record.note
    kind, _, (rest, *_) = split_subject(note.of)
    if kind not in ("code", "file"):
        return

    def begin(owner: str) -> Ticket:
        if kind == "file":
            return library.begin_snippet(note.of, record.code, note.parameters, seed=note.seed, owner=owner)
        return library.begin_run(rest, note.parameters, seed=note.seed, code=record.code, owner=owner)

    result = run_live(f"again {note.key}", "Run this source again", begin)
    if isinstance(result, RunResult):
        show_result(result, key=f"again {note.key}", show_figures=drawing)
    elif result:
        st.warning(escape(result))


def _tell_facts(library: Library, record: RunRecord) -> str:
    note, result = record.note, record.result
    ran_on = ", ".join(f"{escape(name)} {escape(number)}" for name, number in result.versions.items())
    facts = {
        "Outcome": f"{tell_ending(note.status)} after {show_seconds(note.wall_s)}",
        "When": f"{note.ran_at:%-d %B %Y, %H:%M:%S} UTC",
        "Settings": tell_settings(note.parameters) or "all as by default",
        "Seed": f"{note.seed}",
        "Ran on": ran_on or "not recorded by the version that ran it",
        "Confined by": escape(result.confinement) or "nothing: it ran nowhere",
        "Source": f"SHA-256 <code>{note.code_hash[:16]}</code>, {_tell_source(library, record)}",
    }
    rows = "".join(f"<dt>{name}</dt><dd>{told}</dd>" for name, told in facts.items())
    return f'<dl class="facts">{rows}</dl>'


def _tell_source(library: Library, record: RunRecord) -> str:
    """Return what the source is to the one that ships now."""
    kind, _, parts = split_subject(record.note.of)
    if kind in ("file", "snippet", "own"):
        return "as it was then"
    ideas = {idea.slug: idea for idea in library.ideas()}
    kept = "" if record.code else "; the version that ran it did not keep the text"
    alone = ideas.get(parts[0]) if len(parts) == 1 else None
    is_shipped = alone is not None and alone.code_hash == record.note.code_hash
    if is_shipped or "\n".join(ideas[one].code for one in parts if one in ideas) == record.code:
        return f"as it ships{kept}"
    return f"not as it ships now: edited, or changed since{kept}"
