"""MosaicBERT's block, put together from the ideas that it names."""

from typing import TYPE_CHECKING

from kb.claims.claim import Claim, Measurement, Subject, find_worst
from kb.claims.draw import Draw
from kb.claims.measure import relative
from kb.claims.normalisation._blocks import draw_block
from kb.records import Evidence

if TYPE_CHECKING:
    from torch import Tensor

    Weights = dict[str, Tensor]

_HEADS = 4
_STRENGTHS = (1.0, 0.0)


def _check(subject: Subject, draw: Draw) -> Measurement:
    """Measure the subject, with and without slopes, against the shipped parts put together."""
    x, w = draw.normal(2, 8, 16), draw_block(draw, 16, 24)
    w["w_3"] = draw.normal(16, 24) / 4
    apart = [relative(subject(x, w, strength), _put_together(x, w, strength)) for strength in _STRENGTHS]
    return Measurement(find_worst(apart), f"with slopes {apart[0]:.2g}, without {apart[1]:.2g}")


def _put_together(x: "Tensor", w: "Weights", strength: float) -> "Tensor":
    """Return attention by ALiBi's scores, or by multi-head attention where they have no slope, then a gated layer,
    each with its shortcut and norm."""
    from kb.reference.alibi import alibi
    from kb.reference.gated_linear_unit import gated_linear_unit
    from kb.reference.multi_head_attention import multi_head_attention

    if strength:
        q, k, v = ((x @ w[name]).view(2, 8, _HEADS, -1) for name in ("w_q", "w_k", "w_v"))
        shares = alibi(q, k, symmetric=True, strength=strength).softmax(dim=-1)
        attended = (shares @ v.transpose(1, 2)).transpose(1, 2).flatten(-2) @ w["w_o"]
    else:
        attended = multi_head_attention(x, w, heads=_HEADS, causal=False)
    z = _norm(x + attended, w, 1)
    gates = {**w, "b_1": 0 * w["b_1"], "b_3": 0 * w["b_1"]}
    return _norm(z + gated_linear_unit(z, gates, activation="gelu") + w["b_2"], w, 2)


def _norm(x: "Tensor", w: "Weights", place: int) -> "Tensor":
    from kb.reference.layer_normalisation import layer_normalisation

    return layer_normalisation(x, {"g": w[f"g_{place}"], "b": w[f"c_{place}"]}, eps=1e-12)


def _mosaic(x: "Tensor", w: "Weights", strength: float, *, causal: bool = False) -> "Tensor":
    from kb.reference.mosaic_bert import mosaic_bert

    return mosaic_bert(x, w, heads=_HEADS, strength=strength, causal=causal)


def _both_ways(x: "Tensor", w: "Weights", strength: float) -> "Tensor":
    return _mosaic(x, w, strength)


def _to_earlier_tokens(x: "Tensor", w: "Weights", strength: float) -> "Tensor":
    return _mosaic(x, w, strength, causal=True)


def _slopes_always(x: "Tensor", w: "Weights", strength: float) -> "Tensor":
    return _mosaic(x, w, 1.0)


def _half_the_slope(x: "Tensor", w: "Weights", strength: float) -> "Tensor":
    return _mosaic(x, w, strength / 2)


def _gate_and_value_exchanged(x: "Tensor", w: "Weights", strength: float) -> "Tensor":
    return _mosaic(x, {**w, "w_1": w["w_3"], "w_3": w["w_1"]}, strength)


def _normalised_in_front(x: "Tensor", w: "Weights", strength: float) -> "Tensor":
    return x + _mosaic(_norm(x, w, 1), w, strength)


CLAIMS = (
    Claim(
        id="mosaic-bert-is-post-ln-with-alibi-and-a-gated-network",
        statement=(
            "MosaicBERT's block is a Post-LN block whose scores carry ALiBi's bias for distances on both sides and "
            "whose network is gated by GELU without inner biases. Without slopes its attention is plain multi-head "
            "attention over all tokens."
        ),
        kind="reduction",
        between=("alibi", "gated-linear-unit", "post-ln", "mosaic-bert"),
        evidence=Evidence("arxiv:2312.17482", "Section on the changed architecture"),
        inputs=(
            "normal x and weights, gains around 1; slopes as printed and none; B 2, T 8, D 16, 4 heads, F 24; float64"
        ),
        bound=1e-12,
        why_bound="The same sums of at most 24 products by other calls: rounding is near 1e-15.",
        pitfall="An encoder looks both ways, so that the bias is minus the slope times |i - j|, not times i - j.",
        papers=("arxiv:2108.12409", "arxiv:2002.05202"),
        family="pre-training",
        check=_check,
        subject=_both_ways,
        wrong_variants={
            "attention to earlier tokens alone": _to_earlier_tokens,
            "slopes where there should be none": _slopes_always,
            "half the slope": _half_the_slope,
            "gate and value exchanged": _gate_and_value_exchanged,
            "the norm in front": _normalised_in_front,
        },
        executes=(
            "mosaic-bert",
            "alibi",
            "multi-head-attention",
            "gated-linear-unit",
            "layer-normalisation",
        ),
    ),
)
