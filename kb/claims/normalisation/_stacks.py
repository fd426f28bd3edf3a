"""Stacks of random blocks in the setting of the analysis of 2020: one head that looks everywhere alike, no biases."""

from typing import TYPE_CHECKING

from kb.claims.draw import Draw

if TYPE_CHECKING:
    from torch import Tensor

    Weights = dict[str, Tensor]


def draw_even_block(draw: Draw, width: int, *, gain: float = 1.0) -> "Weights":
    """Return a block whose queries and keys are zero and whose other matrices have variance ``gain`` over the width.

    W_O is the identity, the feed-forward network as wide as the stream, gains are one, biases and shifts zero.
    """
    import torch

    w = {name: draw.normal(width, width, scale=(gain / width) ** 0.5) for name in ("w_v", "w_1", "w_2")}
    zeros, ones = w["w_v"].new_zeros(width), w["w_v"].new_ones(width)
    w |= {"w_q": zeros.expand(width, width), "w_k": zeros.expand(width, width)}
    w |= {"w_o": torch.eye(width, dtype=draw.dtype), "b_1": zeros, "b_2": zeros}
    return w | {"g_1": ones, "g_2": ones, "c_1": zeros, "c_2": zeros}


def slope(depths: tuple[int, ...], figures: list[float]) -> float:
    """Return the exponent of the power of the depth that fits the figures best, by least squares of the
    logarithms."""
    import math

    x, y = [math.log(depth) for depth in depths], [math.log(figure) for figure in figures]
    mean_x, mean_y = sum(x) / len(x), sum(y) / len(y)
    rise = sum((a - mean_x) * (b - mean_y) for a, b in zip(x, y, strict=True))
    return rise / sum((a - mean_x) ** 2 for a in x)
