"""Associative recall after training: how many keys a memory can hold, and what it does when keys are used again."""

from functools import partial
from typing import TYPE_CHECKING

from kb.claims.claim import Claim, Measurement, Subject, find_worst
from kb.claims.draw import Draw
from kb.records import Evidence

if TYPE_CHECKING:
    from torch import Tensor

_WIDTH, _BATCH, _RATE, _STEPS = 16, 8, 3e-2, 250


def _train(draw: Draw, memory: str, *, keys: int, again: int = 0, steps: int) -> "tuple[float, float]":
    """Train the keys of a memory by Adam and return squared error and share recalled on a hundred fresh sequences.

    A sequence writes a value drawn from as many as there are keys under every key once, in random order, then
    ``again`` further values under random keys. Then every key is asked for the last value written under it.
    """
    import torch

    learned = draw.normal(keys, _WIDTH).requires_grad_()
    descend = torch.optim.Adam([learned], lr=_RATE)
    for _ in range(steps):
        order, values, last = _draw_sequences(draw, _BATCH, keys, again)
        loss = (_recall(memory, learned, order, values) - last).square().sum(dim=-1).mean() / 2
        (learned.grad,) = torch.autograd.grad(loss, learned)
        descend.step()
    with torch.no_grad():
        order, values, last = _draw_sequences(draw, 100, keys, again)
        answers = _recall(memory, learned, order, values)
    error = float((answers - last).square().sum(dim=-1).mean()) / 2
    return error, float((answers.argmax(dim=-1) == last.argmax(dim=-1)).double().mean())


def _draw_sequences(draw: Draw, B: int, keys: int, again: int) -> "tuple[Tensor, Tensor, Tensor]":
    """Return which key is written when (B, T), one-hot values (B, T, V), and each key's last value (B, keys, V)."""
    import torch
    from torch.nn.functional import one_hot

    order = torch.cat([draw.uniform(0, 1, B, keys).argsort(dim=1), draw.integers(0, keys, B, again)], dim=1)
    values = one_hot(draw.integers(0, keys, *order.shape), keys).to(draw.dtype)
    time = torch.arange(1, order.shape[1] + 1)[:, None]
    newest = (one_hot(order, keys) * time).argmax(dim=1)
    return order, values, torch.gather(values, 1, newest[..., None].expand(B, keys, keys))


def _recall(memory: str, learned: "Tensor", order: "Tensor", values: "Tensor") -> "Tensor":
    """Return what every key is answered (B, keys, V) after the sequence has been written."""
    q, k, v = learned.expand(len(order), *learned.shape)[:, :, None], learned[order][:, :, None], values[:, :, None]
    read = {"linear attention": _read_linear, "softmax": _read_softmax, "dpfp": _read_dpfp}.get(memory)
    answers = read(q, k, v) if read else _read_delta(q, k, v, {"delta rule": 1.0, "half": 0.5, "tenth": 0.1}[memory])
    return answers[:, :, 0]


def _read_linear(q: "Tensor", k: "Tensor", v: "Tensor") -> "Tensor":
    import torch

    from kb.reference.linear_attention import linear_attention

    _, state = linear_attention(k, k, v)
    # a token with channels of -40, whose features are nothing, reads without writing
    return linear_attention(q, torch.full_like(q, -40), v[:, :1].expand(*q.shape[:3], -1) * 0, state)[0]


def _read_softmax(q: "Tensor", k: "Tensor", v: "Tensor") -> "Tensor":
    from kb.reference.scaled_dot_product_attention import scaled_dot_product_attention

    return scaled_dot_product_attention(q, k, v, causal=False)[0]


def _read_dpfp(q: "Tensor", k: "Tensor", v: "Tensor") -> "Tensor":
    import torch

    from kb.reference.dpfp import dpfp

    weights = torch.einsum("bthk,bshk->bhts", dpfp(q), dpfp(k))
    shares = weights / (weights.sum(dim=-1, keepdim=True) + 1e-9)
    return torch.einsum("bhts,bshv->bthv", shares, v)


def _read_delta(q: "Tensor", k: "Tensor", v: "Tensor", strength: float) -> "Tensor":
    from kb.reference.deltanet import deltanet

    _, state = deltanet(k, k, v, v.new_full(v.shape[:3], strength))
    # a strength of zero reads without writing
    return deltanet(q, q, v[:, :1].expand(*q.shape[:3], -1) * 0, v.new_zeros(q.shape[:3]), state)[0]


def _check_capacity(subject: Subject, draw: Draw) -> Measurement:
    """Measure the least of three ratios of squared errors: linear attention's with 32 keys to that with 8 keys, and
    with 32 keys linear attention's to DPFP's and DPFP's to softmax attention's."""
    few = subject(draw, "linear attention", keys=8)
    linear, wide, softmax = (subject(draw, one, keys=32) for one in ("linear attention", "dpfp", "softmax"))
    return Measurement(
        find_worst([linear[0] / few[0], linear[0] / wide[0], wide[0] / softmax[0]], "at least"),
        f"recalled {few[1]:.0%} of 8; of 32 {linear[1]:.0%}, by dpfp {wide[1]:.0%}, by softmax {softmax[1]:.0%}",
    )


def _eight_keys(draw: Draw, memory: str, keys: int) -> "tuple[float, float]":
    return _train(draw, memory, keys=8, steps=_STEPS)


def _replaced(draw: Draw, memory: str, keys: int, *, one: str, by: str) -> "tuple[float, float]":
    return _train(draw, by if memory == one else memory, keys=keys, steps=_STEPS)


def _check_reuse(subject: Subject, draw: Draw) -> Measurement:
    """Measure how many times greater linear attention's error is than the subject's when keys are used again."""
    added, shared = _train(draw, "linear attention", keys=8, again=8, steps=300)
    corrected, recalled = subject(draw)
    return Measurement(added / corrected, f"recalled {shared:.0%} and {recalled:.0%}")


_PAPER = "arxiv:2102.11174"

CLAIMS = (
    Claim(
        id="recall-is-bounded-by-the-number-of-features",
        statement=(
            "With learned keys of sixteen channels, linear attention recalls eight associations and not 32: its "
            "squared error is more than twice as great. DPFP, with twice as many features, more than halves it for "
            "the 32, and softmax attention more than halves DPFP's."
        ),
        kind="ordering",
        between=("linear-attention", "dpfp", "scaled-dot-product-attention"),
        evidence=Evidence(_PAPER, "Section 6.1.1"),
        inputs=(
            "keys trained from random ones for 250 steps of Adam, eight sequences a step; a hundred to test; float64"
        ),
        bound=2.0,
        why_bound=(
            "A margin of the ordering over seeds. Sixteen features leave at least half of 32 orthonormal values out, "
            "32 could hold them all; the ratios are some units to some thousands."
        ),
        pitfall="All keys are asked, and each has been written once: nothing has to be overwritten here.",
        holds="at least",
        cost="trend",
        draws=3,
        family="fast-weights",
        check=_check_capacity,
        subject=partial(_train, steps=_STEPS),
        wrong_variants={
            "eight keys in the place of 32": _eight_keys,
            "linear attention's features for DPFP's": partial(_replaced, one="dpfp", by="linear attention"),
            "linear attention for softmax": partial(_replaced, one="softmax", by="linear attention"),
        },
        executes=("linear-attention", "dpfp", "scaled-dot-product-attention"),
    ),
    Claim(
        id="the-delta-rule-learns-to-overwrite",
        statement=(
            "With learned keys of sixteen channels, eight of them, each written once and eight more writes at "
            "random, the delta rule's squared error is less than a third of linear attention's."
        ),
        kind="ordering",
        between=("linear-attention", "delta-rule", "deltanet"),
        evidence=Evidence(_PAPER, "Section 6.1.2"),
        inputs=(
            "keys trained from random ones for 300 steps of Adam, eight sequences a step; a hundred to test; float64"
        ),
        bound=3.0,
        why_bound=(
            "A margin of the ordering over seeds. Linear attention averages what was written under a key, whatever "
            "its keys; the delta rule's error goes on falling as its keys become orthogonal."
        ),
        pitfall="It is about keys that are used again. Where each is written once, the delta rule is not ahead.",
        holds="at least",
        cost="trend",
        draws=3,
        family="fast-weights",
        check=_check_reuse,
        subject=partial(_train, memory="delta rule", keys=8, again=8, steps=300),
        wrong_variants={
            "linear attention once more": partial(_train, memory="linear attention", keys=8, again=8, steps=300),
            "the delta rule at a tenth of its strength": partial(_train, memory="tenth", keys=8, again=8, steps=300),
            "DPFP's features for the delta rule": partial(_train, memory="dpfp", keys=8, again=8, steps=300),
        },
        executes=("linear-attention", "deltanet"),
    ),
)
