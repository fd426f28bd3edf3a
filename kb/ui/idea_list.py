"""All ideas, by family and year, those with code first."""

import streamlit as st

from kb.library import Library
from kb.records import FAMILIES, Concept
from kb.ui.links import escape, record_link
from kb.ui.marks import FAMILY_COLOURS, count_words, family_name


def show_all(library: Library) -> None:
    """Draw the ideas that run, then all of them family by family."""
    ideas = {idea.slug: idea for idea in library.ideas()}
    concepts = library.concepts()
    counted = f"{count_words(len(concepts), 'idea')}, {len(ideas)} of them with code"
    st.html(f'<h1>Ideas</h1><p class="quiet">{counted}</p>')
    if not concepts:
        st.info("There are no ideas here: build the library with the shipped catalogue first.")
        return
    coded = [one for one in concepts if one.slug in ideas]
    st.html(f"<h2>With code that runs</h2>{_list(coded)}")
    known = [*FAMILIES, *sorted({one.family for one in concepts} - set(FAMILIES))]
    parts = [_tell_family(family, [one for one in concepts if one.family == family]) for family in known]
    st.html(f'<div style="columns:24rem;column-gap:2.5rem">{"".join(parts)}</div>')


def _tell_family(family: str, concepts: list[Concept]) -> str:
    if not concepts:
        return ""
    swatch = f'<span class="swatch" style="background:{FAMILY_COLOURS.get(family, "currentColor")}"></span>'
    head = f'<h2 style="break-after:avoid">{swatch}{escape(family_name(family))}</h2>'
    return f"<section>{head}{_list(concepts)}</section>"


def _list(concepts: list[Concept]) -> str:
    items = "".join(
        f'<li style="break-inside:avoid"><span class="year">{one.introduced or ""}</span>'
        f'{record_link(one.key, one.name)} <span class="quiet zh">{_chinese(one)}</span></li>'
        for one in sorted(concepts, key=lambda one: (one.introduced or 0, one.name))
    )
    return f'<ul class="rows tight">{items}</ul>'


def _chinese(concept: Concept) -> str:
    return escape(concept.name_zh) if concept.name_zh != concept.name else ""
