"""A version of one's own of an idea's code: changed, run, compared with the shipped one at once, and kept."""

from collections.abc import Mapping

import streamlit as st

from kb.errors import InvalidQueryError, KBError
from kb.library import Library
from kb.records import Idea, RunResult, Ticket
from kb.ui.compare_result import show_comparison
from kb.ui.confining import tell_confinement
from kb.ui.links import escape, record_link
from kb.ui.run_live import run_live
from kb.ui.run_result import show_result
from kb.ui.side_by_side import build_side_by_side, without_header
from kb.ui.snippet_run import show_own_result

_YOURS = "your version"
"""What a version that is not kept is called in a comparison."""


def show_editor(library: Library, key: str, idea: Idea, settings: Mapping[str, object], seed: int) -> None:
    """Draw the source to be changed, and what can be done with it; ``key`` is the record's that keeps it."""
    st.html(
        "<p class='quiet'>Change anything, then run it with the settings above. What its header does not say, "
        f"form, gates and weights, is as in the shipped code. {escape(tell_confinement(library))}</p>"
    )
    box = f"edited {idea.slug}"
    with st.container(key=f"code of {idea.slug}"):
        code = st.text_area("Source", idea.code, height=420, key=box, label_visibility="collapsed")
    ways = st.container(horizontal=True)
    ran = run_live(
        box,
        "Run this version",
        lambda owner: library.begin_run(idea.slug, settings, seed=seed, code=code, owner=owner),
        at=ways,
    )

    def begin(owner: str) -> Ticket:
        return library.begin_compare([idea, _read(library, idea, code)], settings, seed=seed, owner=owner)

    compared = run_live(f"compared {box}", "Compare with the shipped one", begin, at=ways)
    with ways.popover("Keep this version", disabled=code == idea.code):
        _show_keep(library, key, idea, code)
    kept = [f"result of {box}", f"result of compared {box}"]
    ways.button(
        "Back to the shipped source", on_click=_restore, args=(box, kept, idea.code), disabled=code == idea.code
    )
    if address := st.session_state.get(f"kept {box}"):
        st.html(f"<p>Kept as {record_link(*address)}.</p>")
    show_own_result(ran, key=kept[0])
    _show_compared(compared, idea, code, key=kept[1])


def _read(library: Library, idea: Idea, code: str) -> Idea:
    reading = library.read_code(code, like=idea.slug, name=_YOURS)
    if reading.idea is None:
        raise InvalidQueryError("; ".join(reading.remarks) or "a program cannot be compared with an idea: run it")
    return reading.idea


def _show_compared(result: RunResult | str | None, idea: Idea, code: str, *, key: str) -> None:
    if isinstance(result, str):
        st.warning(escape(result))
    elif result is not None:
        names = {idea.slug: "The shipped code", _YOURS: "your version"}
        show_result(result, key=key, show_figures=lambda figures, _: show_comparison(figures, names))
        st.html("<h2>Source next to source</h2>")
        same = len(idea.code) - len(without_header(idea.code))
        start = same if code[:same] == idea.code[:same] else 0
        st.html(build_side_by_side(idea.code[start:], code[start:], ("The shipped code", "Your version")))


def _show_keep(library: Library, key: str, idea: Idea, code: str) -> None:
    """Draw the name under which it is kept, and keep it."""
    box = f"edited {idea.slug}"
    name = st.text_input("Name", key=f"name of {box}", placeholder=idea.function)
    if not st.button("Keep it", type="primary", key=f"keep {box}"):
        return
    try:
        snippet = library.attach(key, name.strip() or idea.function, code, like=idea.slug)
    except KBError as error:
        st.warning(escape(str(error)))
        return
    st.session_state[f"kept {box}"] = (snippet.address, snippet.name)
    st.rerun()


def _restore(box: str, kept: list[str], code: str) -> None:
    st.session_state[box] = code
    for name in (*kept, f"kept {box}"):
        st.session_state.pop(name, None)
