"""What a training gave, in words that both front doors use: scores and gaps in the unit of their task."""

import math
from collections.abc import Mapping
from typing import Any

Figures = Mapping[str, Any]
"""As ``guest_training`` reports them."""


def is_in_bits(figures: Figures) -> bool:
    """Tell whether the score of a training is bits per character, of which less is better, or right answers."""
    return bool(figures["task"]["slug"] == "text")


def tell_score(row: Figures, *, bits: bool) -> str:
    """Return an idea's score, with several seeds also the least and the greatest; empty where there is none."""
    name = "loss" if bits else "accuracy"
    if row[name] is None:
        return ""
    mean, several = _tell_one(row[name], bits=bits), sorted(row[f"{name}_by_seed"])
    if len(several) < 2:
        return mean
    return f"{mean} ({_tell_one(several[0], bits=bits)} to {_tell_one(several[-1], bits=bits)})"


def tell_guess(figures: Figures) -> str:
    """Return the score of a guess."""
    bits = is_in_bits(figures)
    return _tell_one(figures["chance"]["loss" if bits else "accuracy"], bits=bits)


def tell_gap(one: Figures, *, bits: bool) -> str:
    """Return by how much the first of two is ahead, and the margin within which that says nothing."""
    if one["gap"] is None:
        return str(one["why"])
    gap, margin = ((value if bits else 100 * value) for value in (one["gap"], one["margin"]))
    digits, unit = (2, "bits") if bits else (1, "points")
    told = f"ahead by {gap:.{digits}f} {unit}; the margin is {margin:.{digits}f}"
    return f"{told}; {one['why']}" if one["why"] else told


def tell_settings(figures: Figures) -> str:
    """Return what was set of the task and of the training, all of it."""
    set_ = {**{name: value for name, value in figures["task"].items() if name != "slug"}, **figures["training"]}
    return ", ".join(f"{name} = {value:g}" for name, value in set_.items())


def _tell_one(value: float, *, bits: bool) -> str:
    # a space at which no line breaks
    return f"{value / math.log(2):.2f}" if bits else f"{100 * value:.1f}\u00a0%"
