"""What hits must satisfy: kinds in a row, years, idea and code behind a button, all of it in the address."""

import streamlit as st

from kb.errors import NotFoundError
from kb.library import Library
from kb.records import SearchFilter
from kb.ui.marks import record_kind
from kb.ui.state import asked, asked_list, asked_number, tell

KINDS = ("paper", "concept", "code", "article", "model", "software", "hardware")
_UNCOUNTED = ("code", "software", "hardware")
EARLIEST, LATEST = 1900, 2100


def wanted_filter(library: Library) -> SearchFilter:
    """Return the filter that the address names; an idea that is not here is told by the search itself."""
    concept = asked("concept")
    return SearchFilter(
        kinds=tuple(asked_list("kind", KINDS)),
        year_from=asked_number("from", EARLIEST, LATEST),
        year_to=asked_number("to", EARLIEST, LATEST),
        concept=_slug_of(library, concept) if concept else "",
        has_code=asked("code") == "1",
    )


def show_filters(library: Library) -> None:
    """Draw the row of filters."""
    st.session_state["kinds"] = asked_list("kind", KINDS)
    row = st.container(horizontal=True, vertical_alignment="center")
    row.pills(
        "Kinds",
        KINDS,
        key="kinds",
        selection_mode="multi",
        format_func=_plural,
        label_visibility="collapsed",
        width="content",
        on_change=lambda: tell(kind=",".join(st.session_state["kinds"]), page=None),
    )
    with row.popover(_describe(library)):
        _show_years()
        _show_idea(library)
        st.session_state["has_code"] = asked("code") == "1"
        st.checkbox(
            "Only what has code that runs",
            key="has_code",
            on_change=lambda: tell(code="1" if st.session_state["has_code"] else None, page=None),
        )


def _show_years() -> None:
    for column, name, label in zip(st.columns(2), ("from", "to"), ("From year", "To year"), strict=True):
        key = f"year_{name}"
        st.session_state[key] = asked_number(name, EARLIEST, LATEST)
        column.number_input(
            label,
            EARLIEST,
            LATEST,
            value=None,
            step=1,
            key=key,
            on_change=_tell_year,
            args=(name, key),
            placeholder="any",
        )


def _tell_year(name: str, key: str) -> None:
    tell(**{name: st.session_state[key], "page": None})


def _show_idea(library: Library) -> None:
    names = {one.slug: one.name for one in sorted(library.concepts(), key=lambda one: one.name.casefold())}
    chosen = asked("concept").removeprefix("concept:")
    st.session_state["idea_filter"] = chosen if chosen in names else None
    st.selectbox(
        "About the idea",
        list(names),
        index=None,
        key="idea_filter",
        format_func=lambda slug: names[slug],
        placeholder="any",
        on_change=lambda: tell(concept=st.session_state["idea_filter"], page=None),
    )


def _describe(library: Library) -> str:
    """Return the button's words: which filters are in force."""
    wanted = wanted_filter(library)
    since, until = wanted.year_from, wanted.year_to
    years = f"{since or 'any year'} to {until or 'today'}" if since or until else ""
    parts = [years, wanted.concept.replace("-", " "), "with code" if wanted.has_code else ""]
    return " · ".join(filter(None, parts)) or "Years, idea, code"


def _slug_of(library: Library, name: str) -> str:
    try:
        return library.resolve(name).partition(":")[2]
    except NotFoundError:
        return name


def _plural(kind: str) -> str:
    return record_kind(kind) if kind in _UNCOUNTED else f"{record_kind(kind)}s"
