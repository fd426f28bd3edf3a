"""All claims, family by family, with filters that stand in the address."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import streamlit as st

from kb.library import Library
from kb.records import FAMILIES, ClaimCard, OwnClaim, Verdict
from kb.ui.checking import list_exact
from kb.ui.claim_filters import VERDICTS, passes, show_filters, state_of
from kb.ui.claims import show_check
from kb.ui.edge_layers import first_sentence
from kb.ui.links import address, escape, link
from kb.ui.marks import FAMILY_COLOURS, count_words, family_name
from kb.ui.verdict_lines import mark_of

_OPEN = 40
"""Families are shown unfolded where no more claims than these pass the filters."""


def show_list(library: Library) -> None:
    """Draw how many claims there are and what became of them, the filters, and the claims that pass."""
    cards, verdicts = library.claims(), {one.claim: one for one in library.verdicts()}
    st.html(f"<h1>Claims</h1><p class='lead'>{_tell_whole(cards, verdicts)}</p>{_EXPLAINED}")
    own = library.own_claims()
    show_filters(with_own=bool(own))
    _show_own(own)
    names = {one.slug: one.name for one in library.concepts()}
    chosen = [card for card in cards if passes(card, verdicts.get(card.id), names)]
    if not chosen:
        st.html("<p>No claim passes these filters. Take one of them back to see more.</p>")
        return
    exact = list_exact(library, chosen)
    if exact:
        told = f"{count_words(len(exact), 'exact claim')} of these, some seconds"
        show_check(library, "Execute them", exact, key="check the list", told=told)
    for family in FAMILIES:
        members = [card for card in chosen if card.family == family]
        if members:
            st.html(_tell_family(family, members, verdicts, is_open=len(chosen) <= _OPEN))


_EXPLAINED = (
    "<p class='quiet'>A claim runs both sides of what somebody says about two ideas and holds a figure against a "
    "bound. What is popularly believed and false stays here, refuted, with the smallest input on which it fails.</p>"
)


def _show_own(own: Iterable[OwnClaim]) -> None:
    """Draw the way to a claim of one's own, and those that can no longer be read."""
    lost = "".join(
        f"<li>{link(address('claims', id=one.address), one.name)} "
        f'<span class="quiet">cannot be read any more: {escape(one.trouble)}</span></li>'
        for one in own
        if one.card is None
    )
    new = link(address("claims", new=1), "Write a claim of your own")
    search = link(address("discover"), "Search for relations that nobody wrote down")
    st.html(f"<p>{new} &ensp;·&ensp; {search}</p>" + (f'<ul class="rows tight">{lost}</ul>' if lost else ""))


def _tell_whole(cards: Sequence[ClaimCard], verdicts: Mapping[str, Verdict]) -> str:
    counts = Counter(state_of(verdicts.get(card.id)) for card in cards)
    parts = [f"{counts[name]:,} {name.replace('_', ' ')}" for name in VERDICTS if counts[name]]
    return f"{count_words(len(cards), 'claim')}: {', '.join(parts)}."


def _tell_family(family: str, cards: Sequence[ClaimCard], verdicts: Mapping[str, Verdict], *, is_open: bool) -> str:
    swatch = f'<span class="swatch" style="background:{FAMILY_COLOURS[family]}"></span>'
    items = "".join(_tell_line(card, verdicts.get(card.id)) for card in cards)
    counts = Counter(state_of(verdicts.get(card.id)) for card in cards)
    tally = ", ".join(f"{counts[name]:,} {name.replace('_', ' ')}" for name in VERDICTS if counts[name])
    return (
        f"<details class='family'{' open' if is_open else ''}><summary>{swatch}<b>{escape(family_name(family))}</b> "
        f'<span class="quiet num">{len(cards)}: {tally}</span></summary><ul class="rows tight">{items}</ul></details>'
    )


def _tell_line(card: ClaimCard, verdict: Verdict | None) -> str:
    sentence = first_sentence(card.statement)
    cost = ("" if card.cost == "exact" else f", {card.cost}") + (" · <b>your own</b>" if card.own else "")
    return (
        f"<li>{link(address('claims', id=card.id), sentence)}."
        f'<br>{mark_of(verdict)} &ensp;<span class="quiet">{escape(card.kind)}{cost}</span></li>'
    )
