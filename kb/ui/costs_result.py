"""Measured costs: a table at the sizes that were asked for, curves along one size, and formulas that were found."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from kb.ui.figures import build_curves, build_table, current_ink, draw
from kb.ui.links import escape, idea_link
from kb.ui.numbers import show_number, show_seconds

Figures = Mapping[str, Any]
_COLUMNS = (
    *(("parameter_count", "Weights"), ("flops", "Operations"), ("products", "of these in products")),
    *(
        ("state_elements", "In the state"),
        ("peak_elements", "Held at most"),
        ("saved_elements", "Kept for gradients"),
    ),
    *(("path", "Path"), ("sees", "Tokens seen"), ("steps", "In sequence")),
)
_ROWS = (
    *(("parameter_count", "Weights"), ("flops", "Operations"), ("products", "in matrix products")),
    *(
        ("elementwise", "element by element"),
        ("reductions", "in reductions"),
        ("functions", "exp and other functions"),
    ),
    *(
        ("state_elements", "In the state"),
        ("peak_elements", "Held at most"),
        ("saved_elements", "Kept for gradients"),
    ),
    *(("path", "Path"), ("sees", "Tokens seen"), ("steps", "In sequence")),
)
_CURVES = (
    *(("flops", "operations, counted"), ("seconds", "seconds, measured"), ("peak_elements", "numbers held at most")),
    *(("state_elements", "numbers in the state"),),
)
_WAYS = ("path", "sees", "steps")
_LETTER = re.compile(r"(?<![A-Za-z])(?:[A-Z]|heads)(?![A-Za-z])")
_EXPLAINED = """
<b>Operations</b> are floating-point ones; a multiplication and an addition are two, and what is computed and then
masked counts. <b>Held at most</b>: the numbers alive at once during a call without gradients, beside inputs and
weights; <b>kept for gradients</b>: those that stay for the backward pass, beside the same. <b>Path</b>: the fewest
operations from a token to the last output, of the tokens that it sees the one farthest away (Vaswani et al. 2017,
table 1); <b>in sequence</b>: the most that must follow one another. A sum or a product of any length is one operation
there."""


def show_costs(figures: Figures, names: Mapping[str, str], *, key: str) -> None:
    """Draw the costs of ideas; ``names`` gives the name of each by its slug."""
    ideas = figures.get("ideas") or []
    if not ideas:
        return
    st.html(f"<h2>At these sizes</h2>{_tell_sizes(ideas)}{_build_costs(ideas, names)}")
    st.html(f'<p class="quiet" style="max-width:46rem">{_EXPLAINED}</p>')
    curved = [one for one in ideas if len(one["points"]) > 1]
    if curved:
        _show_curves(curved, names, key)
    _show_formulas([one for one in ideas if one["formulas"]], names)
    for one in ideas:
        left = [f"not counted: {', '.join(one['uncounted'])}"] if one["uncounted"] else []
        for note in [*one["notes"], *left]:
            st.html(f'<p class="quiet">{escape(_name(one, names))}: {escape(note)}.</p>')


def _name(idea: Figures, names: Mapping[str, str]) -> str:
    return names.get(idea["idea"], str(idea["idea"]))


def _tell_sizes(ideas: Sequence[Figures]) -> str:
    """Return the sizes that the ideas share, and what each has set, in a line."""
    sizes: dict[str, set[int]] = {}
    for one in ideas:
        for letter, size in one["sizes"].items():
            sizes.setdefault(letter, set()).add(size)
    told = ", ".join(f"{letter} = {' or '.join(map(str, sorted(found)))}" for letter, found in sizes.items())
    return f'<p class="quiet">{told}</p>' if told else ""


def _build_costs(ideas: Sequence[Figures], names: Mapping[str, str]) -> str:
    head = ["", *(words for _, words in _COLUMNS), "Time"]
    rows = [
        (
            idea_link(one["idea"], _name(one, names)),
            *(_tell(one["at"].get(name)) for name, _ in _COLUMNS),
            show_seconds(one["at"]["seconds"]).replace(" ", "&nbsp;") if one["at"].get("seconds") else "–",
        )
        for one in ideas
    ]
    return build_table(head, rows)


def _tell(count: object) -> str:
    return "–" if count is None else show_number(count)


def _show_curves(ideas: Sequence[Figures], names: Mapping[str, str], key: str) -> None:
    along = ideas[0]["along"]
    st.html(f"<h2>Along {escape(along)}</h2>")
    places = st.columns(2, gap="large")
    for number, (figure, up) in enumerate(_CURVES):
        curves = {
            _name(one, names): [
                (point[along], point[figure]) for point in [*one["points"], *one["beyond"]] if point.get(figure)
            ]
            for one in ideas
        }
        shown = {name: points for name, points in curves.items() if len(points) > 1}
        with places[number % 2]:
            if shown:
                draw(build_curves(shown, current_ink(), across=along, up=up, log="both"), key=f"{key} {figure}")
            else:
                st.html(f'<p class="quiet">No {up}: none of them has any.</p>')
    head = ["Power of the last doubling", *(up for _, up in _CURVES)]
    rows = [
        (escape(_name(one, names)), *(_tell(one["powers"].get(figure)) for figure, _ in _CURVES)) for one in ideas
    ]
    told = "Measured times are medians of three runs, and noisy. Where counting ends, curves go on by their formulas."
    st.html(f"{build_table(head, rows)}<p class='quiet'>{told}</p>")


def _show_formulas(ideas: Sequence[Figures], names: Mapping[str, str]) -> None:
    if not ideas:
        return
    st.html("<h2>As functions</h2><p class='quiet'>Found from the counts, and true of every one of them.</p>")
    places = st.columns(2, gap="large")
    for number, one in enumerate(ideas):
        rows = "".join(
            f"<dt>{words}</dt><dd>{set_formula(name, one)}</dd>" for name, words in _ROWS if name in one["formulas"]
        )
        places[number % 2].html(f"<h3>{escape(_name(one, names))}</h3><dl class='facts'>{rows}</dl>")


def set_formula(name: str, idea: Figures) -> str:
    """Return a formula with its letters in italics, and in a quiet weight for what it holds."""
    formula, along = idea["formulas"][name], idea["along"]
    limits = [f"{letter} = {size}" for letter, size in formula["fixed"].items()]
    if formula["every"] > 1:
        limits.append(f"T a multiple of {formula['every']}")
    if name in _WAYS:
        limits.append(f"T = {formula['from']} to {formula['to']}")
    elif formula["from"] > idea["points"][0][along]:
        limits.append(f"{along} from {formula['from']} on")
    text = _LETTER.sub(lambda found: f"<i>{found[0]}</i>", escape(formula["text"]))
    return f'{text} <span class="quiet">for {escape(", ".join(limits))}</span>' if limits else text
