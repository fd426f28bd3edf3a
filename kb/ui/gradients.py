"""How large the gradient is that arrives at each layer, token or weight: curves and tables of norms."""

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from kb.ui.figures import build_curves, build_table, current_ink, draw
from kb.ui.links import escape
from kb.ui.numbers import show_number

Figures = Mapping[str, Any]
Curves = dict[str, list[tuple[float, float]]]
STACKED = ("norm", "feed-forward", "recurrence", "block")
"""The forms of which copies stand on one another; the guest has the same list."""
_ROUNDING = 1e-12
_LOSS = "The loss is the sum of the output times fixed random numbers, the same for all of them"


def show_gradients(ideas: Sequence[Figures], names: Mapping[str, str]) -> None:
    """Draw the norms of gradients of a comparison; nothing where an earlier version recorded none."""
    found = {names.get(one["idea"], one["idea"]): one["gradients"] for one in ideas if one.get("gradients")}
    if not found:
        return
    objective = ideas[0]["form"].endswith("objective")
    st.html(f'<h2>Gradients</h2><p class="quiet">{"The loss is the sum of all losses" if objective else _LOSS}.</p>')
    for name, gradients in found.items():
        if "why" in gradients:
            st.html(f"<p>{escape(name)} has none to show: {escape(str(gradients['why']))}.</p>")
    if layered := {name: one["layers"] for name, one in found.items() if "layers" in one}:
        _show_layers(layered)
    if tokens := {name: one["tokens"] for name, one in found.items() if "tokens" in one}:
        _show_tokens(tokens)
    if whole := {name: one["whole"] for name, one in found.items() if "whole" in one}:
        _show_whole(whole)


def _show_layers(layered: Mapping[str, Sequence[Figures]]) -> None:
    count = max(len(layers) for layers in layered.values())
    st.html(
        f"<p>Norms of the gradient in a stack of {count} copies, each with weights of its own: how much of it "
        "arrives at a layer on its way back from the last.</p>"
    )
    left, right = st.columns(2, gap="large")
    for place, side, up in (
        (left, "input", "gradient at what a layer reads"),
        (right, "weights", "gradient at its weights"),
    ):
        curves = {name: _keep([(one["layer"], one[side]) for one in layers]) for name, layers in layered.items()}
        with place:
            _draw(curves, across="layer", up=up, key=f"gradient {side}")


def _show_tokens(tokens: Mapping[str, Mapping[str, Sequence[Any]]]) -> None:
    st.html("<p>Norms of the gradient with respect to each input, token by token.</p>")
    inputs = list(dict.fromkeys(name for one in tokens.values() for name in one if name != "positions"))
    places = st.columns(min(3, len(inputs)), gap="medium")
    for number, name in enumerate(inputs):
        having = {idea: one for idea, one in tokens.items() if name in one}
        curves = {idea: _keep(list(zip(one["positions"], one[name], strict=True))) for idea, one in having.items()}
        with places[number % len(places)]:
            _draw(curves, across="token", up=f"gradient at {name}", key=f"gradient {name}")


def _show_whole(whole: Mapping[str, Mapping[str, float | None]]) -> None:
    rows = list(dict.fromkeys(weight for one in whole.values() for weight in one))
    head = ["Norm of the gradient at", *(escape(name) for name in whole)]
    cells = [
        (f"<code>{escape(row)}</code>", *(show_number(one[row]) if row in one else "" for one in whole.values()))
        for row in rows
    ]
    st.html(build_table(head, cells))


def _keep(points: Sequence[tuple[float, float | None]]) -> list[tuple[float, float]]:
    """Return the points that a logarithmic axis can show: no zero, as it is rounded too, and none but finite ones."""
    finite = [(place, norm) for place, norm in points if norm]
    least = _ROUNDING * max((norm for _, norm in finite), default=0.0)
    return [(place, norm) for place, norm in finite if norm > least]


def _draw(curves: Curves, *, across: str, up: str, key: str) -> None:
    shown = {name: points for name, points in curves.items() if points}
    if shown:
        draw(build_curves(shown, current_ink(), across=across, up=up, log="up"), key=key, height_px=280)
    for name in curves.keys() - shown.keys():
        st.html(f'<p class="quiet">{escape(name)}: no {escape(up)}, or none that is finite.</p>')
