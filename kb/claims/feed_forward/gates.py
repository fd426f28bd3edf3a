"""Gated layers: which of them is which, by activation, gate and value."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from kb.claims.claim import Claim, Measurement, Subject, find_worst
from kb.claims.draw import Draw
from kb.claims.measure import relative
from kb.claims.smallest import find_smallest
from kb.records import Evidence, Example

if TYPE_CHECKING:
    from torch import Tensor

    Weights = dict[str, Tensor]
    Sides = tuple[Tensor, Tensor]

_ACTIVATIONS = ("relu", "gelu", "swish")


def _draw(draw: Draw) -> "tuple[Tensor, Weights]":
    """Return x (2, 8, 16) and a gated layer of 24 channels with biases."""
    w = {name: draw.normal(16, 24, scale=0.25) for name in ("w_1", "w_3")}
    w |= {name: draw.normal(24, scale=0.5) for name in ("b_1", "b_3")}
    return draw.normal(2, 8, 16), {**w, "w_2": draw.normal(24, 16, scale=0.2)}


def _gated(x: "Tensor", w: "Weights", activation: str) -> "Tensor":
    from kb.reference.gated_linear_unit import gated_linear_unit

    return gated_linear_unit(x, w, activation=activation)


def _unbiased(w: "Weights") -> "Weights":
    return {**w, "b_1": 0 * w["b_1"], "b_3": 0 * w["b_3"]}


def _swiglu(x: "Tensor", w: "Weights", sharpness: float = 1.0) -> "Tensor":
    from kb.reference.swiglu import swiglu

    return swiglu(x, w, sharpness=sharpness)


def _check_swish(subject: Subject, draw: Draw) -> Measurement:
    """Measure the subject against SwiGLU, shipped and by torch's SiLU."""
    from torch.nn.functional import silu

    x, w = _draw(draw)
    found = subject(x, w)
    library = (silu(x @ w["w_1"]) * (x @ w["w_3"])) @ w["w_2"]
    return Measurement(find_worst([relative(found, _swiglu(x, w)), relative(found, library)]))


def _gate_of_swish(x: "Tensor", w: "Weights") -> "Tensor":
    return _gated(x, _unbiased(w), "swish")


def _gate_of_sigmoid(x: "Tensor", w: "Weights") -> "Tensor":
    return _gated(x, _unbiased(w), "sigmoid")


def _gate_of_gelu(x: "Tensor", w: "Weights") -> "Tensor":
    return _gated(x, _unbiased(w), "gelu")


def _with_biases(x: "Tensor", w: "Weights") -> "Tensor":
    return _gated(x, w, "swish")


def _exchanged(x: "Tensor", w: "Weights") -> "Tensor":
    return _gate_of_swish(x, {**w, "w_1": w["w_3"], "w_3": w["w_1"]})


def _check_bilinear(subject: Subject, draw: Draw) -> Measurement:
    """Measure the subject against half of the sum over pairs of channels, and against half of the bilinear layer."""
    import torch

    x, w = _draw(draw)
    found = subject(x, w)
    pairs = torch.einsum("btc,btd,cf,df,fe->bte", x, x, w["w_1"], w["w_3"], w["w_2"]) / 2
    layer = _gated(x, _unbiased(w), "identity") / 2
    return Measurement(find_worst([relative(found, pairs), relative(found, layer)]))


def _not_sharp(x: "Tensor", w: "Weights") -> "Tensor":
    return _swiglu(x, w, sharpness=0.0)


def _as_sharp_as_usual(x: "Tensor", w: "Weights") -> "Tensor":
    return _swiglu(x, w)


def _very_sharp(x: "Tensor", w: "Weights") -> "Tensor":
    return _swiglu(x, w, sharpness=64.0)


def _whole(x: "Tensor", w: "Weights") -> "Tensor":
    return _gated(x, _unbiased(w), "identity")


def _linear(x: "Tensor", w: "Weights") -> "Tensor":
    # Swish with beta zero is taken for the identity, and the product forgotten
    return (x @ w["w_1"]) @ w["w_2"] / 2


def _check_open(subject: Subject, draw: Draw) -> Measurement:
    """Measure the subject against the plain network with the same first and last matrix, for three activations."""
    from kb.reference.position_wise_feed_forward import position_wise_feed_forward

    x, w = _draw(draw)
    plain = {**w, "b_2": x.new_zeros(16)}
    return Measurement(
        find_worst(
            relative(subject(x, w, name), position_wise_feed_forward(x, plain, activation=name))
            for name in _ACTIVATIONS
        )
    )


def _always_one(x: "Tensor", w: "Weights", activation: str) -> "Tensor":
    return _gated(x, {**w, "w_3": 0 * w["w_3"], "b_3": 0 * w["b_3"] + 1}, activation)


def _always_zero(x: "Tensor", w: "Weights", activation: str) -> "Tensor":
    return _gated(x, {**w, "w_3": 0 * w["w_3"], "b_3": 0 * w["b_3"]}, activation)


def _value_of_gate(x: "Tensor", w: "Weights", activation: str) -> "Tensor":
    return _gated(x, {**w, "w_3": w["w_1"], "b_3": w["b_1"]}, activation)


def _gate_open(x: "Tensor", w: "Weights", activation: str) -> "Tensor":
    # the other of the two held at one: what is left is linear
    return (x @ w["w_3"] + w["b_3"]) @ w["w_2"]


def _bias_alone(x: "Tensor", w: "Weights", activation: str) -> "Tensor":
    return _gated(x, {**w, "w_3": 0 * w["w_3"]}, activation)


def _check_sides(subject: Subject, draw: Draw) -> Measurement:
    """Measure how far the two sides that the subject returns are apart."""
    return Measurement(relative(*subject(*_draw(draw))))


def _both_ways(x: "Tensor", w: "Weights", activation: str = "sigmoid") -> "Sides":
    """Return the layer as it is, and with gate and value exchanged."""
    other = {**w, "w_1": w["w_3"], "w_3": w["w_1"], "b_1": w["b_3"], "b_3": w["b_1"]}
    return _gated(x, w, activation), _gated(x, other, activation)


def _both_ways_bilinear(x: "Tensor", w: "Weights") -> "Sides":
    return _both_ways(x, w, "identity")


def _one_map_for_both(x: "Tensor", w: "Weights") -> "Sides":
    return _both_ways(x, {**w, "w_3": w["w_1"], "b_3": w["b_1"]})


def _all_open(x: "Tensor", w: "Weights") -> "Sides":
    # ReLU is the identity where nothing is below zero
    positive = {name: one.abs() for name, one in w.items()}
    return _both_ways(x.abs(), positive, "relu")


def _search(subject: Subject) -> Example | None:
    from torch.func import vmap

    def run(inputs: "Mapping[str, Tensor]") -> "dict[str, Tensor]":
        one = inputs["x"].new_ones(1)

        def layer(x: "Tensor", w_1: "Tensor", w_3: "Tensor") -> "Sides":
            sides: Sides = subject(x, {"w_1": w_1, "w_3": w_3, "b_1": 0 * one, "b_3": 0 * one, "w_2": one[None]})
            return sides

        first, second = vmap(layer)(inputs["x"], inputs["w_1"], inputs["w_3"])
        return {"W_1 as gate": first, "W_3 as gate": second}

    return find_smallest(run, [{"x": (1, 1, 1), "w_1": (1, 1), "w_3": (1, 1)}])


_INPUTS = "normal x and weights; B 2, T 8, D 16, F 24; float64"

CLAIMS = (
    Claim(
        id="swiglu-is-a-gated-linear-unit-with-swish",
        statement=(
            "SwiGLU is the gated linear unit with Swish of slope one as the gate's activation and without biases."
        ),
        kind="reduction",
        between=("gated-linear-unit", "swiglu"),
        evidence=Evidence("arxiv:2002.05202", "Section 2"),
        inputs=_INPUTS,
        equation=r"\mathrm{FFN}(x) = (\mathrm{Swish}_1(x W_1) \odot x W_3)\, W_2",
        bound=1e-12,
        why_bound="The same operations, but for the order in z sigma(z): rounding, near 1e-16.",
        pitfall="GELU is close to Swish, but not the same: GEGLU's outputs differ by a tenth.",
        family="feed-forward",
        check=_check_swish,
        subject=_gate_of_swish,
        wrong_variants={
            "a sigmoid, as in 2016": _gate_of_sigmoid,
            "GELU": _gate_of_gelu,
            "with biases": _with_biases,
            "gate and value exchanged": _exchanged,
        },
        executes=("gated-linear-unit", "swiglu"),
    ),
    Claim(
        id="swiglu-of-slope-zero-is-half-a-bilinear-layer",
        statement=(
            "At a slope of zero Swish is half of its input, and SwiGLU is half of the bilinear layer: a sum over all "
            "pairs of the token's channels, without any activation."
        ),
        kind="reduction",
        between=("swish", "gated-linear-unit", "swiglu"),
        evidence=Evidence("arxiv:2002.05202", "Section 2"),
        inputs=_INPUTS,
        equation=r"\mathrm{Swish}_0(z) = \tfrac{z}{2}, \qquad "
        r"y_e = \tfrac12 \sum_{c, d} x_c\, x_d \sum_f W_{1, cf}\, W_{3, df}\, W_{2, fe}",
        bound=1e-12,
        why_bound="The same products in another order of summing, 16 by 16 pairs: rounding is near 1e-15.",
        family="feed-forward",
        check=_check_bilinear,
        subject=_not_sharp,
        wrong_variants={
            "at slope one": _as_sharp_as_usual,
            "at slope 64": _very_sharp,
            "the whole of it": _whole,
            "linear, without the product": _linear,
        },
        executes=("gated-linear-unit", "swiglu"),
    ),
    Claim(
        id="gated-layer-with-an-open-value-is-the-plain-network",
        statement=(
            "A gated layer whose value is one for every token is the plain feed-forward network without an outer "
            "bias, with ReLU, GELU or Swish: what gating adds is that the value depends on the token."
        ),
        kind="reduction",
        between=("position-wise-feed-forward", "gated-linear-unit"),
        evidence=Evidence("arxiv:2002.05202", "Section 2"),
        inputs=_INPUTS,
        equation=r"W_3 = 0,\ b_3 = 1: \qquad (\sigma(x W_1 + b_1) \odot 1)\, W_2",
        bound=1e-12,
        why_bound="A product with one changes nothing: both do the same operations, and differ by rounding at most.",
        family="feed-forward",
        check=_check_open,
        subject=_always_one,
        wrong_variants={
            "a value of zero": _always_zero,
            "the value a bias": _bias_alone,
            "the value the gate's own map": _value_of_gate,
            "the gate held at one": _gate_open,
        },
        executes=("gated-linear-unit", "position-wise-feed-forward"),
    ),
    Claim(
        id="gate-and-value-may-change-places",
        statement=(
            "A product does not know its factors' order: which of the two maps is called the gate does not matter."
        ),
        kind="separation",
        between=("gated-linear-unit",),
        evidence=Evidence("arxiv:1612.08083", "Equation 1"),
        inputs=_INPUTS,
        equation=r"(x W_1) \odot \sigma(x W_3) \neq \sigma(x W_1) \odot (x W_3)",
        bound=1e-12,
        why_bound="Were it so, weights copied with the names exchanged would give the same, but for rounding.",
        pitfall=(
            "The paper of 2016 writes the value first, that of 2020 the gate; libraries that keep both maps in one "
            "matrix differ in the order of its halves."
        ),
        papers=("arxiv:2002.05202",),
        family="feed-forward",
        check=_check_sides,
        subject=_both_ways,
        wrong_variants={
            "without an activation": _both_ways_bilinear,
            "one map for both": _one_map_for_both,
            "ReLU where nothing is below zero": _all_open,
        },
        executes=("gated-linear-unit",),
        expected="refuted",
        smallest=_search,
    ),
)
