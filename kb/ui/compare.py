"""The page Compare: two to four ideas of one form, on the same input."""

from collections.abc import Mapping
from contextlib import suppress
from itertools import combinations
from typing import Any

import streamlit as st

from kb.library import Library
from kb.records import Idea, Parameter, RunResult
from kb.reference.training import is_trainable
from kb.ui.compare_result import show_comparison
from kb.ui.gradients import STACKED
from kb.ui.idea_choice import choose_ideas, list_settings, name_ideas
from kb.ui.links import address, escape, link
from kb.ui.run_live import run_live
from kb.ui.run_result import show_result
from kb.ui.run_settings import choose_settings
from kb.ui.side_by_side import build_side_by_side, without_header

_MOST = 4
_TOKENS = 32
"""More than the eight tokens of a single run, so that growth can be seen."""
_LAYERS = Parameter("layers", 8, 1, 64, neutral="copies on one another, whose gradients are measured")
_EXAMPLES: tuple[tuple[str, dict[str, str]], ...] = (
    (
        "Linear attention is a fast weight programmer",
        {
            "ideas": "linear-attention,fast-weight-programmer",
            "linear-attention.normalise": "false",
            "fast-weight-programmer.features": "elu",
        },
    ),
    (
        "PanGu-π without its additions is Pre-LN",
        {"ideas": "pangu-pi,pre-ln", "pangu-pi.n": "1", "pangu-pi.shortcuts": "0", "pre-ln.activation": "gelu"},
    ),
    ("Pre-LN and Post-LN differ", {"ideas": "pre-ln,post-ln"}),
)


def show(library: Library) -> None:
    """Draw the comparison that the address names, or offer three."""
    st.html(
        "<h1>Compare</h1><p>Two to four ideas of one form get the same input and, where they have any, the same "
        f"weights; what ideas of any form cost, {link(address('costs'), 'Costs')} measures. "
        f'<span class="quiet">For example:</span> &ensp; {_tell_examples(library)}</p>'
    )
    names = name_ideas(library)
    ideas = choose_ideas(library, names, key="compare ideas", most=_MOST, alike=True)
    if len(ideas) < 2:
        st.info("Choose a second idea of the same form." if ideas else "Choose two ideas, or take an example.")
        return
    settings, number = choose_settings(_list_settings(ideas, names), _common_sizes(library, ideas), key="compare")
    _run(library, ideas, settings, number)
    _show_sources(ideas, names)


def _tell_examples(library: Library) -> str:
    coded = {idea.slug for idea in library.ideas()}
    return " &ensp;·&ensp; ".join(
        link(address("compare", **query), words)
        for words, query in _EXAMPLES
        if set(query["ideas"].split(",")) <= coded
    )


def _list_settings(ideas: list[Idea], names: dict[str, str]) -> list[tuple[str, str, Parameter]]:
    layers = [(_LAYERS.name, "Layers of the stack", _LAYERS)] if ideas[0].form in STACKED else []
    return [*list_settings(ideas, names), *layers]


def _common_sizes(library: Library, ideas: list[Idea]) -> dict[str, tuple[int, int]]:
    sizes: dict[str, tuple[int, int]] = {}
    for idea in ideas:
        sizes |= library.sizes(idea)
    return {
        letter: (max(_TOKENS, default) if letter == "T" else default, most)
        for letter, (default, most) in sizes.items()
    }


def _run(library: Library, ideas: list[Idea], settings: dict[str, object], number: int) -> None:
    """Run the comparison whenever it is another one, and draw what it gave."""
    names = name_ideas(library)
    slugs = [idea.slug for idea in ideas]
    told = tuple((idea.slug, idea.code_hash, idea.parameters) for idea in ideas)
    asked = (told, tuple(sorted(settings.items())), number)
    given = {name: value for name, value in settings.items() if name != _LAYERS.name}
    layers = int(str(settings.get(_LAYERS.name, _LAYERS.default)))
    result = run_live(
        "compare",
        "Run again",
        lambda owner: library.begin_compare(ideas, given, seed=number, layers=layers, owner=owner),
        show_partial=lambda figures: _show_so_far(figures, names),
        of=asked,
    )
    if isinstance(result, RunResult):
        show_result(result, key="comparison", show_figures=lambda figures, _: show_comparison(figures, names))
    elif result:
        st.warning(escape(result))
    query = {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in given.items()}
    href = address("costs", ideas=",".join(slugs), **{name: value for name, value in query.items() if "." in name})
    train = link(address("train", ideas=",".join(slugs)), "Train them on a small task")
    may_train = all(is_trainable(idea) for idea in ideas)
    costs = link(href, "What they cost as functions of their sizes")
    search = link(address("discover", ideas=",".join(slugs)), "Under which substitutions they are one")
    st.html(f"<p>{' &ensp;·&ensp; '.join([search, costs, *([train] if may_train else [])])}</p>")


def _show_so_far(figures: Mapping[str, Any], names: dict[str, str]) -> None:
    """Draw the comparison while gradients are still measured."""
    # a version of one's own may report what it likes
    with suppress(AttributeError, LookupError, TypeError, ValueError):
        if "pairs" in figures:
            show_comparison(figures, names)


def _show_sources(ideas: list[Idea], names: dict[str, str]) -> None:
    st.html("<h2>Source next to source</h2>")
    pairs = list(combinations(ideas, 2))
    tabs = st.tabs([" and ".join(escape(names.get(one.slug, one.slug)) for one in pair) for pair in pairs])
    for tab, (one, other) in zip(tabs, pairs, strict=True):
        both = names.get(one.slug, one.slug), names.get(other.slug, other.slug)
        tab.html(build_side_by_side(without_header(one.code), without_header(other.code), both))
