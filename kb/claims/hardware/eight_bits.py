"""Attention in few bits: rotated queries and keys, scales for blocks, and the exact result ahead."""

from typing import TYPE_CHECKING

from kb.claims.claim import Claim, Measurement, Subject, find_worst
from kb.claims.draw import Draw
from kb.records import Evidence

if TYPE_CHECKING:
    from torch import Tensor

_TOKENS, _WIDTH, _BLOCK = 128, 32, 32
_TYPES = {3: "float8_e4m3fn", 7: "bfloat16", 10: "float16"}
"""Types by their bits of fraction."""


def _check(subject: Subject, draw: Draw) -> Measurement:
    """Measure how far from one bit a bit the error falls, from 3 bits of fraction to 7 and from 7 to 10."""
    q, k, v = (_draw(draw) for _ in range(3))
    exact = _attend(q, k, v)
    bits = {one: float((subject(q, k, v, name) - exact).square().mean().log2() / 2) for one, name in _TYPES.items()}
    return Measurement(
        find_worst([abs(bits[3] - bits[7] - 4), abs(bits[7] - bits[10] - 3)]),
        ", ".join(f"2^{error:.1f} with {one} bits" for one, error in bits.items()),
    )


def _draw(draw: Draw) -> "Tensor":
    """Return normal tokens (1, T, 1, K) of which one entry in a thousand is ten times as large or more."""
    return draw.normal(1, _TOKENS, 1, _WIDTH) + 10 * draw.normal(1, _TOKENS, 1, _WIDTH) * (
        draw.uniform(0, 1, 1, _TOKENS, 1, _WIDTH) < 0.001
    )


def _attend(q: "Tensor", k: "Tensor", v: "Tensor") -> "Tensor":
    from kb.reference.flash_attention import flash_attention

    return flash_attention(q, k, v, causal=False, tile=64)[0]


def _round(x: "Tensor", name: str) -> "Tensor":
    """Return what is left of tokens in a type of few bits, with a scale for each block that fills its range."""
    import torch

    kind = getattr(torch, name)
    blocks = x.view(1, -1, _BLOCK, 1, _WIDTH)
    # a thousandth of the range is enough, and products of scales then stay in sight
    scale = blocks.abs().amax(dim=(2, 3, 4), keepdim=True) / 256
    rounded: Tensor = (blocks / scale).to(kind).to(x.dtype) * scale
    return rounded.view(x.shape)


def _rotate(x: "Tensor") -> "Tensor":
    """Return tokens times an orthogonal matrix of signs, of which every channel gets a part of every other."""
    import torch

    signs = x.new_ones(1, 1)
    while len(signs) < _WIDTH:
        signs = torch.cat([torch.cat([signs, signs], 1), torch.cat([signs, -signs], 1)])
    return torch.matmul(x, signs / _WIDTH**0.5)


def _queries_and_keys(q: "Tensor", k: "Tensor", v: "Tensor", name: str) -> "Tensor":
    return _attend(_round(_rotate(q), name), _round(_rotate(k), name), _round(v, name))


def _queries_alone(q: "Tensor", k: "Tensor", v: "Tensor", name: str) -> "Tensor":
    return _attend(_round(_rotate(q), name), _round(k, name), _round(v, name))


def _values_too(q: "Tensor", k: "Tensor", v: "Tensor", name: str) -> "Tensor":
    return _attend(*(_round(_rotate(x), name) for x in (q, k, v)))


def _twice_as_long(q: "Tensor", k: "Tensor", v: "Tensor", name: str) -> "Tensor":
    return _attend(2 * _round(_rotate(q), name), _round(_rotate(k), name), _round(v, name))


def _always_eight(q: "Tensor", k: "Tensor", v: "Tensor", name: str) -> "Tensor":
    return _queries_and_keys(q, k, v, _TYPES[3])


CLAIMS = (
    Claim(
        id="low-precision-attention-nears-attention-bit-by-bit",
        statement=(
            "Attention with queries and keys rotated by one orthogonal matrix and rounded with a scale for each "
            "block approximates attention: with each bit of fraction the error halves, from eight-bit numbers to "
            "sixteen-bit ones."
        ),
        kind="scaling",
        between=("flash-attention", "low-precision-attention"),
        evidence=Evidence("arxiv:2407.08608", "Section 3.3"),
        inputs=(
            "normal q, k, v, one entry in a thousand ten times as large; 3, 7 and 10 bits of fraction; blocks of 32; "
            "T 128, K 32; sums in float64"
        ),
        equation=r"(Q M)(K M)^\top = Q K^\top, \qquad M M^\top = I",
        bound=2.0,
        why_bound=(
            "Errors of rounding are proportional to the last bit as long as they are small. At three bits they are "
            "a few per cent of a logit, where the exponential is not straight any more: half of the four bits is "
            "allowed."
        ),
        pitfall=(
            "Rotation and scales only keep outliers from spoiling the rest. Sums are kept in float64 here, kernels "
            "round them as well."
        ),
        family="hardware",
        check=_check,
        subject=_queries_and_keys,
        wrong_variants={
            "queries alone rotated": _queries_alone,
            "values rotated too": _values_too,
            "a scale forgotten": _twice_as_long,
            "eight bits throughout": _always_eight,
        },
        executes=("flash-attention",),
    ),
)
