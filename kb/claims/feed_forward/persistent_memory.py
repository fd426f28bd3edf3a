"""Persistent memory: learned keys and values that stand in front of the context, under the same softmax."""

from typing import TYPE_CHECKING

from kb.claims.claim import Claim, Measurement, Subject, find_worst
from kb.claims.draw import Draw
from kb.claims.measure import relative
from kb.records import Evidence

if TYPE_CHECKING:
    from torch import Tensor

    Memory = tuple[Tensor, Tensor]

_VECTORS = (5, 0)


def _check(subject: Subject, draw: Draw) -> Measurement:
    """Measure the subject against the sums of both parts under one denominator, with five memory vectors and none."""
    import torch

    q, k, v = draw.normal(3, 2, 8, 2, 4)
    apart = []
    for count in _VECTORS:
        memory_k, memory_v = draw.normal(2, 2, count, 2, 4)
        earlier = torch.ones(8, 8, dtype=torch.bool).tril()[:, :, None]
        context = torch.einsum("bthk,bshk->btsh", q, k).div(2).exp() * earlier
        memory = torch.einsum("bthk,bnhk->btnh", q, memory_k).div(2).exp()
        total = torch.einsum("btsh,bshv->bthv", context, v) + torch.einsum("btnh,bnhv->bthv", memory, memory_v)
        expected = total / (context.sum(dim=2) + memory.sum(dim=2))[..., None]
        apart.append(relative(subject(q, k, v, (memory_k, memory_v)), expected))
    return Measurement(find_worst(apart), f"with memory {apart[0]:.2g}, without {apart[1]:.2g}")


def _attend(q: "Tensor", k: "Tensor", v: "Tensor", memory: "Memory | None" = None) -> "Tensor":
    from kb.reference.scaled_dot_product_attention import scaled_dot_product_attention

    return scaled_dot_product_attention(q, k, v, memory)[0]


def _as_earlier_tokens(q: "Tensor", k: "Tensor", v: "Tensor", memory: "Memory") -> "Tensor":
    return _attend(q, k, v, memory)


def _memory_left_out(q: "Tensor", k: "Tensor", v: "Tensor", memory: "Memory") -> "Tensor":
    return _attend(q, k, v)


def _two_softmaxes(q: "Tensor", k: "Tensor", v: "Tensor", memory: "Memory") -> "Tensor":
    import torch

    shares = torch.einsum("bthk,bnhk->bhtn", q, memory[0]).div(2).softmax(dim=-1)
    return _attend(q, k, v) + torch.einsum("bhtn,bnhv->bthv", shares, memory[1])


def _mean_of_two(q: "Tensor", k: "Tensor", v: "Tensor", memory: "Memory") -> "Tensor":
    return _two_softmaxes(q, k, v, memory) / (2 if memory[0].shape[1] else 1)


CLAIMS = (
    Claim(
        id="persistent-memory-is-attention-with-earlier-tokens",
        statement=(
            "Attention with persistent memory is causal attention whose first keys and values are learned: one "
            "softmax over both, so that memory and context compete. Without memory vectors it is plain "
            "self-attention."
        ),
        kind="reduction",
        between=("self-attention", "persistent-memory"),
        evidence=Evidence("arxiv:1907.01470", "Section on the all-attention layer"),
        inputs="normal q, k, v; 5 memory vectors and none; B 2, T 8, H 2, K 4, V 4; float64",
        equation=(
            r"o_t = \frac{\sum_{s \le t} e^{q_t k_s / \sqrt d}\, v_s + \sum_n e^{q_t m_n / \sqrt d}\, u_n}"
            r"{\sum_{s \le t} e^{q_t k_s / \sqrt d} + \sum_n e^{q_t m_n / \sqrt d}}"
        ),
        bound=1e-12,
        why_bound="Sums of at most 13 terms in another order: rounding is near 1e-15.",
        family="feed-forward",
        check=_check,
        subject=_as_earlier_tokens,
        wrong_variants={
            "memory left out": _memory_left_out,
            "a softmax for each, added": _two_softmaxes,
            "a softmax for each, averaged": _mean_of_two,
        },
        executes=("scaled-dot-product-attention",),
    ),
)
