"""A button that runs something, and what is seen of it until it has ended: its turn, its figures so far, Cancel."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import TypeGuard
from uuid import uuid4

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from kb.errors import KBError
from kb.records import RunResult, Ticket
from kb.ui.any_figures import show_any

SOON_S = 0.6
"""A run that ends within this time is simply there: nothing flickers."""
POLL_S = 0.5
_LINES, _LINE = 10, 500
"""So much of what a program prints is shown while it runs: the last lines, and of each so many characters."""
Begin = Callable[[str], Ticket]
"""Begins a run for an owner: ``lambda owner: library.begin_run(slug, settings, seed=seed, owner=owner)``."""
ShowPartial = Callable[[Mapping[str, object]], None]


def run_live(
    key: str,
    label: str,
    begin: Begin,
    *,
    show_partial: ShowPartial | None = None,
    at: DeltaGenerator | None = None,
    of: object = None,
) -> RunResult | str | None:
    """Draw a button that begins a run and, while it goes on, how far it is; return how it ended.

    The result stays in the session until the button is pressed again. Whoever draws it does so below this.

    Parameters
    ----------
    key          : the button's is ``run <key>``, the result's in the session ``result of <key>``
    begin        : called with this reader's name in the queue when the button is pressed
    show_partial : draws the figures reported so far; by default as those of any program
    at           : where the button stands, if not here
    of           : what the result is of: given, the run begins by itself whenever this has changed

    Returns
    -------
    How the last run ended; a text that says why it was not begun; None before the first and while one goes on
    """
    kept, before = f"result of {key}", f"what {key} is of"
    clicked = (at or st).button(
        label, type="primary", key=f"run {key}", disabled=_is_going_on(st.session_state.get(kept))
    )
    if clicked or (of is not None and st.session_state.get(before) != of):
        if _is_going_on(outdated := st.session_state.get(kept)):
            outdated.cancel()
        st.session_state[before] = of
        st.session_state[kept] = _begin(begin)
        if _is_going_on(st.session_state[kept]):
            st.rerun()  # the button is drawn again, not to be pressed now
    present = st.session_state.get(kept)
    if present is None or isinstance(present, RunResult | str):
        return present
    _watch(kept, present, show_partial)
    return None


def _is_going_on(present: object) -> TypeGuard[Ticket]:
    return present is not None and not isinstance(present, RunResult | str)


def _begin(begin: Begin) -> Ticket | RunResult | str:
    """Begin a run; return how it ended where that is soon, or in words why it was not begun."""
    try:
        ticket = begin(st.session_state.setdefault("owner of runs", uuid4().hex))
    except KBError as error:
        return str(error)
    return ticket.wait(SOON_S) or ticket


@st.fragment(run_every=POLL_S)
def _watch(kept: str, ticket: Ticket, show_partial: ShowPartial | None) -> None:
    """Draw how far a run is, again and again; once it has ended, the page is drawn anew."""
    if (result := ticket.wait(0)) is not None:
        if st.session_state.get(kept) is ticket:
            st.session_state[kept] = result
        st.rerun()
    with st.container(horizontal=True, vertical_alignment="center"):
        st.html(f'<p role="status" style="margin:0">{tell_progress(ticket)}</p>', width="content")
        st.button("Cancel", key=f"cancel {kept}", on_click=_cancel, args=(ticket,))
    if lines := ticket.stdout.splitlines():
        st.code("\n".join(line[:_LINE] for line in lines[-_LINES:]), language=None)
    if figures := ticket.figures:
        (show_partial or partial(show_any, key=f"{kept} so far"))(figures)


def _cancel(ticket: Ticket) -> None:
    """End a run, and wait the moment that takes: what is drawn next is that it has ended."""
    ticket.cancel()
    ticket.wait(SOON_S)


def tell_progress(ticket: Ticket) -> str:
    """Return in words how far a run is."""
    if ticket.state != "waiting":
        if not ticket.seconds:
            return "Starting: a process with torch is being made ready, which takes a second or two the first time."
        return f"Running for {int(ticket.seconds)} s."
    before = ticket.place
    others = "another run" if before == 1 else f"{before} other runs"
    return f"Waiting for its turn, after {others}." if before else "Waiting for its turn: it is the next."
