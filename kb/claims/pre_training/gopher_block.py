"""Gopher's block: what is left of it without distances, on tokens whose mean is zero."""

import math
from typing import TYPE_CHECKING

from kb.claims.claim import Claim, Measurement, Subject
from kb.claims.draw import Draw
from kb.claims.measure import relative
from kb.claims.normalisation._blocks import draw_block, without
from kb.records import Evidence

if TYPE_CHECKING:
    from torch import Tensor

    Weights = dict[str, Tensor]

_HEADS = 2
_SIZE = 1e7
"""Of the tokens and of all that is added to them: epsilon, 1e-6 in the one and 1e-5 in the other, is nothing then."""


def _check(subject: Subject, draw: Draw) -> Measurement:
    """Measure the subject against a Pre-LN block with GELU and norms without shift."""
    from kb.reference.pre_ln import pre_ln

    x, w = _SIZE * _centred(draw.normal(2, 8, 16)), draw_block(draw, 16, 32, shifts=False)
    w |= {name: _SIZE * w[name] for name in ("w_2", "b_2")}
    # what attention adds has mean zero too, so that the second norm's tokens have
    w["w_o"] = _SIZE * _centred(w["w_o"])
    w |= {"w_rel": draw.normal(16, 16) / 4, "u_content": draw.normal(16), "v_distance": draw.normal(16)}
    return Measurement(relative(subject(x, w), pre_ln(x, w, activation="gelu")))


def _check_whole(subject: Subject, draw: Draw) -> Measurement:
    """Measure the subject against its parts: RMSNorm, four scores for each pair, the feed-forward network."""
    from kb.reference.position_wise_feed_forward import position_wise_feed_forward
    from kb.reference.rms_norm import rms_norm

    x, w = draw.normal(1, 6, 8), draw_block(draw, 8, 16)
    w |= {"w_rel": draw.normal(8, 8) / 3, "u_content": draw.normal(8), "v_distance": draw.normal(8)}
    z = x + _attend_in_pairs(rms_norm(x, {"g": w["g_1"]}, eps=1e-6), w) @ w["w_o"]
    expected = z + position_wise_feed_forward(rms_norm(z, {"g": w["g_2"]}, eps=1e-6), w, activation="gelu")
    return Measurement(relative(subject(x, w), expected))


def _attend_in_pairs(x: "Tensor", w: "Weights") -> "Tensor":
    """Return the heads of causal attention, each score the sum of four products, pair by pair."""
    import torch

    _, T, D = x.shape
    q, k, v = (x[0] @ w[name] for name in ("w_q", "w_k", "w_v"))
    rate = 10000.0 ** -(torch.arange(0, D, 2, dtype=x.dtype) / D)
    heads = []
    for part in torch.arange(D).chunk(_HEADS):
        u, far = w["u_content"][part], w["v_distance"][part]
        scores = x.new_full((T, T), -math.inf)
        for i in range(T):
            for j in range(i + 1):
                wave = torch.cat([((i - j) * rate).sin(), ((i - j) * rate).cos()]) @ w["w_rel"][:, part]
                four = q[i, part] @ k[j, part], q[i, part] @ wave, u @ k[j, part], far @ wave
                scores[i, j] = sum(four) / len(part) ** 0.5
        heads.append(scores.softmax(dim=-1) @ v[:, part])
    return torch.cat(heads, dim=-1)[None]


def _centred(x: "Tensor") -> "Tensor":
    return x - x.mean(dim=-1, keepdim=True)


def _gopher(x: "Tensor", w: "Weights", activation: str = "gelu") -> "Tensor":
    from kb.reference.gopher_block import gopher_block

    return gopher_block(x, w, activation=activation)


def _without_distances(x: "Tensor", w: "Weights") -> "Tensor":
    return _gopher(x, without(w, "w_rel", "u_content"))


def _as_shipped(x: "Tensor", w: "Weights") -> "Tensor":
    return _gopher(x, w)


def _u_and_v_exchanged(x: "Tensor", w: "Weights") -> "Tensor":
    return _gopher(x, {**w, "u_content": w["v_distance"], "v_distance": w["u_content"]})


def _distance_question_left_out(x: "Tensor", w: "Weights") -> "Tensor":
    return _gopher(x, without(w, "v_distance"))


def _mean_taken_away(x: "Tensor", w: "Weights") -> "Tensor":
    return _gopher(_centred(x), w) + x - _centred(x)


def _as_shipped_relu(x: "Tensor", w: "Weights") -> "Tensor":
    return _gopher(x, w, "relu")


def _question_left(x: "Tensor", w: "Weights") -> "Tensor":
    return _gopher(x, without(w, "w_rel"))


def _distances_left(x: "Tensor", w: "Weights") -> "Tensor":
    return _gopher(x, without(w, "u_content", "v_distance"))


def _constant_added(x: "Tensor", w: "Weights") -> "Tensor":
    # layer normalisation would not see it
    return _gopher(x + _SIZE, without(w, "w_rel", "u_content")) - _SIZE


def _relu(x: "Tensor", w: "Weights") -> "Tensor":
    return _gopher(x, without(w, "w_rel", "u_content"), "relu")


CLAIMS = (
    Claim(
        id="gopher-block-adds-four-scores-for-each-pair",
        statement=(
            "Gopher's block is RMSNorm in front of attention and of a GELU network, and each score of its attention "
            "the sum of four products, of content and of distance, all over the root of a head's width."
        ),
        kind="equality",
        between=("rms-norm", "segment-recurrence", "gopher-block"),
        evidence=Evidence("arxiv:2112.11446", "Section on models"),
        inputs="normal x and weights, gains around 1; B 1, T 6, D 8, 2 heads, F 16; float64",
        equation=(
            r"A_{ij} = \frac{q_i^\top k_j + q_i^\top W_R r_{i-j} + u^\top k_j + v^\top W_R r_{i-j}}{\sqrt{d_k}}"
        ),
        bound=1e-12,
        why_bound="The same sums of at most 16 products, pair by pair: rounding is near 1e-15.",
        papers=("arxiv:1901.02860", "arxiv:1910.07467"),
        family="pre-training",
        check=_check_whole,
        subject=_as_shipped,
        wrong_variants={
            "without distances": _without_distances,
            "both questions left out": _distances_left,
            "u and v exchanged": _u_and_v_exchanged,
            "the question v left out": _distance_question_left_out,
            "the mean taken away": _mean_taken_away,
            "ReLU for GELU": _as_shipped_relu,
        },
        executes=("gopher-block", "rms-norm", "position-wise-feed-forward"),
    ),
    Claim(
        id="gopher-block-without-distances-is-pre-ln-on-centred-tokens",
        statement=(
            "Without the matrix for distances and the question u, Gopher's block is a Pre-LN block with GELU, on "
            "tokens of mean zero to which attention adds nothing but mean zero: RMSNorm is layer normalisation "
            "there, and one score of the four is left."
        ),
        kind="reduction",
        between=("rms-norm", "relative-positions", "pre-ln", "gopher-block"),
        evidence=Evidence("arxiv:2112.11446", "Section on models"),
        inputs=(
            "normal tokens and W_O, centred, ten million times as great; normal weights; B 2, T 8, D 16, 2 heads, F "
            "32; float64"
        ),
        equation=r"W_R = 0,\ u = 0: \qquad A_{ij} = \frac{q_i^\top k_j}{\sqrt{d_k}}",
        bound=1e-12,
        why_bound=(
            "The two epsilons differ by 1e-5, which is 1e-19 of the tokens' square; what is left is rounding, 1e-15."
        ),
        pitfall=(
            "The vector v may stay, since it meets distances only behind their matrix. On tokens with a mean, as all "
            "are behind the first feed-forward network, the two norms differ."
        ),
        papers=("arxiv:1910.07467", "arxiv:1901.02860"),
        family="pre-training",
        check=_check,
        subject=_without_distances,
        wrong_variants={
            "all four scores": _as_shipped,
            "the question u left in": _question_left,
            "the matrix for distances left in": _distances_left,
            "a constant on all channels, taken off behind the block": _constant_added,
            "ReLU for GELU": _relu,
        },
        executes=("gopher-block", "pre-ln"),
    ),
)
