"""All papers by year, a page at a time, of one family or of all."""

import streamlit as st

from kb.library import Library
from kb.records import FAMILIES, Paper
from kb.ui.links import escape, record_link
from kb.ui.marks import authors_line, family_name
from kb.ui.state import asked, asked_number, page_links, tell

PER_PAGE = 25


def show_papers(library: Library) -> None:
    """Draw the list, oldest first, of the family that the address names."""
    st.html("<h2>Papers by year</h2>")
    _show_choice()
    family = asked("family") if asked("family") in FAMILIES else ""
    last = max(1, -(-library.paper_count(family) // PER_PAGE))
    number = min(asked_number("page", 1, 999_999) or 1, last)
    papers = library.list_papers(family, (number - 1) * PER_PAGE, PER_PAGE)
    rows = "".join(f"<li>{_draw(one)}</li>" for one in papers)
    empty = '<p class="quiet">No paper here belongs to this family.</p>'
    st.html(f'<ol class="rows tight dated">{rows}</ol>' if rows else empty)
    st.html(page_links("library", "page", number, more=number < last, last=last) or "<span></span>")


def _show_choice() -> None:
    family = asked("family")
    st.session_state["family"] = family if family in FAMILIES else None
    st.selectbox(
        "Family",
        FAMILIES,
        index=None,
        key="family",
        format_func=family_name,
        placeholder="All families",
        label_visibility="collapsed",
        width=300,
        on_change=lambda: tell(family=st.session_state["family"], page=None),
    )


def _draw(paper: Paper) -> str:
    quiet = " · ".join(filter(None, (authors_line(paper.authors, paper.authors_more), paper.venue)))
    return (
        f'<span class="year">{paper.year or "–"}</span>{record_link(paper.key, paper.title)} '
        f'&ensp;<span class="quiet">{escape(quiet)}</span>'
    )
