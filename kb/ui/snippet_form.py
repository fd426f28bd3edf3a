"""The form for code of one's own: written here or taken from a file, with a name and its parameters named."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import streamlit as st

from kb.errors import KBError
from kb.library import Library
from kb.library.snippet_files import decode_code, read_file
from kb.records import Idea, SnippetReading
from kb.reference.variant import build_template
from kb.ui.links import escape
from kb.ui.parameter_table import name_parameters

_HEIGHT = 360


@dataclass(frozen=True, slots=True)
class Draft:
    """What is being written: code, its name, the parameters that were named, and the idea that it is like."""

    code: str
    name: str = ""
    parameters: str = ""
    like: str = ""


def write_code(library: Library, draft: Draft, *, key: str) -> Draft | None:
    """Draw the form, filled with a draft, and return what it says; None where that cannot be kept."""
    box = f"{key} code"
    if box not in st.session_state or st.session_state[box] == st.session_state.get(f"{box} begun"):
        # a template that nobody has touched makes way for another
        st.session_state[box] = st.session_state[f"{box} begun"] = draft.code
    taken = _take_file(box, draft)
    with st.container(key=f"code of {key}"):
        code = st.text_area("or write it here", height=_HEIGHT, key=box)
    if not code.strip():
        st.html('<p class="quiet">There is no code yet.</p>')
        return None
    # an exported file may be like an idea that does not ship here
    like = taken.like if taken.like in {idea.slug for idea in library.ideas()} else draft.like
    try:
        reading = library.read_code(code, like=like)
        st.html(tell_reading(reading))
        named = _name_parameters(library, reading, replace(taken, code=code, like=like), key)
    except KBError as error:
        st.warning(escape(str(error)))
        return None
    suggested = taken.name or (reading.idea.function if reading.idea else "program")
    name = st.text_input("Name", taken.name, key=f"{key} name {taken.name}", placeholder=suggested)
    return Draft(code, name.strip() or suggested, named, like)


def choose_model(models: Sequence[Idea], *, key: str) -> Idea | None:
    """Draw the choice of the idea whose form the code takes; none where there is none, or nothing was chosen."""
    titles = {one.slug: one.title.partition(":")[0] for one in models}
    slug = st.selectbox(
        "It takes its form, gates and weights from",
        list(titles),
        index=0 if len(models) == 1 else None,
        key=key,
        format_func=titles.__getitem__,
        placeholder="no idea: it is a program, or says its form itself",
    )
    return next((one for one in models if one.slug == slug), None)


def begin_draft(like: Idea | None) -> Draft:
    """Return a draft of code that runs at once: a version of an idea, or a small program."""
    return Draft(build_template(like), like=like.slug if like else "")


def tell_reading(reading: SnippetReading) -> str:
    """Return in a sentence what code is, and what could not be read."""
    told = "A program: it runs as it is."
    if reading.idea:
        function, form = escape(reading.idea.function), reading.idea.form
        told = f"A variant: <code>{function}</code> has the signature of the form {form}, and runs on the same input."
    remarks = "".join(f"<br>{escape(one[:1].upper() + one[1:])}." for one in reading.remarks)
    return f'<p class="quiet">{told}{remarks}</p>'


def _take_file(box: str, draft: Draft) -> Draft:
    """Draw the way in for a file, which fills the text; return a draft with what an exported file says of itself."""
    upload = st.file_uploader("A Python file", key=f"{box} file", max_upload_size=10)
    if upload is None:
        return draft
    if st.session_state.get(f"{box} taken", ("",))[0] != upload.file_id:
        try:
            file = read_file(decode_code(upload.getvalue(), upload.name))
        except KBError as error:
            st.warning(escape(str(error)))
            return draft
        st.session_state[box] = file.code
        told = (upload.file_id, file.code, file.name or upload.name, file.parameters, file.like)
        st.session_state[f"{box} taken"] = told
    return Draft(*st.session_state[f"{box} taken"][1:])


def _name_parameters(library: Library, reading: SnippetReading, draft: Draft, key: str) -> str:
    try:
        present = library.read_code(draft.code, like=draft.like, parameters=draft.parameters).parameters
    except KBError:
        # what was named of other code is not in this one
        present = reading.parameters
    if reading.parameters:
        st.html('<p class="quiet">Its parameters: what a reader of its page can set, and in which range.</p>')
    selective = reading.kind == "program"
    box = f"{key} parameters {draft.parameters}"
    return name_parameters(reading.parameters, present, key=box, selective=selective)
