"""All claims, family by family, with filters that stand in the address."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import streamlit as st

from kb.library import Library
from kb.records import FAMILIES, ClaimCard, OwnClaim, Verdict
from kb.ui.checking import list_exact
from kb.ui.claims import show_check
from kb.ui.edge_layers import first_sentence
from kb.ui.links import address, escape, link
from kb.ui.marks import FAMILY_COLOURS, count_words, family_name
from kb.ui.state import asked_list, tell
from kb.ui.verdict_lines import mark_of

KINDS = ("equality", "reduction", "limit", "scaling", "ordering", "count", "inequality", "separation")
VERDICTS = ("verified", "refuted", "inconclusive", "not_run", "stale")
WHOSE = ("shipped", "own")
_PLURALS = {"equality": "equalities", "inequality": "inequalities", "scaling": "scaling laws", "own": "your own"}


def show_list(library: Library) -> None:
    """Draw how many claims there are and what became of them, the filters, and the claims that pass."""
    cards, verdicts = library.claims(), {one.claim: one for one in library.verdicts()}
    st.html(f"<h1>Claims</h1><p class='lead'>{_tell_whole(cards, verdicts)}</p>{_EXPLAINED}")
    own = library.own_claims()
    _show_filters(with_own=bool(own))
    _show_own(own)
    chosen = [card for card in cards if _passes(card, verdicts.get(card.id))]
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
            st.html(_tell_family(family, members, verdicts))


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
    counts = Counter(_state(verdicts.get(card.id)) for card in cards)
    parts = [f"{counts[name]:,} {name.replace('_', ' ')}" for name in VERDICTS if counts[name]]
    return f"{count_words(len(cards), 'claim')}: {', '.join(parts)}."


def _state(verdict: Verdict | None) -> str:
    if verdict is None:
        return "not_run"
    return "stale" if verdict.stale else verdict.verdict


def _show_filters(*, with_own: bool) -> None:
    for name, options, label in (
        *([("whose", WHOSE, "Whose")] if with_own else []),
        ("verdict", VERDICTS, "Verdict"),
        ("kind", KINDS, "Kind"),
        ("family", FAMILIES, "Family"),
    ):
        key = f"claims by {name}"
        st.session_state[key] = asked_list(name, options)
        st.pills(
            label,
            options,
            key=key,
            selection_mode="multi",
            format_func=_plain if name != "family" else family_name,
            label_visibility="collapsed",
            on_change=_note,
            args=(name, key),
        )


def _plain(word: str) -> str:
    return _PLURALS.get(word) or (f"{word}s" if word in KINDS else word.replace("_", " "))


def _note(name: str, key: str) -> None:
    tell(**{name: ",".join(st.session_state[key])})


def _passes(card: ClaimCard, verdict: Verdict | None) -> bool:
    wanted = {name: asked_list(name, options) for name, options in (("kind", KINDS), ("family", FAMILIES))}
    states, whose = asked_list("verdict", VERDICTS), asked_list("whose", WHOSE)
    return (
        card.kind in (wanted["kind"] or KINDS)
        and card.family in (wanted["family"] or FAMILIES)
        and (not states or _state(verdict) in states)
        and (not whose or ("own" if card.own else "shipped") in whose)
    )


def _tell_family(family: str, cards: Sequence[ClaimCard], verdicts: Mapping[str, Verdict]) -> str:
    swatch = f'<span class="swatch" style="background:{FAMILY_COLOURS[family]}"></span>'
    items = "".join(_tell_line(card, verdicts.get(card.id)) for card in cards)
    return (
        f'<h2>{swatch}{escape(family_name(family))} <span class="quiet num">{len(cards)}</span></h2>'
        f'<ul class="rows tight">{items}</ul>'
    )


def _tell_line(card: ClaimCard, verdict: Verdict | None) -> str:
    sentence = first_sentence(card.statement)
    cost = ("" if card.cost == "exact" else f", {card.cost}") + (" · <b>your own</b>" if card.own else "")
    return (
        f"<li>{link(address('claims', id=card.id), sentence)}."
        f'<br>{mark_of(verdict)} &ensp;<span class="quiet">{escape(card.kind)}{cost}</span></li>'
    )
