"""Weights of a Transformer block, drawn so that no gain of one and no bias of zero hides anything."""

from typing import TYPE_CHECKING

from kb.claims.draw import Draw

if TYPE_CHECKING:
    from torch import Tensor

    Weights = dict[str, Tensor]


def draw_block(draw: Draw, width: int, hidden: int, *, norms: int = 2, shifts: bool = True) -> "Weights":
    """Return attention (width, width), a feed-forward network, and gains g and shifts c of ``norms`` norms.

    Matrices have variance one over their rows, gains lie around one, biases and shifts around zero.
    """
    matrices = {"w_1": (width, hidden), "w_2": (hidden, width)}
    matrices |= dict.fromkeys(("w_q", "w_k", "w_v", "w_o"), (width, width))
    w = {name: draw.normal(*shape, scale=shape[0] ** -0.5) for name, shape in matrices.items()}
    w |= {"b_1": draw.normal(hidden, scale=0.3), "b_2": draw.normal(width, scale=0.3)}
    for place in range(1, norms + 1):
        w[f"g_{place}"] = 1 + draw.normal(width, scale=0.3)
        w[f"c_{place}"] = draw.normal(width, scale=0.3 if shifts else 0.0)
    return w


def at_rest(x: "Tensor") -> "Tensor":
    """Return tokens (..., D) that a layer norm of gain one, shift zero and epsilon 1e-5 leaves as they are."""
    centred = x - x.mean(dim=-1, keepdim=True)
    scale: Tensor = ((1 - 1e-5) / centred.square().mean(dim=-1, keepdim=True)).sqrt()
    return centred * scale


def without(w: "Weights", *names: str) -> "Weights":
    """Return the weights with those named set to zero."""
    return {**w, **{name: w[name] * 0 for name in names}}
