"""The filters of the list of claims; the address says what they are set to."""

from collections.abc import Mapping

import streamlit as st

from kb.records import FAMILIES, ClaimCard, Verdict
from kb.ui.marks import family_name
from kb.ui.state import asked, asked_list, tell

KINDS = ("equality", "reduction", "limit", "scaling", "ordering", "count", "inequality", "separation")
VERDICTS = ("verified", "refuted", "inconclusive", "not_run", "stale")
WHOSE = ("shipped", "own")
_PLURALS = {"equality": "equalities", "inequality": "inequalities", "scaling": "scaling laws", "own": "your own"}


def state_of(verdict: Verdict | None) -> str:
    """Return a claim's standing as one of ``VERDICTS``."""
    if verdict is None:
        return "not_run"
    return "stale" if verdict.stale else verdict.verdict


def show_filters(*, with_own: bool) -> None:
    """Draw words to look for, whose claims, verdicts, kinds and families; nothing chosen means all."""
    st.session_state["claims with words"] = asked("words")
    st.text_input(
        "With words",
        key="claims with words",
        placeholder="Words of the statement, or the name of an idea",
        label_visibility="collapsed",
        on_change=_note_words,
    )
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


def _note_words() -> None:
    tell(words=" ".join(st.session_state["claims with words"].split()))


def passes(card: ClaimCard, verdict: Verdict | None, names: Mapping[str, str]) -> bool:
    """Return whether a claim passes the filters; ``names`` are those of ideas by slug."""
    wanted = {name: asked_list(name, options) for name, options in (("kind", KINDS), ("family", FAMILIES))}
    states, whose = asked_list("verdict", VERDICTS), asked_list("whose", WHOSE)
    return (
        card.kind in (wanted["kind"] or KINDS)
        and card.family in (wanted["family"] or FAMILIES)
        and (not states or state_of(verdict) in states)
        and (not whose or ("own" if card.own else "shipped") in whose)
        and _is_about(card, names)
    )


def _is_about(card: ClaimCard, names: Mapping[str, str]) -> bool:
    """Whether each word asked for stands in the statement, the id or the name of an idea it is about."""
    text = " ".join((card.statement, card.id, *(names.get(slug, slug) for slug in card.between))).casefold()
    return all(word in text for word in asked("words").casefold().split())
