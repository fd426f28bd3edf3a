"""Executable claims as a reader sees them: what is claimed, what became of it, and a button that checks it again."""

from collections import Counter
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
_NEWEST = 8
"""So many verdicts at most stand on the first page."""
_STATES = ("verified", "refuted", "inconclusive", "not_run")


def show_newest(library: Library) -> None:
    """Draw how many claims there are and what became of them, the newest verdicts, and the button that runs all."""
    verdicts = {one.claim: one for one in library.verdicts()}
    pairs: list[Pair] = [(card, verdicts.get(card.id)) for card in library.claims()]
    if not pairs:
        st.html('<p class="quiet">No claim can be executed yet.</p>')
        return
    st.html(_list(_choose_newest(pairs), {one.slug: one.name for one in library.concepts()}))
    counts = Counter(str(verdict.verdict) if verdict else "not_run" for _, verdict in pairs)
    tally = ", ".join(f"{counts[name]:,} {name.replace('_', ' ')}" for name in _STATES if counts[name])
    st.html(f'<p>{link(address("claims"), f"All {len(pairs)} claims")}<span class="quiet">: {tally}</span></p>')
    waiting = sum(card.cost == "exact" and (verdict is None or verdict.stale) for card, verdict in pairs)
    told = f"{count_words(waiting, 'check')} to run." if waiting else "All exact ones are up to date."
    show_check(library, "Run the checks", (), key="run all checks", told=told)


def _choose_newest(pairs: Sequence[Pair]) -> list[Pair]:
    """Return the newest verdicts, or, where there are none yet, claims from all over the list."""
    judged = [(card, verdict) for card, verdict in pairs if verdict]
    if not judged:
        return list(pairs[:: max(1, len(pairs) // _NEWEST)][:_NEWEST])
    return [*sorted(judged, key=lambda pair: moment_of(pair[1]).timestamp(), reverse=True)[:_NEWEST]]


def show_claims(library: Library, pairs: Sequence[Pair]) -> None:
    """Draw the claims about an idea, each in two lines, and the button that executes them."""
    st.html(_list(pairs, {one.slug: one.name for one in library.concepts()}))
    quick = [card.id for card, _ in pairs if card.cost == "exact"]
    if quick:
        told = "" if len(quick) == len(pairs) else f"{len(quick)} of them; the others take longer, each on its page."
        show_check(library, "Execute them", quick, key="all of this idea", told=told)


def _list(pairs: Sequence[Pair], names: dict[str, str]) -> str:
    return f'<ul class="rows tight">{"".join(_tell(card, verdict, names) for card, verdict in pairs)}</ul>'


def tell_source(card: ClaimCard) -> str:
    """Return who says what is claimed, and where, as HTML; of a user's own there may be no paper."""
    paper, locator = card.evidence.paper, escape(card.evidence.locator)
    return f"{record_link(paper, paper)}, {locator}" if paper else locator


def _tell(card: ClaimCard, verdict: Verdict | None, names: dict[str, str]) -> str:
    between = " and ".join(record_link(f"concept:{slug}", names.get(slug, slug)) for slug in card.between)
    sentence = link(address("claims", id=card.id), first_sentence(card.statement))
    return (
        f"<li>{mark_of(verdict)} &ensp;{sentence}."
        f'<br><span class="quiet">{"your own, " if card.own else ""}{between}: '
        f"{escape(tell_margin(card, verdict))}</span></li>"
    )


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
