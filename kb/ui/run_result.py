"""What a run gave: its figures, what it printed, how it ended where it did not end well, where its record is."""

from collections.abc import Callable

import streamlit as st

from kb.records import RunResult
from kb.ui.any_figures import show_any
from kb.ui.links import escape, link, record_address
from kb.ui.run_figures import Figures, show_run

_ENDED = {
    "error": "It stopped with an error.",
    "timeout": "It took longer than it is allowed to.",
    "killed": "It was ended from outside, or ran out of memory.",
    "refused": "It was not run.",
    "cancelled": "It was cancelled.",
}
ShowFigures = Callable[[Figures, str], None]


def show_result(result: RunResult, *, key: str, show_figures: ShowFigures | None = None) -> None:
    """Draw how a run ended: its figures, what it printed, how it was confined.

    Parameters
    ----------
    show_figures : draws the figures and is given them and a key; by default ``show_usual``
    """
    if result.status != "ok":
        show_failure(result)
        if result.figures:
            show_any(result.figures, key=f"{key} reported")
    elif result.figures:
        _draw_or_list(show_figures or show_usual, result.figures, key)
    if result.stdout:
        st.html('<p class="quiet">What it printed</p>')
        st.code(result.stdout, language=None)
    if result.truncated:
        st.html('<p class="quiet">The output was longer than is kept; its end is left out.</p>')
    st.html(f'<p class="quiet">{_tell_record(result)}</p>')


def show_failure(result: RunResult) -> None:
    """Draw how a run ended that did not end well: in words, then its traceback."""
    st.warning(" ".join(part for part in (_ENDED.get(result.status, ""), escape(result.message)) if part))
    if result.stderr:
        st.code(result.stderr, language="python", line_numbers=False)


def _draw_or_list(show_figures: ShowFigures, figures: Figures, key: str) -> None:
    """Draw figures; where a program has reported others under the same names, list them as they are."""
    try:
        show_figures(figures, key)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
        show_any(figures, key=f"{key} reported")


def _tell_record(result: RunResult) -> str:
    """Return how a run was confined, why all went well but the recording, and where its record is."""
    held = f"Confined by {escape(result.confinement)}." if result.confinement else "It ran nowhere."
    told = escape(f"{result.message}.") if result.status == "ok" and result.message else ""
    number = result.key.removeprefix("run:")
    record = f"Recorded as {link(record_address(result.key), f'run {number}')}." if result.key else ""
    return " ".join(part for part in (told, held, record) if part)


def show_usual(figures: Figures, key: str) -> None:
    """Draw the figures of a run of one idea, or list those of any other program."""
    if "shape" in figures and "growth" in figures:
        show_run(figures, key)
    else:
        show_any(figures, key=key)
