"""Code of one's own, listed: of one record, or all of it."""

from collections.abc import Mapping, Sequence

import streamlit as st

from kb.library import Library
from kb.records import Snippet
from kb.ui.links import address, escape, link, record_link


def show_own_code(library: Library, key: str, snippets: Sequence[Snippet]) -> None:
    """Draw what is attached to a record, and the way to attach more."""
    more = link(address("snippet", to=key), "Attach code of your own")
    st.html(f"<h2>Your own code</h2>{list_snippets(library, snippets)}<p>{more}</p>")


def list_snippets(library: Library, snippets: Sequence[Snippet], places: Mapping[str, str] | None = None) -> str:
    """Return snippets as a list in HTML, empty where there are none; ``places`` as ``name_places`` gives them."""
    items = "".join(f"<li>{_draw(library, one, places)}</li>" for one in snippets)
    return f'<ul class="rows tight">{items}</ul>' if items else ""


def name_places(library: Library) -> dict[str, str]:
    """Return the name of each record here to which something is attached, by its key."""
    names = {one.key: one.name for one in library.concepts()}
    return {key: names.get(key) or library.paper(key).title for key in library.snippet_counts()}


def tell_place(library: Library, snippet: Snippet, places: Mapping[str, str]) -> str:
    """Return what a snippet is attached to, as HTML."""
    present = library.present_key(snippet)
    if present not in places:
        return f"Attached to {escape(snippet.key)}, which is no longer here."
    return f"Attached to {record_link(present, places[present])}."


def tell_snippet(library: Library, snippet: Snippet) -> str:
    """Return in words what a snippet is, what can be set in it, and when it was kept."""
    reading = library.read_snippet(snippet)
    kind = "program" if reading.idea is None else f"variant, form {reading.idea.form}"
    settings = ", ".join(one.name for one in reading.parameters)
    when = snippet.changed_at or snippet.created_at
    version = f"version {snippet.version}" if snippet.version > 1 else ""
    return " · ".join(filter(None, (kind, settings and f"sets {settings}", f"{when:%-d %B %Y}", version)))


def compare_address(library: Library, snippet: Snippet) -> str:
    """Return the address at which a variant stands beside the shipped idea; empty where there is none of its form."""
    model, idea = library.find_model(snippet), library.read_snippet(snippet).idea
    if model is None or idea is None or idea.form != model.form:
        return ""
    return address("compare", ideas=f"{model.slug},{snippet.address}")


def _draw(library: Library, snippet: Snippet, places: Mapping[str, str] | None) -> str:
    told = escape(tell_snippet(library, snippet))
    if href := compare_address(library, snippet):
        told += f" · {link(href, 'compare with the shipped one')}"
    if places is not None:
        told += f"<br>{tell_place(library, snippet, places)}"
    return f'{record_link(snippet.address, snippet.name)} &ensp;<span class="quiet">{told}</span>'
