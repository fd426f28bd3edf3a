"""The page Idea: what it is, where it comes from, its code, what that gives, and the claims about it."""

import streamlit as st

from kb.library import Library
from kb.records import ArticleView, PaperView
from kb.ui.claims import show_claims
from kb.ui.divergences import show_divergences
from kb.ui.idea_code import show_code, show_without_code
from kb.ui.idea_list import show_all
from kb.ui.idea_record import show_record
from kb.ui.links import address, link, record_link
from kb.ui.presets import show_presets
from kb.ui.run_list import show_earlier_runs
from kb.ui.snippet_list import show_own_code
from kb.ui.state import asked


def show(library: Library) -> None:
    """Draw the idea that the address names, or all of them."""
    key = asked("key")
    if not key:
        show_all(library)
        return
    record = library.show(key)
    if isinstance(record, ArticleView):
        st.html(f"<p>That is an article: {record_link(record.article.key, record.article.title)}.</p>")
        return
    if isinstance(record, PaperView):
        st.html(f"<p>That is a paper: {record_link(record.paper.key, record.paper.title)}.</p>")
        return
    show_record(library, record)
    if record.idea:
        show_code(library, record, record.idea)
        show_earlier_runs(library, f"code:{record.idea.slug}")
    else:
        show_without_code(library, record)
    show_presets(library, record.concept.key, "idea")
    show_own_code(library, record.concept.key, record.snippets)
    show_divergences(record.divergences, record.names)
    if record.claims:
        st.html("<h2>Claims that are executed</h2>")
        show_claims(library, record.claims)
    if record.idea:
        new = address("claims", new=1, ideas=record.idea.slug)
        st.html(f"<p>{link(new, 'Write a claim of your own about it')}</p>")
