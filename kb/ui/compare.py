"""The page Compare: two to four ideas of one form, on the same input."""

from itertools import combinations

import streamlit as st

from kb.errors import KBError, NotFoundError
from kb.library import Library
from kb.records import Idea, RunResult
from kb.reference.header import speak_form
from kb.ui.address_state import seed, tell
from kb.ui.compare_result import show_comparison
from kb.ui.idea_code import without_header
from kb.ui.links import address, link
from kb.ui.run_result import show_failure
from kb.ui.run_settings import choose_settings
from kb.ui.side_by_side import build_side_by_side

_MOST = 4
_TOKENS = 32
"""More than the eight tokens of a single run, so that growth can be seen."""
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
        f'weights. <span class="quiet">For example:</span> &ensp; {_tell_examples(library)}</p>'
    )
    ideas = _choose_ideas(library)
    if len(ideas) < 2:
        st.info("Choose a second idea of the same form." if ideas else "Choose two ideas, or take an example.")
        return
    names = {one.slug: one.name for one in library.concepts()}
    several = [
        (f"{idea.slug}.{one.name}", f"{names.get(idea.slug, idea.slug)}: {one.name}", one)
        for idea in ideas
        for one in (*idea.parameters, *idea.gates)
    ]
    settings, number = choose_settings(several, _common_sizes(library, ideas), key="compare")
    result = _compare(library, ideas, settings, number)
    if isinstance(result, str):
        st.warning(result)
    elif result.status != "ok":
        show_failure(result)
    else:
        show_comparison(result.figures, names)
    _show_sources(ideas, names)


def _tell_examples(library: Library) -> str:
    coded = {idea.slug for idea in library.ideas()}
    return " &ensp;·&ensp; ".join(
        link(address("compare", **query), words)
        for words, query in _EXAMPLES
        if set(query["ideas"].split(",")) <= coded
    )


def _choose_ideas(library: Library) -> list[Idea]:
    """Draw the box of ideas; once one is chosen it offers those of the same form only."""
    ideas = {idea.slug: idea for idea in library.ideas()}

    def parse(text: str) -> list[str]:
        return _of_one_form([ideas[slug] for slug in _named(library, text) if slug in ideas])

    nothing: list[str] = []
    present = seed("compare ideas", "ideas", parse, nothing)
    chosen = st.session_state["compare ideas"] if present is None else present
    form = ideas[chosen[0]].form if chosen else ""
    names = {one.slug: one.name for one in library.concepts()}
    picked = st.multiselect(
        f"Ideas of the form {form}" if form else "Ideas",
        [slug for slug, idea in ideas.items() if form in ("", idea.form)],
        present or None,
        key="compare ideas",
        format_func=lambda slug: names.get(slug, slug) if form else f"{names.get(slug, slug)} ({ideas[slug].form})",
        max_selections=_MOST,
        placeholder="Choose ideas",
    )
    tell("compare ideas", "ideas", ",".join(picked))
    return [ideas[slug] for slug in picked]


def _named(library: Library, text: str) -> list[str]:
    slugs = []
    for name in text.split(","):
        try:
            slugs.append(library.idea(name.strip()).slug)
        except NotFoundError as error:
            st.warning(str(error))
    return list(dict.fromkeys(slugs))[:_MOST]


def _of_one_form(ideas: list[Idea]) -> list[str]:
    if ideas and (others := [idea for idea in ideas if idea.form != ideas[0].form]):
        kinds = ", ".join(f"{idea.slug} is {speak_form(idea.form)}" for idea in others)
        st.warning(
            f"{ideas[0].slug} is {speak_form(ideas[0].form)}, {kinds}: only ideas of one form take the same input."
        )
    return [idea.slug for idea in ideas if idea.form == ideas[0].form]


def _common_sizes(library: Library, ideas: list[Idea]) -> dict[str, tuple[int, int]]:
    sizes: dict[str, tuple[int, int]] = {}
    for idea in ideas:
        sizes |= library.sizes(idea.slug)
    return {
        letter: (max(_TOKENS, default) if letter == "T" else default, most)
        for letter, (default, most) in sizes.items()
    }


def _compare(library: Library, ideas: list[Idea], settings: dict[str, object], number: int) -> RunResult | str:
    """Return the comparison, run once for the same ideas and settings."""
    asked = (tuple(idea.slug for idea in ideas), tuple(sorted(settings.items())), number)
    kept = st.session_state.get("comparison")
    if kept and kept[0] == asked:
        return kept[1]  # type: ignore[no-any-return]
    with st.spinner("Running them on the same input", show_time=True):
        try:
            result: RunResult | str = library.compare([idea.slug for idea in ideas], settings, seed=number)
        except KBError as error:
            result = str(error)
    st.session_state["comparison"] = (asked, result)
    return result


def _show_sources(ideas: list[Idea], names: dict[str, str]) -> None:
    st.html("<h2>Source next to source</h2><p class='quiet'>Lines that the other does not have are marked.</p>")
    pairs = list(combinations(ideas, 2))
    tabs = st.tabs([" and ".join(names.get(one.slug, one.slug) for one in pair) for pair in pairs])
    for tab, (one, other) in zip(tabs, pairs, strict=True):
        both = names.get(one.slug, one.slug), names.get(other.slug, other.slug)
        tab.html(build_side_by_side(without_header(one.code), without_header(other.code), both))
