"""The second part of a composed program: what is shown of an output, and how far two outputs are apart.

Figures are JSON values: a number that is not finite becomes None.
"""

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import adaptive_max_pool2d

SLICE = 16
"""How many rows and columns of an output are shown."""
HEAT = 32
"""How many rows and columns a map of differences has at most; beyond, the largest of a patch stands for it."""
STEPS = 200
"""How many steps of a schedule or positions of a sequence are shown."""
SEQUENCES = 4
"""How many sequences' losses are shown."""
TOLERANCE = 1e-9
"""Outputs differ where they are further apart than this, times the largest magnitude."""


def show(output: Tensor, axes: Sequence[str]) -> dict[str, Any]:
    """Return shape, moments and a part of an output that can be drawn; ``axes`` names its axes."""
    values, axes = output.detach().double(), _name_axes(output, axes)
    return {
        "shape": list(output.shape),
        "axes": axes,
        "dtype": str(output.dtype).removeprefix("torch."),
        "finite": bool(values.isfinite().all()),
        "mean": plain(values.mean()),
        "std": plain(values.std(correction=0)),
        "min": plain(values.min()),
        "max": plain(values.max()),
        **_show_part(values, axes),
    }


def _show_part(values: Tensor, axes: list[str]) -> dict[str, Any]:
    """Return losses, a schedule's curves, or a corner: first batch, first head, at most SLICE x SLICE."""
    if axes in (["batch", "token"], ["batch", "step"]):
        return _show_losses(values)
    if values.dim() == 2:
        steps = thin(len(values))
        return {"steps": steps.tolist(), "curves": _rows(values[steps].T)}
    if values.dim() not in (3, 4):
        return {"slice": []}
    down, across = _plane(axes)
    first = values[tuple(slice(SLICE) if place in (down, across) else 0 for place in range(values.dim()))]
    return {"slice": _rows(first), "slice_axes": [axes[down], axes[across]]}


def _name_axes(output: Tensor, axes: Sequence[str]) -> list[str]:
    """Return the names of an output's axes: its form's, or numbers where it has another number of them."""
    return list(axes) if output.dim() == len(axes) else [f"axis {place}" for place in range(output.dim())]


def _plane(axes: Sequence[str]) -> tuple[int, int]:
    """Return which two axes of an output are drawn, down and across: tokens and channels, or queries and keys."""
    across = len(axes) - 1
    return next((place for place in range(across) if axes[place] in ("token", "query")), 0), across


def _show_losses(values: Tensor) -> dict[str, Any]:
    """Return losses by position: of the first sequences, and on average over all that have one there."""
    positions, counts = thin(values.shape[1]), values != 0
    # 0 means that a position has no loss; it is left out of the curve and of the mean
    with_gaps = values.masked_fill(~counts, math.nan)
    return {
        "positions": positions.tolist(),
        "curves": _rows(with_gaps[:SEQUENCES, positions]),
        "average": [plain(value) for value in with_gaps.nanmean(dim=0)[positions]],
        "loss": plain(with_gaps.nanmean()),
        "counted": int(counts.sum()),
    }


def thin(length: int) -> Tensor:
    """Return which places of a row are shown: all, or STEPS evenly spaced ones."""
    return torch.linspace(0, length - 1, min(STEPS, length)).round().long()


def compare(one: Tensor, other: Tensor, axes: Sequence[str]) -> dict[str, Any]:
    """Return how far two outputs are apart, where first, and a map of it over two axes."""
    if one.shape != other.shape:
        return {"comparable": False, "shapes": [list(one.shape), list(other.shape)]}
    if one.dim() < 2:
        one, other = one.reshape(1, -1), other.reshape(1, -1)
    apart = (one.double() - other.double()).abs()
    finite = torch.stack([one.double(), other.double()]).abs().nan_to_num(nan=0.0, posinf=0.0)
    scale = float(finite.max())
    places = (~(apart <= TOLERANCE * scale)).nonzero()
    axes = _name_axes(apart, axes)
    down, across = _plane(axes)
    # the largest of all batches (and of all heads, where they stand before the rows); other heads beside one another
    rows = (apart.amax(dim=tuple(range(down))) if down else apart).flatten(1).nan_to_num(nan=math.inf)
    size = min(HEAT, rows.shape[0]), min(HEAT, rows.shape[1])
    return {
        "comparable": True,
        "max_abs": plain(apart.max()),
        "relative": plain(apart.max() / scale) if scale else 0.0,
        "tolerance": TOLERANCE,
        "first_index": places[0].tolist() if len(places) else None,
        "first_values": [plain(values[tuple(places[0])]) for values in (one, other)] if len(places) else None,
        "axes": axes,
        "heat": _rows(adaptive_max_pool2d(rows[None], size)[0]),
        "heat_axes": [axes[down], axes[across]],
        "heat_pooled": size != tuple(rows.shape),
    }


def _rows(matrix: Tensor) -> list[list[float | None]]:
    return [[plain(value) for value in row] for row in matrix.tolist()]


def plain(value: float | Tensor) -> float | None:
    """Return a number with six digits, None where it is not finite."""
    number = float(value)
    return float(f"{number:.6g}") if math.isfinite(number) else None
