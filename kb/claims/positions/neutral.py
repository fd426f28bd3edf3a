"""Every scheme of positions where it says nothing: plain attention."""

from functools import partial
from typing import TYPE_CHECKING, Any

from kb.claims.claim import Claim, Measurement, Subject, find_worst
from kb.claims.draw import Draw
from kb.claims.measure import relative
from kb.claims.positions._scores import CHANNELS, HEADS, attend, draw_pair, score
from kb.records import Evidence

if TYPE_CHECKING:
    from torch import Tensor

_NEUTRAL: dict[str, dict[str, Any]] = {
    "sinusoidal-positions": {"amplitude": 0.0, "scaled": True},
    "rotary-positions": {"fraction": 0.0, "scaled": True},
    "alibi": {"strength": 0.0},
    "relative-positions": {"reach": 0},
    "t5-relative-bias": {"buckets": 1, "scaled": True},
}


def _check(subject: Subject, draw: Draw) -> Measurement:
    """Measure the worst difference between attention's answers under the subject's scores and without positions."""
    import torch

    from kb.reference.scaled_dot_product_attention import scaled_dot_product_attention

    (q, k), v = draw_pair(draw), draw.normal(2, 6, HEADS, 5)
    apart = []
    for causal in (True, False):
        expected = scaled_dot_product_attention(q, k, v, causal=causal)[0]
        for scores in subject(q, k, draw.normal(1, CHANNELS), draw.normal(1, HEADS)):
            apart.append(relative(torch.einsum("bhij,bjhv->bihv", attend(scores, causal), v), expected))
    return Measurement(find_worst(apart))


def _schemes(
    q: "Tensor", k: "Tensor", vector: "Tensor", number: "Tensor", only: str = "", **other: Any
) -> "list[Tensor]":
    """Return the scores of all schemes at their neutral values; or of ``only`` one, with other values."""
    weights: dict[str, list[Any]] = {
        "relative-positions": [{"a_behind": vector[:0], "a_ahead": vector[:0], "a_here": vector}],
        "t5-relative-bias": [{"b_distance": number.expand(int(other.get("buckets", 1)), HEADS)}],
    }
    if other.get("reach"):
        weights["relative-positions"] = [{"a_behind": vector, "a_ahead": -vector, "a_here": 0 * vector}]
    return [
        score(scheme, q, k, *weights.get(scheme, []), **(values | other))
        for scheme, values in _NEUTRAL.items()
        if only in ("", scheme)
    ]


def _two_buckets(q: "Tensor", k: "Tensor", vector: "Tensor", number: "Tensor") -> "list[Tensor]":
    import torch

    table = torch.cat([number, 0 * number])
    return [score("t5-relative-bias", q, k, {"b_distance": table}, buckets=2, scaled=True)]


CLAIMS = (
    Claim(
        id="positions-that-say-nothing-leave-plain-attention",
        statement=(
            "Sinusoids of amplitude zero, a rotation of no channel, a slope of zero, one vector for all distances "
            "and one number for all distances leave scaled dot-product attention, causal or not: what is added to a "
            "whole row of scores goes out in the softmax."
        ),
        kind="reduction",
        between=(
            "scaled-dot-product-attention",
            "sinusoidal-positions",
            "relative-positions",
            "t5-relative-bias",
            "rotary-positions",
            "alibi",
        ),
        evidence=Evidence("arxiv:1706.03762", "Section 3.5"),
        inputs="standard normal q, k, v, vector and number; B 2, T 6, H 2, K 6; float64 and float32",
        equation=r"\mathrm{softmax}_j (s_{ij} + c_i) = \mathrm{softmax}_j (s_{ij})",
        bound=1e-12,
        bound_single=1e-4,
        why_bound="The same scores, but for rounding and a constant a row.",
        pitfall="A vector for all distances is not nothing in the scores: its product with the query moves the row.",
        papers=("arxiv:1803.02155", "arxiv:1910.10683", "arxiv:2104.09864", "arxiv:2108.12409"),
        family="positions",
        check=_check,
        subject=_schemes,
        wrong_variants={
            "sinusoids of amplitude one half": partial(_schemes, only="sinusoidal-positions", amplitude=0.5),
            "a third of the channels turned": partial(_schemes, only="rotary-positions", fraction=0.34),
            "scores of T5 as T5 leaves them": partial(_schemes, only="t5-relative-bias", scaled=False),
            "a slope of one tenth": partial(_schemes, only="alibi", strength=0.1),
            "vectors for neighbours": partial(_schemes, only="relative-positions", reach=1),
            "two buckets": _two_buckets,
        },
        executes=(
            "sinusoidal-positions",
            "rotary-positions",
            "alibi",
            "relative-positions",
            "t5-relative-bias",
            "scaled-dot-product-attention",
        ),
    ),
)
