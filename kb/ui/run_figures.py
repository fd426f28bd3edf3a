"""The figures of a run of one idea: what the output is, a picture of it, what it costs and how that grows."""

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from kb.ui.figures import build_curves, build_heat_map, build_table, current_ink, draw
from kb.ui.links import escape
from kb.ui.numbers import show_number, show_seconds

Figures = Mapping[str, Any]


def show_run(figures: Figures, key: str) -> None:
    """Draw the figures of a run of one idea: a table, the output, how it grows."""
    left, right = st.columns([2, 3], gap="medium")
    with left:
        st.html(build_table(("", ""), _rows(figures)))
    with right:
        show_output(figures, key=f"{key} output")
    if len(figures.get("growth") or ()) > 1:
        st.html(f'<p class="quiet">How it grows with the number of tokens T</p>{_grow(figures["growth"])}')


def _rows(figures: Figures) -> list[tuple[str, str]]:
    state = figures.get("state_elements")
    shape = " × ".join(str(n) for n in figures.get("shape", ()))
    rows = [
        ("Output", f"{escape(shape)}, {escape(str(figures.get('dtype')))}"),
        ("Mean", show_number(figures.get("mean"))),
        ("Standard deviation", show_number(figures.get("std"))),
        ("Least and greatest", f"{show_number(figures.get('min'))} to {show_number(figures.get('max'))}"),
        ("Parameters", show_number(figures.get("parameter_count"))),
        ("State", "none" if state is None else f"{show_number(state)} numbers"),
        ("Time", show_seconds(figures.get("seconds"))),
    ]
    if "loss" in figures:
        unit = " nats" if figures.get("form") == "objective" else ""
        mean = f"{show_number(figures['loss'])}{unit}, over {show_number(figures['counted'])} positions"
        rows.insert(1, ("Loss on average", mean))
    if gates := figures.get("gates"):
        rows.insert(0, ("Gates", escape(", ".join(f"{name} {span}" for name, span in gates.items()))))
    if not figures.get("finite", True):
        rows.insert(1, ("Beware", "some values are not finite"))
    return rows


def show_output(figures: Figures, *, key: str) -> None:
    """Draw a heat map of an output's corner, an objective's losses, or a schedule's curves."""
    if "positions" in figures:
        _show_losses(figures, key)
        return
    if curves := figures.get("curves"):
        option = build_curves(_groups(figures["steps"], curves), current_ink(), across="step", up="rate")
        draw(option, key=key)
        return
    if rows := figures.get("slice"):
        st.html('<p class="quiet">A corner of the output: first batch, first head, at most 16 × 16</p>')
        down, across = figures["slice_axes"]
        draw(build_heat_map(rows, current_ink(), across=across, down=down), key=key)


def _show_losses(figures: Figures, key: str) -> None:
    """Draw the losses of the first sequences and their mean, and what the first one says."""
    positions = figures["positions"]
    sequences = {f"sequence {place}": curve for place, curve in enumerate(figures["curves"])}
    curves = {"mean of all": figures["average"], **sequences}
    points = {name: _points(positions, curve) for name, curve in curves.items()}
    up = "loss in nats" if figures.get("form") == "objective" else "loss"
    draw(build_curves(points, current_ink(), across="position", up=up), key=key)
    if words := figures.get("words"):
        st.html(f'<p class="quiet">Sequence 0 reads: {escape(" ".join(words))}</p>')


def _groups(steps: Sequence[float], curves: Sequence[Sequence[float | None]]) -> dict[str, list[tuple[float, float]]]:
    return {f"group {place}": _points(steps, curve) for place, curve in enumerate(curves)}


def _points(places: Sequence[float], values: Sequence[float | None]) -> list[tuple[float, float]]:
    return [(place, value) for place, value in zip(places, values, strict=True) if value is not None]


def _grow(growth: Sequence[Figures]) -> str:
    rows = [
        (
            f"T = {show_number(one['T'])}",
            show_number(one["matmul_flops"]),
            "none" if one["state_elements"] is None else show_number(one["state_elements"]),
        )
        for one in growth
    ]
    return build_table(("", "operations in matrix products", "numbers in the state"), rows)
