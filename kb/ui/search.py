"""Search: one box for English and Chinese; hits of every kind, each with what was found in it and why."""

import streamlit as st

from kb.library import Library
from kb.records import SearchAnswer
from kb.ui import first_view
from kb.ui.links import escape, link
from kb.ui.search_filters import show_filters, wanted_filter
from kb.ui.search_hits import draw_hit
from kb.ui.state import asked, asked_number, here, page_links, tell

PER_PAGE = 10
#: The furthest page: more than a thousand hits are never asked for.
LAST_PAGE = 99
#: As wide as the hits below it; on a narrow screen it shrinks.
_BOX_PX = 780


def show(library: Library) -> None:
    """Draw the page: the box, and below it either the first view or the answer."""
    query = asked("q")
    if not query:
        first_view.show_introduction(library)
    _show_box(query)
    if not query:
        first_view.show_rest(library)
        return
    show_filters(library)
    _show_answer(library, query)


def _show_box(query: str) -> None:
    st.session_state["query"] = query
    st.text_input(
        "Search papers, ideas and code, in English or Chinese",
        key="query",
        placeholder="Search papers, ideas and code · 用中文或英文搜索",
        label_visibility="collapsed",
        width=_BOX_PX,
        on_change=lambda: tell(q=st.session_state["query"], page=None),
    )


def _show_answer(library: Library, query: str) -> None:
    number = asked_number("page", 1, LAST_PAGE) or 1
    wanted = wanted_filter(library)
    with st.spinner("Searching"):
        answer = library.search(query, limit=number * PER_PAGE + 1, wanted=wanted)
    first = (number - 1) * PER_PAGE
    hits = answer.hits[first : first + PER_PAGE]
    st.html(_draw_summary(answer, first, len(hits)))
    if hits:
        concepts = {one.slug: one for one in library.concepts()}
        attached = library.snippet_counts()
        rows = "".join(f"<li>{draw_hit(library, concepts, hit, attached)}</li>" for hit in hits)
        st.html(f'<ol class="rows">{rows}</ol>')
    st.html(page_links("", "page", number, more=len(answer.hits) > first + PER_PAGE) or "<span></span>")


def _draw_summary(answer: SearchAnswer, first: int, shown: int) -> str:
    """Return what was searched, how long it took, and what to do where nothing holds the words."""
    took = f"{answer.took_ms:.0f} ms"
    words = " · ".join(f"“{escape(word)}”" for word in answer.searched_for) or f"“{escape(answer.query)}”"
    if not answer.hits:
        wider = link(
            here("", kind=None, **{"from": None, "to": None, "concept": None, "code": None, "page": None}),
            "search without the filters",
        )
        return f"<p>Nothing within these filters answers {words}; {wider}, or try other words.</p>"
    if not shown:
        return f"<p>There are no further hits; {link(here('', page=None), 'back to the first page')}.</p>"
    if answer.nearest:
        return (
            f"<p>No text here holds {words}. These are the nearest by meaning, which may be far; "
            f'other words may do better.</p><p class="quiet">{took}</p>'
        )
    span = f"Hits {first + 1} to {first + shown}" if first or shown > 1 else "One hit"
    return f'<p class="quiet num">{span} · {took} · searched for {words}</p>'
