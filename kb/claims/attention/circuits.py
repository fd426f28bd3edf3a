"""Multi-head attention as a sum over heads, each of which is two products of matrices."""

from typing import TYPE_CHECKING

from kb.claims.claim import Claim, Measurement, Subject
from kb.claims.draw import Draw
from kb.claims.measure import relative
from kb.records import Evidence

if TYPE_CHECKING:
    from torch import Tensor

    Weights = dict[str, Tensor]

_HEADS, _WIDTH = 2, 6


def _check(subject: Subject, draw: Draw) -> Measurement:
    """Measure the subject's sum over heads against multi-head attention."""
    from kb.reference.multi_head_attention import multi_head_attention

    x = draw.normal(2, 6, _WIDTH)
    w = {name: draw.normal(_WIDTH, _WIDTH, scale=0.6) for name in ("w_q", "w_k", "w_v", "w_o")}
    return Measurement(relative(subject(x, w), multi_head_attention(x, w, heads=_HEADS)))


def _read(x: "Tensor", between: "Tensor", moved: "Tensor") -> "Tensor":
    """Return one head's part: shares by x_t between x_s, of tokens moved by the other matrix."""
    import torch

    scores = x @ between @ x.transpose(1, 2) / (_WIDTH // _HEADS) ** 0.5
    future = torch.ones(x.shape[1], x.shape[1], dtype=torch.bool).triu(1)
    return torch.softmax(scores.masked_fill(future, -torch.inf), dim=-1) @ x @ moved


def _columns(head: int) -> slice:
    return slice(head * _WIDTH // _HEADS, (head + 1) * _WIDTH // _HEADS)


def _circuits(w: "Weights", head: int) -> "tuple[Tensor, Tensor]":
    """Return W_Q W_K^T and W_V W_O of a head, both as wide as the model and of the rank of a head."""
    own = _columns(head)
    return w["w_q"][:, own] @ w["w_k"][:, own].T, w["w_v"][:, own] @ w["w_o"][own]


def _sum_of_heads(x: "Tensor", w: "Weights") -> "Tensor":
    total = 0 * x
    for head in range(_HEADS):
        total = total + _read(x, *_circuits(w, head))
    return total


def _one_pair_for_all(x: "Tensor", w: "Weights") -> "Tensor":
    return _read(x, w["w_q"] @ w["w_k"].T, w["w_v"] @ w["w_o"])


def _mean_of_heads(x: "Tensor", w: "Weights") -> "Tensor":
    return _sum_of_heads(x, w) / _HEADS


def _queries_and_keys_exchanged(x: "Tensor", w: "Weights") -> "Tensor":
    return _sum_of_heads(x, {**w, "w_q": w["w_k"], "w_k": w["w_q"]})


def _values_of_the_other_head(x: "Tensor", w: "Weights") -> "Tensor":
    total = 0 * x
    for head in range(_HEADS):
        total = total + _read(x, _circuits(w, head)[0], _circuits(w, 1 - head)[1])
    return total


def _symmetric(x: "Tensor", w: "Weights") -> "Tensor":
    total = 0 * x
    for head in range(_HEADS):
        between, moved = _circuits(w, head)
        total = total + _read(x, (between + between.T) / 2, moved)
    return total


CLAIMS = (
    Claim(
        id="multi-head-attention-is-a-sum-over-heads-of-two-circuits",
        statement=(
            "Multi-head attention is the sum of its heads, and of each head only two products of matrices matter: "
            "queries with keys say where to read, values with the output's rows say what is written."
        ),
        kind="equality",
        between=("multi-head-attention", "qk-ov-circuits"),
        evidence=Evidence("key:mathematical-framework-transformer-circuits", "Part on attention heads"),
        inputs="normal x and weights; B 2, T 6, D 6, 2 heads; float64",
        equation=(
            r"y = \sum_h \mathrm{softmax}\big(X\, W_h^Q (W_h^K)^\top X^\top / \sqrt{d_k}\big)\, X\, W_h^V W_h^O"
        ),
        bound=1e-12,
        why_bound="The same products in another order of multiplication: rounding is near 1e-15.",
        pitfall=(
            "Biases, and rotary positions between queries and keys, break it. Heads do not merge into one: the "
            "softmax stands between them."
        ),
        family="attention",
        check=_check,
        subject=_sum_of_heads,
        wrong_variants={
            "one pair of products for all heads": _one_pair_for_all,
            "the mean of the heads": _mean_of_heads,
            "queries and keys exchanged": _queries_and_keys_exchanged,
            "the values of the other head": _values_of_the_other_head,
            "a symmetric product of queries and keys": _symmetric,
        },
        executes=("multi-head-attention",),
    ),
)
