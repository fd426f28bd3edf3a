"""Executable claims as a reader sees them: what is claimed, what became of it, and a button that checks it again."""

from collections.abc import Mapping, Sequence

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


def tell_source(card: ClaimCard) -> str:
    """Return who says what is claimed, and where, as HTML; of a user's own there may be no paper."""
    paper, locator = card.evidence.paper, escape(card.evidence.locator)
    return f"{record_link(paper, paper)}, {locator}" if paper else locator


def _between(card: ClaimCard, names: dict[str, str]) -> str:
    return " and ".join(record_link(f"concept:{slug}", names.get(slug, slug)) for slug in card.between)


def _tell_briefly(card: ClaimCard, verdict: Verdict | None, names: dict[str, str]) -> str:
    sentence = first_sentence(card.statement)
    return (
        f"<li>{mark_of(verdict)} &ensp;{link(address('claims', id=card.id), sentence)}."
        f'<br><span class="quiet">{"your own, " if card.own else ""}{_between(card, names)}: '
        f"{escape(tell_margin(card, verdict))}</span></li>"
    )


def _tell_fully(card: ClaimCard, verdict: Verdict | None, names: dict[str, str]) -> str:
    when = f"{verdict.ran_at:%d %B %Y}, {verdict.seconds:.1f} s" if verdict and verdict.ran_at else ""
    facts = {
        "Between": _between(card, names),
        "Measured": escape(tell_margin(card, verdict)),
        "In detail": escape(verdict.detail) if verdict else "",
        "Why this bound": escape(card.why_bound),
        "Inputs": escape(card.inputs),
        "Evidence": tell_source(card),
        "Rejects": escape("; ".join(card.wrong_variants)),
        "Last run": escape(when),
    }
    rows = "".join(f"<dt>{name}</dt><dd>{value}</dd>" for name, value in facts.items() if value)
    more = link(address("claims", id=card.id), "The whole claim")
    own = "<b class='quiet'>your own</b> &ensp;" if card.own else ""
    return f"<p>{mark_of(verdict)} &ensp;{own}{escape(card.statement)} {more}</p><dl class='facts'>{rows}</dl>"


def tell_variants(card: ClaimCard, found: Mapping[str, str]) -> str:
    """Return what a claim has to reject, and what became of each as far as that is known, as HTML."""
    opposite = "verified" if card.expected == "refuted" else "refuted"
    told = "The corrections under which it would be true" if card.expected == "refuted" else "What it rejects"
    items = "".join(
        f"<li>{escape(name)} <span class='quiet'>{escape(found.get(name, ''))}</span></li>"
        for name in card.wrong_variants
    )
    return (
        f"<h2>{told}</h2><p class='quiet'>A check that no misreading fails proves nothing: each of these has to come "
        f"out as {opposite}.</p><ul class='rows tight'>{items}</ul>"
    )


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
