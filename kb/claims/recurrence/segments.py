"""Segment-level recurrence: one attention over two segments, and how far a stack of layers sees."""

from functools import partial
from typing import TYPE_CHECKING, Any

from kb.claims.claim import Claim, Measurement, Subject, find_worst
from kb.claims.draw import Draw
from kb.claims.measure import relative
from kb.claims.mixers import relative_with_gradients
from kb.records import Evidence

if TYPE_CHECKING:
    from torch import Tensor

_WIDTH, _SEGMENT, _TOKENS = 4, 3, 8
_NAMES = ("w_q", "w_k", "w_v", "w_o", "w_rel", "u_content", "v_distance")


def _draw(draw: Draw) -> "list[Tensor]":
    D = _WIDTH
    return [draw.normal(2, _TOKENS, D), *draw.normal(5, D, D, scale=0.4), *draw.normal(2, D)]


def _check_segments(subject: Subject, draw: Draw) -> Measurement:
    """Measure the subject against the shipped layer, whole and in parts of one segment, gradients too."""
    import torch

    from kb.reference.segment_recurrence import segment_recurrence

    x, *weights = _draw(draw)
    w = dict(zip(_NAMES, weights, strict=True))
    outputs, memory = [], None
    for part in torch.split(x, _SEGMENT, dim=1):
        y, memory = segment_recurrence(part, w, memory, segment=_SEGMENT)
        outputs.append(y)
    whole = relative_with_gradients(_shipped, subject, x, *weights)
    return Measurement(find_worst([whole, relative(torch.cat(outputs, dim=1), subject(x, *weights))]))


def _shipped(x: "Tensor", *weights: "Tensor", **options: Any) -> "Tensor":
    from kb.reference.segment_recurrence import segment_recurrence

    w = dict(zip(_NAMES, weights, strict=True))
    return segment_recurrence(x, w, **({"segment": _SEGMENT} | options))[0]


def _masked(x: "Tensor", *weights: "Tensor", slip: str = "", back: int = 1) -> "Tensor":
    """Return one attention over the whole text under a mask: a token sees its own segment and ``back`` before it.

    Parameters
    ----------
    slip : what is done wrongly: distances are counted from the "seam", u and v are "exchanged", gradients go
           "through" the memory, or it sees a "window" of so many tokens that moves with it
    """
    import torch

    w = dict(zip(_NAMES, weights, strict=True))
    place = torch.arange(_TOKENS)
    age, apart = place[:, None] - place, place[:, None] // _SEGMENT - place // _SEGMENT
    seen = (age >= 0) & (age <= _SEGMENT if slip == "window" else apart <= back)
    n = (age % _SEGMENT if slip == "seam" else age).clamp(min=0)
    rate = 10000.0 ** -(torch.arange(0, _WIDTH, 2, dtype=x.dtype) / _WIDTH)
    wave = torch.cat([(n[..., None] * rate).sin(), (n[..., None] * rate).cos()], dim=-1) @ w["w_rel"]
    u, v = (w["v_distance"], w["u_content"]) if slip == "exchanged" else (w["u_content"], w["v_distance"])
    # what lies in an earlier segment is read, but not asked to change
    old = x if slip == "through" else x.detach()
    past = (apart > 0)[..., None]
    query, both = x @ w["w_q"], torch.where(past, old[:, None], x[:, None])
    products = (query + u)[:, :, None] * (both @ w["w_k"]) + (query + v)[:, :, None] * wave
    scores = products.view(*products.shape[:-1], 2, -1).sum(dim=-1) / (_WIDTH / 2) ** 0.5
    shares = scores.masked_fill(~seen[..., None], -torch.inf).softmax(dim=2)
    values = (both @ w["w_v"]).view(*both.shape[:-1], 2, -1)
    heads: Tensor = (shares[..., None] * values).sum(dim=2).flatten(-2)
    return heads @ w["w_o"]


def _check_reach(subject: Subject, draw: Draw) -> Measurement:
    """Measure by how many tokens the subject misses how far back a stack sees, for one to three layers."""
    import torch

    weights, found, tokens = _draw(draw)[1:], [], 5 * _SEGMENT
    x = draw.normal(tokens, _WIDTH)
    # a batch of texts, in each of which another token is changed
    changed = x + torch.eye(tokens, dtype=x.dtype)[..., None]
    for layers in (1, 2, 3):
        apart = (_stack(changed, weights, layers) - _stack(x[None], weights, layers))[:, -1].abs().amax(dim=1)
        found.append(int((apart > 1e-9).flip(0).nonzero().max()) + 1)
    expected = [subject(layers) for layers in (1, 2, 3)]
    return Measurement(find_worst(abs(a - b) for a, b in zip(found, expected, strict=True)), f"{found} tokens")


def _stack(x: "Tensor", weights: "list[Tensor]", layers: int) -> "Tensor":
    for _ in range(layers):
        x = x + _shipped(x, *weights)
    return x


def _segments_below(layers: int, more: int = 1, width: int = _SEGMENT) -> int:
    return (layers + more) * width


def _constant(layers: int) -> int:
    return 2 * _SEGMENT


def _everything(layers: int) -> int:
    return 5 * _SEGMENT


_PAPER = "arxiv:1901.02860"
_INPUTS = "normal x and weights; B 2, T 8, D 4, 2 heads"

CLAIMS = (
    Claim(
        id="segment-recurrence-is-one-attention-over-two-segments",
        statement=(
            "Reading a text in segments with the last one kept in memory is one attention over the whole text, in "
            "which a token sees its own segment up to itself and all of the segment before, distances count on "
            "through the seam, and no gradient enters the segment before."
        ),
        kind="equality",
        between=("multi-head-attention", "segment-recurrence"),
        evidence=Evidence(_PAPER, "Sections 3.2 and 3.3"),
        inputs=_INPUTS + ", segments of 3; whole and segment by segment; float64",
        equation=r"A_{ij} = \frac{(q_i + u)^\top k_j + (q_i + v)^\top W_R r_{i-j}}{\sqrt{d_k}}",
        bound=1e-12,
        why_bound="The same products and means, whole and in parts.",
        pitfall="How much a token sees depends on where it stands in its segment: between one segment and two.",
        family="recurrence",
        check=_check_segments,
        subject=_masked,
        wrong_variants={
            "its own segment only": partial(_masked, back=0),
            "two segments before": partial(_masked, back=2),
            "a window that moves with the token": partial(_masked, slip="window"),
            "distances begin again at the seam": partial(_masked, slip="seam"),
            "u and v exchanged": partial(_masked, slip="exchanged"),
            "gradients through the memory": partial(_masked, slip="through"),
        },
        executes=("segment-recurrence",),
    ),
    Claim(
        id="a-stack-with-segments-sees-one-segment-further-a-layer",
        statement=(
            "At the end of a segment, a stack of n layers with memory sees n + 1 segments: changing any earlier "
            "token changes nothing, changing the first of these does."
        ),
        kind="count",
        between=("segment-recurrence",),
        evidence=Evidence(_PAPER, "Section 3.2"),
        inputs="normal x and weights; 15 tokens in segments of 3, D 4, stacks of one to three layers with shortcuts",
        equation=r"\mathrm{reach}(n) = (n + 1)\, M",
        bound=0,
        why_bound="Whole numbers of tokens; an influence counts from 1e-9, rounding is near 1e-15.",
        pitfall="It is what the values depend on. Gradients reach back no further than the segment at hand.",
        family="recurrence",
        check=_check_reach,
        subject=_segments_below,
        wrong_variants={
            "n segments": partial(_segments_below, more=0),
            "n + 2 segments": partial(_segments_below, more=2),
            "two segments, however many layers": _constant,
            "everything": _everything,
        },
        executes=("segment-recurrence",),
    ),
)
