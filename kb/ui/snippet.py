"""The page of code of one's own: all of it, one snippet, or the way to attach one."""

import streamlit as st

from kb.errors import NotFoundError
from kb.library import Library
from kb.ui.links import address, escape, link
from kb.ui.run_list import show_earlier_runs
from kb.ui.snippet_changes import show_changes
from kb.ui.snippet_list import list_snippets, name_places, tell_place, tell_snippet
from kb.ui.snippet_new import show_new
from kb.ui.snippet_run import show_code, show_run
from kb.ui.state import asked


def show(library: Library) -> None:
    """Draw the snippet that the address names, the form for a new one, or the list of all."""
    if asked("n"):
        _show_one(library)
    elif asked("to"):
        show_new(library, asked("to"))
    else:
        told = list_snippets(library, library.snippets(), name_places(library))
        st.html(
            f"<h1>Your own code</h1>{told or '<p>Nothing is attached yet. Open a paper or an idea to begin.</p>'}"
        )


def _show_one(library: Library) -> None:
    try:
        snippet = library.snippet(asked("n"))
    except NotFoundError as error:
        st.error(escape(str(error)))
        st.html(f"<p>{link(address('snippet'), 'All of your own code')}</p>")
        return
    st.html(
        f"<h1>{escape(snippet.name)}</h1><p>{tell_place(library, snippet, name_places(library))}</p>"
        f'<p class="quiet">{escape(snippet.address)} · {escape(tell_snippet(library, snippet))}</p>'
    )
    reading = library.read_snippet(snippet)
    show_run(library, snippet, reading)
    show_code(library, snippet, reading)
    show_changes(library, snippet)
    show_earlier_runs(library, snippet.address)
