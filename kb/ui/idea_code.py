"""The executable part of an idea's page: Run, the header as a table, the source, a version of one's own."""

import html
import re
from collections.abc import Mapping

import streamlit as st

from kb.library import Library
from kb.records import ConceptView, Idea, RunResult
from kb.reference.training import is_trainable
from kb.ui.idea_editor import show_editor
from kb.ui.links import address, escape, link, record_link
from kb.ui.run_live import run_live
from kb.ui.run_result import show_result
from kb.ui.run_settings import choose_settings
from kb.ui.side_by_side import without_header

_SECTIONS = ("Paper", "Idea", "Shapes", "Gates", "Assumes", "Cost", "Parents", "Leaves out", "Checked")
_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)+")


def show_code(library: Library, record: ConceptView, idea: Idea) -> None:
    """Draw the code of an idea and what can be done with it."""
    st.html("<h2>Run it</h2>")
    settings, seed = choose_settings(
        [(one.name, one.name, one) for one in (*idea.parameters, *idea.gates)],
        library.sizes(idea.slug),
        key=f"idea {idea.slug}",
    )
    result = run_live(idea.slug, "Run", lambda owner: library.begin_run(idea.slug, settings, seed=seed, owner=owner))
    _show(result, key=f"result of {idea.slug}")
    kin = [one.slug for one in library.ideas() if one.form == idea.form and one.slug != idea.slug][:3]
    ways = [("compare", "Compare it with another idea", "on the same input")] if kin else []
    ways += [("costs", "Count what it costs", "as functions of its sizes")]
    ways += [("train", "Train it next to another idea", "on a small task")] if is_trainable(idea) else []
    pair = ",".join([idea.slug, *kin[:1]])
    for page, words, how in ways:
        st.html(f"<p>{link(address(page, ideas=pair), words)} <span class='quiet'>{how}</span></p>")
    st.html(f"<h2>The code</h2>{_tell_sections(library, idea)}")
    source, edited = st.tabs(["Source", "Edit and run"])
    with source:
        st.code(without_header(idea.code), language="python", line_numbers=True)
    with edited:
        show_editor(library, record.concept.key, idea, settings, seed)


def show_without_code(library: Library, record: ConceptView) -> None:
    """Say that an idea has no code, and lead to relatives that do."""
    coded = {one.slug for one in library.ideas()}
    related = [edge.ancestor for edge in record.ancestors] + [edge.descendant for edge in record.descendants]
    kin = [slug for slug in dict.fromkeys(related) if slug in coded]
    if kin:
        names = ", ".join(record_link(f"concept:{slug}", record.names.get(slug, slug)) for slug in kin)
        offer = f"Relatives that can be run: {names}."
    else:
        offer = f"{link(address('idea'), 'Ideas that can be run')} are listed first among all ideas."
    st.html(f"<h2>The code</h2><p>This idea has no reference implementation yet. {offer}</p>")


def _show(result: RunResult | str | None, *, key: str) -> None:
    if isinstance(result, RunResult):
        show_result(result, key=key)
    elif result:
        st.warning(result)


def _tell_sections(library: Library, idea: Idea) -> str:
    known = {one.slug: one.name for one in library.concepts()}
    sections = {label: text.replace(" -- ", " – ") for label, text in idea.sections.items()}
    told = {label: escape(sections[label]) for label in _SECTIONS if label in sections}
    parents = html.escape(sections.get("Parents", ""))
    told["Parents"] = _SLUG.sub(lambda found: _linked(found[0], known), parents)
    rows = "".join(f"<dt>{label}</dt><dd>{text}</dd>" for label, text in told.items() if text)
    return f"<dl class='facts' style='max-width:56rem'>{rows}</dl>"


def _linked(slug: str, known: Mapping[str, str]) -> str:
    return record_link(f"concept:{slug}", known[slug]) if slug in known else slug
