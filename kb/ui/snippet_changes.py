"""What can be done with a snippet beside running it: take it along, change it, go back to a version, remove it."""

from dataclasses import replace

import streamlit as st

from kb.errors import KBError
from kb.library import Library
from kb.library.snippet_files import name_file, write_file
from kb.records import Snippet, SnippetVersion
from kb.ui.links import escape
from kb.ui.side_by_side import build_side_by_side
from kb.ui.snippet_form import Draft, write_code
from kb.ui.state import tell


def show_changes(library: Library, snippet: Snippet) -> None:
    """Draw the ways to take a snippet along, to change it and to remove it, and its earlier versions."""
    ways = st.container(horizontal=True)
    ways.download_button("Download", write_file(snippet), name_file(snippet), "text/x-python", key="download")
    with ways.popover("Remove"):
        st.html(f"<p>{'All its versions go. ' if snippet.version > 1 else ''}What ran of it stays recorded.</p>")
        if st.button("Remove it for good", key="remove"):
            library.remove_snippet(snippet.id)
            tell(n=None)
            st.rerun()
    with st.expander("Change it"):
        _show_form(library, snippet)
    if versions := library.snippet_versions(snippet.id):
        st.html("<h2>Earlier versions</h2>")
    for version in versions:
        with st.expander(f"Version {version.version}, {version.saved_at:%-d %B %Y}"):
            _show_version(library, snippet, version)


def _show_form(library: Library, snippet: Snippet) -> None:
    start = Draft(snippet.code, snippet.name, snippet.parameters, snippet.like)
    draft = write_code(library, start, key=f"change {snippet.id} version {snippet.version}")
    if st.button("Keep the change", type="primary", key="change", disabled=draft in (None, start)) and draft:
        _keep(library, replace(snippet, code=draft.code, name=draft.name, parameters=draft.parameters))


def _show_version(library: Library, snippet: Snippet, version: SnippetVersion) -> None:
    names = f"Version {version.version}", f"Version {snippet.version}, the present one"
    st.html(build_side_by_side(version.code, snippet.code, names))
    if version.parameters != snippet.parameters:
        st.html(
            f'<p class="quiet">Its parameters were named otherwise: {escape(version.parameters) or "not at all"}</p>'
        )
    if st.button("Go back to this version", key=f"back to {version.version}"):
        _keep(library, replace(snippet, code=version.code, parameters=version.parameters))


def _keep(library: Library, changed: Snippet) -> None:
    try:
        library.change_snippet(changed)
    except KBError as error:
        st.warning(escape(str(error)))
        return
    st.rerun()
