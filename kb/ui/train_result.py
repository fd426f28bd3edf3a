"""What a small training gave: curves while it goes on, then a table, and the literature beside what was measured."""

import math
from collections.abc import Mapping
from typing import Any

import streamlit as st

from kb.reference.training.telling import is_in_bits, tell_gap, tell_guess, tell_score, tell_settings
from kb.ui.figures import build_curves, build_table, current_ink, draw
from kb.ui.links import escape, idea_link
from kb.ui.marks import verdict_mark
from kb.ui.numbers import show_number, show_seconds

Figures = Mapping[str, Any]
_MARKS = {"as expected": "verified", "the other way round": "refuted", "not separated": "inconclusive"}
_MARGIN = """Two ideas are apart where their difference is larger than two standard errors over the held-out
sequences, and at least 2 points or 0.02 bits."""
_NOTHING = "No statement of the literature about these ideas, as they stand, is known here."


def show_progress(figures: Figures, names: Mapping[str, str]) -> None:
    """Draw how far a training is: its step, and the curves so far."""
    if progress := figures.get("progress"):
        step, steps = progress["step"], progress["steps"]
        st.progress(step / steps, f"Step {step:,} of {steps:,}, {show_seconds(progress['seconds'])}")
    _show_curves(figures, names, key="so far")


def show_training(figures: Figures, names: Mapping[str, str], *, key: str) -> None:
    """Draw what a training gave; ``names`` gives the name of each idea by its slug."""
    if "ideas" not in figures:
        show_progress(figures, names)
        return
    ended = [row for row in figures["ideas"] if row["ended"]]
    failures = "".join(f"<p><b>{_name(row['label'], names)}</b> {escape(row['ended'])}.</p>" for row in ended)
    told = f"It stopped {figures['stopped']}. {tell_settings(figures)}."
    st.html(f'{_build_rows(figures, names)}{failures}<p class="quiet">{escape(told)}</p>')
    _show_curves(figures, names, key)
    if figures["expected"]:
        st.html(f"<h2>Expected, and measured</h2>{_build_expected(figures, names)}")
    else:
        st.html(f'<p class="quiet">{_NOTHING}</p>')


def _name(label: str, names: Mapping[str, str]) -> str:
    """Return what an idea is called, as HTML; one of two with the same slug has its place behind it."""
    slug, bracket, place = label.partition(" (")
    return escape(f"{names.get(slug, slug)}{bracket}{place}")


def _show_curves(figures: Figures, names: Mapping[str, str], key: str) -> None:
    curves = [curve for curve in figures.get("curves") or () if curve["steps"]]
    if not curves:
        return
    bits = is_in_bits(figures)
    loss = ("loss in bits per character", math.log(2)) if bits else ("loss in nats", 1.0)
    ends = (min(curve["steps"][0] for curve in curves), max(curve["steps"][-1] for curve in curves))
    places = st.columns(2, gap="large")
    for place, name, (words, unit) in (
        (places[0], "accuracy", ("right answers in %", 0.01)),
        (places[1], "loss", loss),
    ):
        lines = {names.get(curve["label"], curve["label"]): _points(curve, name, unit) for curve in curves}
        lines["a guess"] = [(end, figures["chance"][name] / unit) for end in ends]
        with place:
            draw(build_curves(lines, current_ink(), across="step", up=words), key=f"{key} {name}")


def _points(curve: Figures, name: str, unit: float) -> list[tuple[float, float]]:
    values = zip(curve["steps"], curve[name], strict=True)
    return [(step, value / unit) for step, value in values if value is not None]


def _build_rows(figures: Figures, names: Mapping[str, str]) -> str:
    bits = is_in_bits(figures)
    score = "Bits per character" if bits else "Right answers"
    head = ["", score, "Loss in nats", "99 % right at step", "Parameters", "Numbers in the state", "Computing"]
    rows = [
        (
            idea_link(row["label"], names.get(row["label"], row["label"])),
            tell_score(row, bits=bits) or "–",
            _tell(row["loss"]),
            ", ".join(map(_tell, row["solved_at"])),
            show_number(row["parameter_count"]),
            _tell(row["state_elements"]),
            show_seconds(row["seconds"]).replace(" ", "&nbsp;"),
        )
        for row in figures["ideas"]
    ]
    return build_table(head, [*rows, ("a guess", tell_guess(figures), _tell(figures["chance"]["loss"]), *[""] * 4)])


def _tell(value: object) -> str:
    return "–" if value is None else show_number(value)


def _build_expected(figures: Figures, names: Mapping[str, str]) -> str:
    rows = "".join(_build_finding(one, names, bits=is_in_bits(figures)) for one in figures["expected"])
    single = figures["training"]["seeds"] == 1
    more = "Under another seed it may be otherwise: train under several." if single else "All seeds must agree."
    return f'<ul class="rows">{rows}</ul><p class="quiet">{_MARGIN} {more}</p>'


def _build_finding(one: Figures, names: Mapping[str, str], *, bits: bool) -> str:
    sign, _, colour = verdict_mark(_MARKS.get(one["verdict"], "not_run"))
    gap = escape(tell_gap(one, bits=bits)).replace("-", "−")
    return (
        f'<li><span style="color:{colour}">{sign}</span>&ensp;{_name(one["ahead"], names)} ahead of '
        f"{_name(one['behind'], names)}: <b>{escape(one['verdict'])}</b> ({gap})<br>"
        f'<span class="quiet">{escape(one["says"])} {escape(one["evidence"])}.</span></li>'
    )
