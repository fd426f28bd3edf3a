"""What a comparison gave: which agree, by how much they differ and where, costs and their growth, gradients."""

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from kb.ui.figures import build_curves, build_heat_map, build_table, current_ink, draw
from kb.ui.gradients import show_gradients
from kb.ui.links import escape, idea_link
from kb.ui.numbers import show_number, show_seconds

Figures = Mapping[str, Any]
_GROWTH = (
    ("flops", "operations, counted"),
    ("state_elements", "numbers in the state"),
    ("seconds", "seconds, measured"),
)


def show_comparison(figures: Figures, names: Mapping[str, str]) -> None:
    """Draw a comparison; ``names`` gives the name of each idea by its slug."""
    for pair in figures["pairs"]:
        st.html(tell_pair(pair, names))
    _show_costs(figures["ideas"], names)
    different = [pair for pair in figures["pairs"] if pair.get("first_index") is not None]
    if different:
        st.html("<h2>Where they differ</h2>")
        _show_differences(different, names)
    _show_growth(figures["ideas"], names)
    show_gradients(figures["ideas"], names)


def tell_pair(pair: Figures, names: Mapping[str, str]) -> str:
    """Return in a sentence whether two outputs are equal, and if not how far apart they are and where first."""
    both = " and ".join(escape(names.get(one, one)) for one in pair["between"])
    if not pair["comparable"]:
        shapes = " and ".join(" × ".join(str(n) for n in shape) for shape in pair["shapes"])
        return f"<p><b>{both}</b> give outputs of different shapes, {shapes}: there is nothing to subtract.</p>"
    if pair["first_index"] is None:
        apart = pair["max_abs"]
        told = "no difference at all" if apart == 0 else f"the greatest difference is {show_number(apart)}"
        return f"<p>= &ensp;<b>{both} are equal within rounding</b>: {told}.</p>"
    where = ", ".join(f"{name} {place}" for name, place in zip(pair["axes"], pair["first_index"], strict=True))
    both_values = " and ".join(map(show_number, pair.get("first_values") or ()))
    values = f", where they are {both_values}" if both_values else ""
    share = pair["relative"]
    relative = f", {show_number(100 * share)} % of the largest value" if share is not None else ""
    return (
        f"<p>≠ &ensp;<b>{both} differ</b> by up to {show_number(pair['max_abs'])}{relative}; "
        f"first at {where} (counted from 0){values}.</p>"
    )


def _show_costs(ideas: Sequence[Figures], names: Mapping[str, str]) -> None:
    head = ["", *(idea_link(one["idea"], names.get(one["idea"], one["idea"])) for one in ideas)]
    rows = [
        ("Parameters", *(show_number(one["parameter_count"]) for one in ideas)),
        ("Numbers in the state", *(_state(one["state_elements"]) for one in ideas)),
        ("Floating-point operations", *(_last(one["growth"], "flops") for one in ideas)),
        ("of these in matrix products", *(_last(one["growth"], "matmul_flops") for one in ideas)),
        ("Time", *(show_seconds(one["seconds"]) for one in ideas)),
        ("Mean of the output", *(show_number(one["mean"]) for one in ideas)),
        ("Its standard deviation", *(show_number(one["std"]) for one in ideas)),
    ]
    if all("loss" in one for one in ideas):
        unit = ", in nats" if ideas[0].get("form") == "objective" else ""
        rows.insert(0, (f"Loss on average{unit}", *(show_number(one["loss"]) for one in ideas)))
    st.html(f"<h2>What each costs</h2>{build_table(head, rows)}")


def _state(count: int | None) -> str:
    return "none" if count is None else show_number(count)


def _last(growth: Sequence[Figures], name: str) -> str:
    # runs that an earlier version recorded have only the products
    return show_number(growth[-1][name]) if growth and name in growth[-1] else "not counted"


def _show_differences(pairs: Sequence[Figures], names: Mapping[str, str]) -> None:
    places = st.columns(2, gap="large")
    for number, pair in enumerate(pairs):
        with places[number % 2]:
            both = " and ".join(names.get(one, one) for one in pair["between"])
            pooled = "; each cell is the largest of a patch" if pair["heat_pooled"] else ""
            st.html(f'<p class="quiet">{escape(both)}, size of the difference{pooled}</p>')
            down, across = pair["heat_axes"]
            option = build_heat_map(pair["heat"], current_ink(), across=across, down=down, diverging=False)
            draw(option, key=f"difference {number}")


def _show_growth(ideas: Sequence[Figures], names: Mapping[str, str]) -> None:
    if not all(len(one["growth"]) > 1 for one in ideas):
        return
    st.html("<h2>How it grows with the number of tokens</h2>")
    found = [(figure, up, _find_curves(ideas, names, figure)) for figure, up in _GROWTH]
    shown = [(figure, up, curves) for figure, up, curves in found if curves]
    for place, (figure, up, curves) in zip(st.columns(3, gap="medium"), shown, strict=False):
        with place:
            draw(build_curves(curves, current_ink(), across="T", up=up, log="both"), key=f"growth {figure}")
    for _, up, _ in (one for one in found if one not in shown):
        st.html(f'<p class="quiet">No {up}: none of them has any.</p>')


def _find_curves(
    ideas: Sequence[Figures], names: Mapping[str, str], figure: str
) -> dict[str, list[tuple[float, float]]]:
    """Return how a figure grows, of those ideas in which it is never zero: an axis of powers of ten has no zero."""
    return {
        names.get(one["idea"], one["idea"]): [(step["T"], step[figure]) for step in one["growth"]]
        for one in ideas
        if all(step.get(figure) for step in one["growth"])
    }
