"""Library: what is here, how more comes in, and the state of it all."""

import streamlit as st

from kb.library import Library
from kb.ui.article_list import show_articles
from kb.ui.intake import show_intake
from kb.ui.links import escape
from kb.ui.marks import count_words
from kb.ui.run_list import show_earlier_runs
from kb.ui.shelf_list import show_papers
from kb.ui.snippet_shelf import show_snippets
from kb.ui.state import asked, tell


def show(library: Library) -> None:
    """Draw the page."""
    counts = library.counts()
    own = counts["papers"] - counts["papers of the catalogue"]
    st.html(
        f"<h1>The library</h1><p>{count_words(counts['papers'], 'paper')}"
        f"{f', {own:,} of them added here' if own else ''}; {count_words(counts['ideas'], 'idea')}; "
        f"{count_words(counts['lineage edges'], 'line')} of descent; "
        f"{count_words(counts['citations linked'], 'citation')} between papers here"
        f"{_open_words(counts['citations open'])}.</p>"
    )
    show_intake(library)
    show_articles(library)
    show_snippets(library)
    show_earlier_runs(library)
    show_papers(library)
    _show_health(library)


def _open_words(count: int) -> str:
    return f", and {count_words(count, 'citation')} of works that are not here" if count else ""


def _show_health(library: Library) -> None:
    """Draw the state of the library and of this machine, examined when the reader asks for it."""
    st.session_state["health"] = asked("health") == "1"
    wanted = st.checkbox(
        "Examine the library and this machine",
        key="health",
        on_change=lambda: tell(health="1" if st.session_state["health"] else None),
    )
    if not wanted:
        return
    health = library.doctor()
    sound = "".join(f"<li>{escape(one)}</li>" for one in health.problems) or "<li>No problem found.</li>"
    current = "as the catalogue's files are" if health.catalogue_is_current else "older than the catalogue's files"
    way = health.confinement
    notes = "".join(f"<li>{escape(one)}</li>" for one in (way.caution, *way.reasons) if one)
    st.html(
        f"<h2>State</h2><p>{escape(health.library)}, schema {escape(health.schema)}, {current}.</p>"
        f'<ul class="rows tight">{sound}</ul>'
        f"<h2>Code is confined by {escape(way.way)}</h2>"
        f'<ul class="rows tight">{notes or "<li>Nothing to add.</li>"}</ul>'
    )
    left, right = st.columns(2, gap="large")
    left.html(f"<h2>Versions</h2>{_facts(dict(health.versions))}")
    right.html(f"<h2>Settings</h2>{_facts(dict(health.settings))}")
    if health.reviews:
        rows = "".join(
            f"<li>{escape(one.title)} <span class='quiet'>{escape(one.existing)} here, {escape(one.incoming)} from "
            f"{escape(one.origin)}: {escape(one.reason)}</span></li>"
            for one in health.reviews
        )
        st.html(f'<h2>For review</h2><ul class="rows tight">{rows}</ul>')


def _facts(values: dict[str, str]) -> str:
    rows = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in values.items())
    return f'<dl class="facts quiet">{rows}</dl>'
