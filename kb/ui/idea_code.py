"""The executable part of an idea's page: the header as a table, the source, Run, edit and run."""

import html
import re
from collections.abc import Mapping

import streamlit as st

from kb.errors import KBError
from kb.library import Library
from kb.records import ConceptView, Idea, RunResult
from kb.ui.confining import tell_confinement
from kb.ui.links import address, escape, link, record_link
from kb.ui.run_result import show_result
from kb.ui.run_settings import choose_settings

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
    name = f"result of {idea.slug}"
    if st.button("Run", type="primary", key=f"run {idea.slug}"):
        st.session_state[name] = _run(library, idea, settings, seed)
    _show_kept(name)
    kin = [one.slug for one in library.ideas() if one.form == idea.form and one.slug != idea.slug][:3]
    if kin:
        href = address("compare", ideas=",".join([idea.slug, *kin[:1]]))
        st.html(f"<p>{link(href, 'Compare it with another idea')} <span class='quiet'>on the same input</span></p>")
    st.html(f"<h2>The code</h2>{_tell_sections(library, idea)}")
    source, edited = st.tabs(["Source", "Edit and run"])
    with source:
        st.code(without_header(idea.code), language="python", line_numbers=True)
    with edited:
        _show_editor(library, idea, settings, seed)


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


def without_header(code: str) -> str:
    """Return the code without its literate header, which the page shows as a table."""
    return re.sub(r'\A\s*r?"""(?:.|\n)*?"""\n+', "", code)


def _run(
    library: Library, idea: Idea, settings: Mapping[str, object], seed: int, code: str | None = None
) -> RunResult | str:
    """Return the result of a run, or in words why it was not begun."""
    with st.spinner(f"Running {idea.title.split(':')[0]}", show_time=True):
        try:
            return library.run(idea.slug, settings, seed=seed, code=code)
        except KBError as error:
            return str(error)


def _show_kept(name: str) -> None:
    kept = st.session_state.get(name)
    if isinstance(kept, RunResult):
        show_result(kept, key=name)
    elif kept:
        st.warning(kept)


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


def _show_editor(library: Library, idea: Idea, settings: Mapping[str, object], seed: int) -> None:
    st.html(
        "<p class='quiet'>Change anything, then run it with the settings above. Keep the header's labels: they say "
        f"which inputs and weights the function takes. {escape(tell_confinement(library))}</p>"
    )
    box, kept = f"edited {idea.slug}", f"result of edited {idea.slug}"
    code = st.text_area("Source", idea.code, height=420, key=box, label_visibility="collapsed")
    run, back, _ = st.columns([1.2, 1.6, 4])
    if run.button("Run this version", type="primary", key=f"run {box}"):
        st.session_state[kept] = _run(library, idea, settings, seed, code)
    is_shipped = code == idea.code
    back.button("Back to the shipped source", on_click=_restore, args=(box, kept, idea.code), disabled=is_shipped)
    _show_kept(kept)


def _restore(box: str, kept: str, code: str) -> None:
    st.session_state[box] = code
    st.session_state.pop(kept, None)
