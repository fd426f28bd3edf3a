"""One snippet: its settings and Run, what that gave, and its code beside the shipped one."""

import streamlit as st

from kb.library import Library
from kb.records import RunResult, Snippet, SnippetReading
from kb.reference.variant import tell_shape
from kb.ui.confining import tell_confinement
from kb.ui.links import escape, link
from kb.ui.run_live import run_live
from kb.ui.run_result import show_result
from kb.ui.run_settings import choose_settings
from kb.ui.side_by_side import build_side_by_side, without_header
from kb.ui.snippet_form import tell_reading
from kb.ui.snippet_list import compare_address

_MOST = 24
"""So many parameters are offered as widgets."""


def show_run(library: Library, snippet: Snippet, reading: SnippetReading) -> None:
    """Draw what can be set, Run, and how the last run ended."""
    st.html(f"<h2>Run it</h2>{tell_reading(reading)}")
    gates = reading.idea.gates if reading.idea else ()
    # another version may have other parameters of the same names
    key = f"{snippet.address} version {snippet.version}"
    offered = (*gates, *reading.parameters)
    if len(offered) > _MOST:
        st.html(f'<p class="quiet">{len(offered) - _MOST:,} more can be set with <code>stemma run</code>.</p>')
    settings, seed = choose_settings(
        [(one.name, one.name, one) for one in offered[:_MOST]],
        library.sizes(reading.idea) if reading.idea else {},
        key=key,
        seeded=reading.idea is not None,
    )
    result = run_live(key, "Run", lambda owner: library.begin_run(snippet.address, settings, seed=seed, owner=owner))
    if href := compare_address(library, snippet):
        st.html(
            f"<p>{link(href, 'Compare it with the shipped one')} <span class='quiet'>on the same input</span></p>"
        )
    st.html(f'<p class="quiet">{escape(tell_confinement(library))}</p>')
    show_own_result(result, key=f"result of {key}")


def show_own_result(result: RunResult | str | None, *, key: str) -> None:
    """Draw how a run of code of one's own ended; None draws nothing."""
    if isinstance(result, RunResult):
        if told := tell_shape(result.figures):
            st.warning(escape(f"{told[:1].upper()}{told[1:]}."))
        show_result(result, key=key)
    elif result:
        st.warning(escape(result))


def show_code(library: Library, snippet: Snippet, reading: SnippetReading) -> None:
    """Draw the code, and beside the shipped one where it is a variant of that."""
    model = library.find_model(snippet) if reading.idea else None
    st.html("<h2>The code</h2>")
    tabs = st.tabs(["Source", *(["Beside the shipped one"] if model else [])])
    tabs[0].code(snippet.code, language="python", line_numbers=True)
    if model:
        names = model.title.partition(":")[0], snippet.name
        tabs[1].html(build_side_by_side(without_header(model.code), without_header(snippet.code), names))
