"""One claim, so that a reader who doubts it can convince himself: statement, figure, both sides, the check's code."""

from collections.abc import Sequence

import streamlit as st

from kb.library import Library
from kb.library.verdict_report import plain_numbers
from kb.records import ClaimCard, ConceptView, Example, Verdict
from kb.ui.claim_history import build_history
from kb.ui.claim_scale import build_scale
from kb.ui.claims import show_check, tell_source, tell_variants
from kb.ui.links import address, escape, link, record_link
from kb.ui.marks import count_words, family_name, kind_words
from kb.ui.side_by_side import without_header
from kb.ui.verdict_lines import mark_of, tell_margin

_ASKED = "Were it true, nothing would be refuted here: it is expected to fail, and it does."


def show_claim(library: Library, card: ClaimCard, verdict: Verdict | None) -> None:
    """Draw everything that speaks for or against a claim."""
    names = {one.slug: one.name for one in library.concepts()}
    show_statement(card)
    st.html(f"<p>{mark_of(verdict)} &ensp;{tell_expectation(card, verdict)}</p>")
    show_figure(card, verdict)
    label = "Execute it again" if verdict else "Execute it"
    show_check(library, label, [card.id], key=card.id, told=tell_last(verdict))
    if verdict and verdict.example:
        show_example(verdict.example)
    if card.pitfall:
        st.html(f"<h2>Mind</h2><p>{escape(card.pitfall)}</p>")
    st.html(f"<h2>How it is checked</h2>{tell_facts(card, verdict, names)}")
    _show_variants(library, card)
    show_sides(library, card, names)
    with st.expander("The code of the check"):
        st.code(library.claim_source(card.id), language="python", line_numbers=True)
    if told := build_history(library.verdict_history(card.id)):
        st.html(f"<h2>Each time it was executed here</h2>{told}")


def show_statement(card: ClaimCard, note: str = "") -> None:
    """Draw what a claim says, under the way back to its family."""
    back = link(address("claims", family=card.family), f"Claims: {family_name(card.family)}")
    told = " · ".join(filter(None, (back, escape(card.kind), note)))
    st.html(f"<p class='quiet'>{told}</p><p class='lead'>{escape(card.statement)}</p>")
    if card.equation:
        st.latex(card.equation)


def tell_expectation(card: ClaimCard, verdict: Verdict | None) -> str:
    """Return what is remarkable about a verdict, as HTML."""
    if card.expected == "refuted":
        return f"A common belief. {_ASKED}" if verdict and verdict.verdict == "refuted" else "A common belief."
    if verdict and verdict.verdict != card.expected:
        return f"<strong>It was expected to be {card.expected}.</strong>"
    return ""


def show_figure(card: ClaimCard, verdict: Verdict | None) -> None:
    """Draw the figures on a scale with the bound."""
    if verdict is None:
        st.html(f"<p class='quiet'>{escape(tell_margin(card, None))}</p>")
        return
    bound = card.bound if verdict.bound is None else verdict.bound
    scale = build_scale(verdict.figures, bound, card.holds, keeps=verdict.verdict == "verified")
    draws = f", in {count_words(len(verdict.figures), 'draw')}" if len(verdict.figures) > 1 else ""
    st.html(f"{scale}<p class='quiet'>{escape(tell_margin(card, verdict))}{draws}.</p>")
    if verdict.detail:
        st.html(f"<p class='quiet'>{escape(verdict.detail)}.</p>")


def tell_last(verdict: Verdict | None) -> str:
    """Return when and on what a claim was last executed."""
    if verdict is None or verdict.ran_at is None:
        return "It has not been executed here yet."
    versions = ", ".join(f"{name} {number}" for name, number in verdict.versions.items())
    stale = "; the code has changed since" if verdict.stale else ""
    when = f"{verdict.ran_at:%d %B %Y}, {verdict.seconds:.1f} s, seed {verdict.seed}"
    return f"Last executed on {when}, {versions}{stale}."


def show_example(example: Example) -> None:
    """Draw the smallest input on which a claim fails."""
    rows = [(name, plain_numbers(value)) for name, value in example.inputs.items()]
    sides = [(name, plain_numbers(value)) for name, value in example.outputs.items()]
    given = "".join(f"<dt>{escape(name)}</dt><dd class='num'>{escape(str(value))}</dd>" for name, value in rows)
    found = "".join(f"<dt>{escape(name)}</dt><dd class='num'>{escape(str(value))}</dd>" for name, value in sides)
    st.html(
        "<h2>The smallest input on which it fails</h2>"
        f"<dl class='facts'>{given}</dl><p class='quiet' style='margin-top:.5rem'>gives</p>"
        f"<dl class='facts'>{found}</dl>"
    )


def tell_facts(card: ClaimCard, verdict: Verdict | None, names: dict[str, str]) -> str:
    """Return how a claim is checked, as HTML."""
    facts = {
        "Inputs": escape(card.inputs),
        "Why this bound": escape(card.why_bound),
        "In float32": f"at most {card.bound_single:g}" if card.bound_single else "",
        "Source": tell_source(card),
        "About": " and ".join(record_link(f"concept:{slug}", names.get(slug, slug)) for slug in card.between),
        "Also": ", ".join(record_link(key, key) for key in card.papers),
        "Cost": escape(card.cost),
        "Code hash": escape(card.code_hash[:12]),
    }
    rows = "".join(f"<dt>{name}</dt><dd>{value}</dd>" for name, value in facts.items() if value)
    return f"<dl class='facts' style='max-width:56rem'>{rows}</dl>"


def _show_variants(library: Library, card: ClaimCard) -> None:
    kept = f"variants of {card.id}"
    found = dict(st.session_state.get(kept, ()))
    st.html(tell_variants(card, found))
    show_check(library, "Try them", [card.id], key=f"variants {card.id}", keep_variants=kept)


def show_sides(library: Library, card: ClaimCard, names: dict[str, str]) -> None:
    """Draw the edges that a claim backs, and the implementations that it executes."""
    lines = _tell_edges(library, card)
    if lines:
        st.html(f"<h2>On the map</h2><ul class='rows tight'>{''.join(lines)}</ul>")
    if card.executes:
        st.html("<h2>What it executes</h2>")
    for slug in card.executes:
        with st.expander(names.get(slug, slug)):
            st.html(f"<p>{record_link(f'concept:{slug}', 'Open the idea')}</p>")
            st.code(without_header(library.idea(slug).code), language="python", line_numbers=True)


def _tell_edges(library: Library, card: ClaimCard) -> Sequence[str]:
    views = [view for slug in card.between if isinstance(view := library.show(f"concept:{slug}"), ConceptView)]
    found = {
        (edge.ancestor, edge.descendant, edge.kind): view.names
        for view in views
        for edge in (*view.ancestors, *view.descendants)
        if card.id in edge.claims
    }
    return [
        f"<li>{record_link(f'concept:{young}', names.get(young, young))} <span class='quiet'>"
        f"{escape(kind_words(kind))}</span> {record_link(f'concept:{old}', names.get(old, old))} &ensp;"
        f"{link(address('lineage', key=f'concept:{young}'), 'on the map')}</li>"
        for (old, young, kind), names in found.items()
    ]
