"""The way in for code of one's own: to what it is attached, and the form."""

from collections.abc import Sequence

import streamlit as st

from kb.errors import KBError
from kb.library import Library
from kb.records import ArticleView, ConceptView, Idea, PaperView
from kb.ui.confining import tell_confinement
from kb.ui.links import escape, record_link
from kb.ui.snippet_form import begin_draft, choose_model, write_code
from kb.ui.state import tell


def show_new(library: Library, name: str) -> None:
    """Draw the form for code that is attached to a record."""
    record = library.show(name)
    if isinstance(record, ArticleView):
        st.error("Code is attached to a paper or an idea; this is an article.")
        return
    key, title = (
        (record.concept.key, record.concept.name)
        if isinstance(record, ConceptView)
        else (record.paper.key, record.paper.title)
    )
    st.html(
        f"<h1>Attach code of your own</h1><p>To {record_link(key, title)}. A function that takes the inputs of a "
        "form is a variant: it gets the same input as the shipped code and can be compared with it. Anything else is "
        "a program: it runs as it is, with torch, and may call <code>report(name, value)</code>.</p>"
        f'<p class="quiet">Nothing is executed until you run it. {escape(tell_confinement(library))}</p>'
    )
    like = _choose(library, record)
    draft = write_code(library, begin_draft(like), key=f"attach {key}")
    if st.button("Attach", type="primary", key="attach", disabled=draft is None) and draft:
        try:
            kept = library.attach(key, draft.name, draft.code, parameters=draft.parameters, like=draft.like)
        except KBError as error:
            st.warning(escape(str(error)))
            return
        tell(to=None, n=kept.id)
        st.rerun()


def _choose(library: Library, record: ConceptView | PaperView) -> Idea | None:
    """Return the idea that the code is like: the one that it is attached to, or one that the reader chooses."""
    if isinstance(record, ConceptView):
        return record.idea or choose_model(library.ideas(), key="attach like")
    slugs = [one.key.removeprefix("concept:") for one in record.ideas]
    return choose_model(_first(library.ideas(), slugs), key="attach like")


def _first(ideas: Sequence[Idea], slugs: Sequence[str]) -> list[Idea]:
    """Return the ideas with those first that a paper speaks of, in its order."""
    return sorted(ideas, key=lambda one: (slugs.index(one.slug) if one.slug in slugs else len(slugs), one.slug))
