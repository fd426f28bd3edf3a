"""The text of a claim of one's own: written here or taken from a file, and what it says, or why it is refused."""

from dataclasses import replace

import streamlit as st

from kb.errors import KBError
from kb.library import Library
from kb.library.snippet_files import decode_code
from kb.records import ClaimCard
from kb.ui.links import escape

_HEIGHT = 460
NAME = "claim of this page"
"""Under which name a claim that is not kept is read."""


def write_claim(library: Library, begun: str, *, key: str) -> tuple[str, ClaimCard | None]:
    """Draw the text, which begins as it is given, and what it says; return it, and its card where it can be read."""
    box = f"{key} code"
    if box not in st.session_state or st.session_state[box] == st.session_state.get(f"{box} begun"):
        # a template that nobody has touched makes way for another
        st.session_state[box] = st.session_state[f"{box} begun"] = begun
    _take_file(box)
    with st.container(key=f"code of {key}"):
        code = st.text_area("or write it here", height=_HEIGHT, key=box)
    try:
        card = library.read_claim(code, NAME)
    except KBError as error:
        st.warning(escape(str(error)))
        return code, None
    count = len(card.wrong_variants)
    told = f"{card.kind}, expected to be {card.expected}; {count} wrong variant{'s' if count > 1 else ''}"
    st.html(f"<p><b>{escape(card.name)}</b>: {escape(card.statement)} <span class='quiet'>{escape(told)}</span></p>")
    return code, replace(card, own=True)


def _take_file(box: str) -> None:
    """Draw the way in for a file, which fills the text."""
    upload = st.file_uploader("A Python file", type="py", key=f"{box} file", max_upload_size=10)
    if upload is None or st.session_state.get(f"{box} taken") == upload.file_id:
        return
    try:
        st.session_state[box] = decode_code(upload.getvalue(), upload.name)
        st.session_state[f"{box} taken"] = upload.file_id
    except KBError as error:
        st.warning(escape(str(error)))
