"""Code of one's own on the library's page: all of it, out as a set, and in again from one."""

import io

import streamlit as st

from kb.errors import KBError
from kb.library import Library
from kb.library.snippet_files import pack
from kb.records import Snippet, SnippetsTaken
from kb.ui.links import escape, record_link
from kb.ui.marks import count_words
from kb.ui.snippet_list import list_snippets, name_places
from kb.ui.state import asked_number, page_links

PER_PAGE = 10


def show_snippets(library: Library) -> None:
    """Draw the list, oldest first, with the ways out and in."""
    snippets = library.snippets()
    last = max(1, -(-len(snippets) // PER_PAGE))
    number = min(asked_number("snippets", 1) or 1, last)
    shown = snippets[(number - 1) * PER_PAGE : number * PER_PAGE]
    told = list_snippets(library, shown, name_places(library))
    empty = '<p class="quiet">Nothing yet: open a paper or an idea to attach some.</p>'
    pager = page_links("library", "snippets", number, more=number < last, last=last)
    st.html(f'<section class="stay"><h2>Your own code</h2>{told or empty}{pager}</section>')
    with st.expander("Take it with you, or bring it in"):
        out, into = st.columns(2, gap="large")
        with out:
            _show_way_out(library, snippets)
        with into:
            _show_way_in(library)


def _show_way_out(library: Library, snippets: list[Snippet]) -> None:
    st.html(
        "<p>A zip of Python files that run by themselves, each with a comment that says its name, to what it is "
        "attached, and its parameters.</p>"
    )
    if snippets:
        label = f"Download {count_words(len(snippets), 'snippet')}"
        st.download_button(
            label,
            lambda: pack(library.export_snippets(snippets)),
            "snippets.zip",
            "application/zip",
            key="all snippets",
        )


def _show_way_in(library: Library) -> None:
    upload = st.file_uploader(
        "A zip that was taken from a library", type="zip", key="snippet set", max_upload_size=20
    )
    if upload is None or not st.button("Attach what is in it", key="attach set"):
        return
    try:
        st.html(_tell(library.attach_set(io.BytesIO(upload.getvalue()))))
    except KBError as error:
        st.warning(escape(str(error)))


def _tell(taken: SnippetsTaken) -> str:
    attached = ", ".join(record_link(one.address, one.name) for one in taken.attached)
    lines = [
        f"Attached: {attached}." if attached else "Nothing new was attached.",
        f"{count_words(len(taken.already), 'file')} held what is here already." if taken.already else "",
        *(f"{escape(file)}: {escape(reason)}." for file, reason in taken.refused),
    ]
    return "".join(f"<p>{line}</p>" for line in lines if line)
