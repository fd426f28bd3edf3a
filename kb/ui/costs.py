"""The page Costs: what any ideas cost, counted by executing them, as functions of their sizes."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import streamlit as st

from kb.library import Library
from kb.records import Idea, RunResult
from kb.reference.costing import MOST_IDEAS, list_cost_sizes, list_letters
from kb.ui.address_state import index_of, one_of, seed, tell
from kb.ui.costs_result import show_costs
from kb.ui.idea_choice import choose_ideas, list_settings, name_ideas
from kb.ui.links import address, escape, link
from kb.ui.run_live import run_live
from kb.ui.run_result import show_result
from kb.ui.run_settings import SIZE_NAMES, choose_settings

_EXAMPLES: tuple[tuple[str, dict[str, str]], ...] = (
    (
        "Attention, a state, a recurrent net",
        {"ideas": "scaled-dot-product-attention,linear-attention,lstm", "linear-attention.form": "recurrent"},
    ),
    ("Blocks", {"ideas": "post-ln,pre-ln,gopher-block,pangu-pi"}),
    ("One after the other, or in log T rounds", {"ideas": "min-gru,linear-recurrent-unit", "min-gru.form": "scan"}),
)


def show(library: Library) -> None:
    """Draw the costs of the ideas that the address names, or offer some."""
    st.html(
        "<h1>Costs</h1><p>Up to eight ideas of any form are executed at many sizes: their operations are counted, "
        "the numbers that they hold, and how far it is from the first token to the last. Nothing is looked up, so a "
        'version of your own has costs of its own. <span class="quiet">For example:</span> &ensp; '
        f"{_tell_examples()}</p>"
    )
    names = name_ideas(library)
    ideas = choose_ideas(library, names, key="costs ideas", most=MOST_IDEAS, alike=False)
    if not ideas:
        st.info("Choose an idea, or take an example.")
        return
    along = _choose_letter(ideas)
    with st.expander("Settings"):
        settings, number = choose_settings(list_settings(ideas, names), list_cost_sizes(ideas), key="costs")
    asked = (tuple(idea.code_hash for idea in ideas), tuple(sorted(settings.items())), number, along)
    result = run_live(
        "costs",
        "Measure again",
        lambda owner: library.begin_costs(ideas, settings, seed=number, along=along, owner=owner),
        show_partial=lambda figures: _show_so_far(figures, names),
        of=asked,
    )
    if isinstance(result, RunResult):
        show_result(result, key="costs", show_figures=lambda figures, key: show_costs(figures, names, key=key))
    elif result:
        st.warning(escape(result))
    if len({idea.form for idea in ideas}) == 1 and 1 < len(ideas) <= 4:
        href = address("compare", ideas=",".join(idea.slug for idea in ideas))
        st.html(f"<p>{link(href, 'Compare their outputs')} <span class='quiet'>on the same input</span></p>")


def _show_so_far(figures: Mapping[str, Any], names: dict[str, str]) -> None:
    # a version of one's own may report what it likes
    with suppress(AttributeError, LookupError, TypeError, ValueError):
        show_costs(figures, names, key="so far")


def _tell_examples() -> str:
    return " &ensp;·&ensp; ".join(link(address("costs", **query), words) for words, query in _EXAMPLES)


def _choose_letter(ideas: list[Idea]) -> str:
    """Draw the box of the size along which costs are followed; empty where the ideas have none."""
    letters = list_letters(ideas)
    if not letters:
        return ""
    chosen = seed("costs along", "along", one_of(letters), letters[0])
    along = str(
        st.selectbox(
            "Along",
            letters,
            index_of(letters, chosen),
            key="costs along",
            format_func=lambda letter: f"{letter} · {SIZE_NAMES[letter]}" if letter in SIZE_NAMES else letter,
            width=320,
        )
    )
    tell("costs along", "along", along if along != letters[0] else "")
    return along
