"""The page of a claim of one's own: what it says, what became of it, its code, and what can be done with it."""

import streamlit as st

from kb.library import Library
from kb.records import OwnClaim, OwnOutcome, RunResult, Verdict
from kb.ui.claim_record import (
    show_example,
    show_figure,
    show_sides,
    show_statement,
    tell_expectation,
    tell_facts,
    tell_last,
)
from kb.ui.claims import tell_variants
from kb.ui.confining import tell_confinement
from kb.ui.links import address, escape, link
from kb.ui.numbers import show_number
from kb.ui.own_claim_changes import show_changes
from kb.ui.run_list import show_earlier_runs
from kb.ui.run_live import run_live
from kb.ui.run_result import show_failure
from kb.ui.verdict_lines import mark_of


def show_own(library: Library, claim: OwnClaim) -> None:
    """Draw a claim of one's own."""
    if claim.card is None:
        st.html(f"<h1>{escape(claim.name)}</h1><p class='quiet'>{escape(claim.address)}, your own</p>")
        st.warning(escape(f"It cannot be read any more: {claim.trouble}"))
        st.code(claim.code, language="python", line_numbers=True)
        show_changes(library, claim)
        return
    library.warm_up()
    note = f"<b>your own</b>, {escape(claim.name)} ({escape(claim.address)})"
    show_statement(claim.card, note + (f", version {claim.version}" if claim.version > 1 else ""))
    # what a run finds is drawn above its button, so the button is asked first
    above, run = st.container(), st.container()
    with run:
        _show_run(library, claim)
    with above:
        verdict = {one.claim: one for one in library.verdicts()}.get(claim.address)
        st.html(f"<p>{mark_of(verdict)} &ensp;{tell_expectation(claim.card, verdict)}</p>")
        show_found(claim, verdict)
    _show_rest(library, claim, verdict)


def show_found(claim: OwnClaim, verdict: Verdict | None) -> None:
    """Draw the figures of a verdict, or why there are none."""
    assert claim.card is not None
    if verdict and not verdict.figures:
        st.html(f"<p class='quiet'>No figure: {escape(verdict.detail)}.</p>")
        return
    show_figure(claim.card, verdict)
    if verdict and verdict.example:
        show_example(verdict.example)


def _show_run(library: Library, claim: OwnClaim) -> None:
    key = f"{claim.address} version {claim.version}"
    verdict = {one.claim: one for one in library.verdicts()}.get(claim.address)
    label = "Execute it again" if verdict else "Execute it"
    result = run_live(key, label, lambda owner: library.begin_claim(claim, owner=owner), show_partial=_show_nothing)
    told = tell_last({one.claim: one for one in library.verdicts()}.get(claim.address))
    st.html(f"<p class='quiet'>{escape(told)} {escape(tell_confinement(library))}</p>")
    if isinstance(result, RunResult) and result.status != "ok":
        show_failure(result)
    elif isinstance(result, str):
        st.warning(escape(result))


def _show_nothing(_: object) -> None:
    """Figures so far say nothing before all of them are in."""


def _show_rest(library: Library, claim: OwnClaim, verdict: Verdict | None) -> None:
    card = claim.card
    assert card is not None
    names = {one.slug: one.name for one in library.concepts()}
    if card.pitfall:
        st.html(f"<h2>Mind</h2><p>{escape(card.pitfall)}</p>")
    st.html(f"<h2>How it is checked</h2>{tell_facts(card, verdict, names)}")
    st.html(tell_variants(card, tell_outcome(library.last_outcome(claim))))
    st.html("<h2>Its code</h2>")
    st.code(claim.code, language="python", line_numbers=True)
    show_sides(library, card, names)
    show_changes(library, claim)
    show_earlier_runs(library, claim.address)
    st.html(f"<p>{link(address('claims', whose='own'), 'All claims of your own')}</p>")


def tell_outcome(outcome: OwnOutcome | None) -> dict[str, str]:
    """Return what became of each wrong variant, in words."""
    return {name: _tell_variant(one) for name, one in outcome.variants} if outcome else {}


def _tell_variant(one: Verdict) -> str:
    if one.measured is None:
        return f"not judged: {one.detail}" if one.detail else "not judged"
    told = f"{one.verdict.replace('_', ' ')}, {show_number(one.measured)}"
    return told if one.verdict == one.expected else f"{told}: taken for right"
