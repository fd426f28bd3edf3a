"""Executable claims as a reader sees them: what is claimed, what became of it, and a button that checks it again."""

from collections.abc import Sequence

import streamlit as st

from kb.library import Library
from kb.records import ClaimCard, Verdict
from kb.ui.checking import moment_of, run_checks
from kb.ui.edge_layers import first_sentence
from kb.ui.links import address, escape, link, record_link
from kb.ui.marks import count_words
from kb.ui.verdict_lines import mark_of, tell_margin

Pair = tuple[ClaimCard, Verdict | None]


def show_newest(library: Library) -> None:
    """Draw all claims, the newest verdicts first, and the button that runs every check."""
    verdicts = {one.claim: one for one in library.verdicts()}
    pairs: list[Pair] = [(card, verdicts.get(card.id)) for card in library.claims()]
    if not pairs:
        st.html('<p class="quiet">No claim can be executed yet.</p>')
        return
    pairs.sort(key=lambda pair: moment_of(pair[1]).timestamp() if pair[1] else 0.0, reverse=True)
    names = {one.slug: one.name for one in library.concepts()}
    st.html(f'<ul class="rows tight">{"".join(_tell_briefly(card, verdict, names) for card, verdict in pairs)}</ul>')
    fresh = sum(1 for _, verdict in pairs if verdict and not verdict.stale)
    told = "All are up to date." if fresh == len(pairs) else f"{count_words(len(pairs) - fresh, 'check')} to run."
    show_check(library, "Run the checks", (), key="run all checks", told=told)


def show_claims(library: Library, pairs: Sequence[Pair]) -> None:
    """Draw claims in full: statement, evidence, figure and bound, what it rejects, and a button for each."""
    names = {one.slug: one.name for one in library.concepts()}
    for card, verdict in pairs:
        st.html(_tell_fully(card, verdict, names))
        show_check(library, "Run this check again" if verdict else "Run this check", (card.id,), key=card.id)


def _between(card: ClaimCard, names: dict[str, str]) -> str:
    return " and ".join(record_link(f"concept:{slug}", names.get(slug, slug)) for slug in card.between)


def _tell_briefly(card: ClaimCard, verdict: Verdict | None, names: dict[str, str]) -> str:
    sentence = first_sentence(card.statement)
    return (
        f"<li>{mark_of(verdict)} &ensp;{link(address('claims', id=card.id), sentence)}."
        f'<br><span class="quiet">{_between(card, names)}: {escape(tell_margin(card, verdict))}</span></li>'
    )


def _tell_fully(card: ClaimCard, verdict: Verdict | None, names: dict[str, str]) -> str:
    where = record_link(card.evidence.paper, card.evidence.paper)
    when = f"{verdict.ran_at:%d %B %Y}, {verdict.seconds:.1f} s" if verdict and verdict.ran_at else ""
    facts = {
        "Between": _between(card, names),
        "Measured": escape(tell_margin(card, verdict)),
        "In detail": escape(verdict.detail) if verdict else "",
        "Why this bound": escape(card.why_bound),
        "Inputs": escape(card.inputs),
        "Evidence": f"{where}, {escape(card.evidence.locator)}",
        "Rejects": escape("; ".join(card.wrong_variants)),
        "Last run": escape(when),
    }
    rows = "".join(f"<dt>{name}</dt><dd>{value}</dd>" for name, value in facts.items() if value)
    more = link(address("claims", id=card.id), "The whole claim")
    return f"<p>{mark_of(verdict)} &ensp;{escape(card.statement)} {more}</p><dl class='facts'>{rows}</dl>"


def show_check(
    library: Library, label: str, ids: Sequence[str], *, key: str, told: str = "", keep_variants: str = ""
) -> None:
    """Draw a button that executes claims, all exact ones where none is named, and draws the page anew.

    Parameters
    ----------
    keep_variants : where given, the claim's wrong variants run too, and what became of each is kept in the session
                    under this name
    """
    left, right = st.columns([1.6, 3], vertical_alignment="center")
    pressed = left.button(label, key=f"check {key}")
    place = right.empty()
    place.html(f'<p class="quiet">{escape(told)}</p>' if told else "<span></span>")
    if pressed:
        done = run_checks(library, ids, place, with_variants=bool(keep_variants))
        if done.trouble:
            place.warning(done.trouble)
            return
        if keep_variants:
            st.session_state[keep_variants] = done.variants
        st.rerun()
