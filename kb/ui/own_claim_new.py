"""The way in for a claim of one's own: two ideas to begin with, the text, a trial, and Keep."""

import streamlit as st

from kb.errors import KBError
from kb.library import Library
from kb.records import ClaimCard, RunResult, Ticket
from kb.ui.claim_record import show_example, show_figure
from kb.ui.claims import tell_variants
from kb.ui.confining import tell_confinement
from kb.ui.idea_choice import choose_ideas, name_ideas
from kb.ui.links import address, escape, link
from kb.ui.own_claim import tell_outcome
from kb.ui.own_claim_form import NAME, write_claim
from kb.ui.run_live import run_live
from kb.ui.run_result import show_failure
from kb.ui.state import tell
from kb.ui.verdict_lines import mark_of

_TRIED = "claim that was tried"
"""The text whose trial is shown, in the session."""


def show_new(library: Library) -> None:
    """Draw the form."""
    library.warm_up()
    st.html(
        f"<p class='quiet'>{link(address('claims'), 'Claims')}</p><h1>A claim of your own</h1>"
        "<p>What it says is written out and read; what it does, the check, the subject and the wrong variants, is "
        "code and runs confined. The figure of every draw is held against your bound, and every wrong variant has to "
        "fail.</p><p class='quiet'>Two ideas of one form to begin with: the file below is filled in for them.</p>"
    )
    chosen = choose_ideas(library, name_ideas(library), key="ideas of a claim", most=2, alike=True)
    code, card = write_claim(library, _begin(library, [idea.slug for idea in chosen]), key="new claim")
    if card is not None:
        _show_ways(library, code, card)


def _begin(library: Library, slugs: list[str]) -> str:
    """Return the file to begin with; where only one idea is chosen, the one that needs none."""
    try:
        return library.claim_template(between=slugs if len(slugs) == 2 else ())
    except KBError as error:
        st.warning(escape(str(error)))
        return library.claim_template()


def _show_ways(library: Library, code: str, card: ClaimCard) -> None:
    trial, keep, told = st.columns([1, 1, 5], vertical_alignment="center")
    told.html(f"<p class='quiet'>{escape(tell_confinement(library))}</p>")
    if keep.button("Keep it", key="keep claim"):
        try:
            kept = library.add_claim(code, NAME)
        except KBError as error:
            st.warning(escape(str(error)))
            return
        tell(new=None, ideas=None, id=kept.address)
        st.rerun()

    def begin(owner: str) -> Ticket:
        st.session_state[_TRIED] = code
        return library.begin_claim_code(code, name=NAME, owner=owner)

    result = run_live("trial of a claim", "Try it", begin, show_partial=lambda _: None, at=trial)
    if isinstance(result, str):
        st.warning(escape(result))
    elif result and st.session_state.get(_TRIED) != code:
        st.html("<p class='quiet'>The text has changed since it was tried: try it again.</p>")
    elif result:
        _show_trial(library, card, result)


def _show_trial(library: Library, card: ClaimCard, result: RunResult) -> None:
    outcome = library.judge_claim(card, result)
    verdict = outcome.verdict
    st.html(f"<p>{mark_of(verdict)}</p>")
    if verdict.figures:
        show_figure(card, verdict)
    elif verdict.detail:
        st.html(f"<p class='quiet'>No figure: {escape(verdict.detail)}.</p>")
    if verdict.example:
        show_example(verdict.example)
    if result.status != "ok":
        show_failure(result)
    st.html(tell_variants(card, tell_outcome(outcome)))
    if result.stdout:
        st.code(result.stdout, language=None)
