"""What the claims on positions share: inputs, shares of attention, and scores of shipped schemes by name."""

from typing import TYPE_CHECKING, Any

from kb.claims.draw import Draw

if TYPE_CHECKING:
    from torch import Tensor

TOKENS, HEADS, CHANNELS = 6, 2, 6


def draw_pair(draw: Draw, tokens: int = TOKENS, channels: int = CHANNELS) -> "tuple[Tensor, Tensor]":
    """Return standard normal q and k (2, T, H, K)."""
    q, k = draw.normal(2, 2, tokens, HEADS, channels)
    return q, k


def attend(scores: "Tensor", causal: bool = True) -> "Tensor":
    """Return the shares of attention (B, H, T, T): the softmax over the keys, over the past where causal."""
    import torch

    future = torch.ones(scores.shape[-2:], dtype=torch.bool).triu(1)
    return (scores.masked_fill(future, -torch.inf) if causal else scores).softmax(dim=-1)


def distances(tokens: int, like: "Tensor") -> "Tensor":
    """Return i - j (T, T)."""
    import torch

    place = torch.arange(tokens, dtype=like.dtype)
    return place[:, None] - place


def score(scheme: str, q: "Tensor", k: "Tensor", *weights: Any, **options: Any) -> "Tensor":
    """Return what a shipped scheme of positions makes of q and k (B, H, T, T)."""
    from kb.reference.inputs import load_function
    from kb.reference.registry import get_idea

    found: Tensor = load_function(get_idea(scheme))(q, k, *weights, **options)
    return found


def has_parameters(scheme: str) -> bool:
    """Return whether a shipped scheme declares weights."""
    from kb.reference.registry import get_idea

    return bool(get_idea(scheme).sections.get("Weights"))
