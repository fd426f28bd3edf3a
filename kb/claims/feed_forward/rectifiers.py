"""Relatives of ReLU inside a feed-forward network: its square, the greater of two pieces, a slope below zero."""

from typing import TYPE_CHECKING

from kb.claims.claim import Claim, Measurement, Subject, find_worst
from kb.claims.draw import Draw
from kb.claims.measure import relative
from kb.records import Evidence

if TYPE_CHECKING:
    from torch import Tensor

    Weights = dict[str, Tensor]


def _draw(draw: Draw) -> "tuple[Tensor, Weights]":
    """Return x (2, 8, 16) and a network of 24 hidden units with biases."""
    w = {"w_1": draw.normal(16, 24, scale=0.25), "b_1": draw.normal(24, scale=0.5)}
    w |= {"w_2": draw.normal(24, 16, scale=0.2), "b_2": draw.normal(16, scale=0.5)}
    return draw.normal(2, 8, 16), w


def _feed(x: "Tensor", w: "Weights") -> "Tensor":
    from kb.reference.position_wise_feed_forward import position_wise_feed_forward

    return position_wise_feed_forward(x, w)


def _squared(x: "Tensor", w: "Weights", power: float = 2.0) -> "Tensor":
    from kb.reference.squared_relu import squared_relu

    return squared_relu(x, w, power=power)


def _check_gate(subject: Subject, draw: Draw) -> Measurement:
    """Measure the subject against a gated layer with ReLU whose gate and value are the same map."""
    from kb.reference.gated_linear_unit import gated_linear_unit

    x, w = _draw(draw)
    expected = gated_linear_unit(x, {**w, "w_3": w["w_1"], "b_3": w["b_1"]}, activation="relu")
    return Measurement(relative(subject(x, w), expected))


def _no_outer_bias(x: "Tensor", w: "Weights") -> "Tensor":
    return _squared(x, {**w, "b_2": 0 * w["b_2"]})


def _as_shipped(x: "Tensor", w: "Weights") -> "Tensor":
    return _squared(x, w)


def _without_relu(x: "Tensor", w: "Weights") -> "Tensor":
    return (x @ w["w_1"] + w["b_1"]).square() @ w["w_2"]


def _both_bent_by_sigmoid(x: "Tensor", w: "Weights") -> "Tensor":
    past = (x @ w["w_1"] + w["b_1"]).relu()
    return past * past.sigmoid() @ w["w_2"]


def _cubed(x: "Tensor", w: "Weights") -> "Tensor":
    return _squared(x, {**w, "b_2": 0 * w["b_2"]}, 3.0)


def _check_power(subject: Subject, draw: Draw) -> Measurement:
    """Measure at power one the subject against the plain network, and at powers one and two what doubling x does."""
    x, w = _draw(draw)
    plain = relative(subject(x, w, 1.0), _feed(x, w))
    w = {**w, "b_1": 0 * w["b_1"], "b_2": 0 * w["b_2"]}
    doubled = [relative(subject(2 * x, w, power), 2**power * subject(x, w, power)) for power in (1.0, 2.0)]
    return Measurement(find_worst([plain, *doubled]), f"plain network {plain:.2g}, doubled {max(doubled):.2g}")


def _square_always(x: "Tensor", w: "Weights", power: float) -> "Tensor":
    return _squared(x, w)


def _power_behind(x: "Tensor", w: "Weights", power: float) -> "Tensor":
    return _feed(x, w).abs() ** power


def _times_relu(x: "Tensor", w: "Weights", power: float) -> "Tensor":
    return _squared(x, w, power + 1)


def _absolute(x: "Tensor", w: "Weights", power: float) -> "Tensor":
    return (x @ w["w_1"] + w["b_1"]).abs() ** power @ w["w_2"] + w["b_2"]


def _check_maxout(subject: Subject, draw: Draw) -> Measurement:
    """Measure the subject against the greater of two maps behind W_2; then with the second map zero, where ReLU
    alone has to be left."""
    x, w = _draw(draw)
    w |= {"w_3": draw.normal(16, 24, scale=0.25), "b_3": draw.normal(24, scale=0.5)}
    apart = []
    for pieces in (w, {**w, "w_3": 0 * w["w_3"], "b_3": 0 * w["b_3"]}):
        first, second = (x @ pieces[f"w_{place}"] + pieces[f"b_{place}"] for place in (1, 3))
        expected = first.maximum(second) @ w["w_2"] + w["b_2"]
        apart.append(relative(subject(x, pieces), expected))
    apart.append(relative(subject(x, pieces), _feed(x, w)))
    return Measurement(find_worst(apart))


def _second_and_difference(x: "Tensor", w: "Weights") -> "Tensor":
    difference = {**w, "w_1": w["w_1"] - w["w_3"], "b_1": w["b_1"] - w["b_3"]}
    return (x @ w["w_3"] + w["b_3"]) @ w["w_2"] + _feed(x, difference)


def _first_and_difference(x: "Tensor", w: "Weights") -> "Tensor":
    difference = {**w, "w_1": w["w_1"] - w["w_3"], "b_1": w["b_1"] - w["b_3"]}
    return (x @ w["w_1"] + w["b_1"]) @ w["w_2"] + _feed(x, difference)


def _sum_of_rectified(x: "Tensor", w: "Weights") -> "Tensor":
    return _feed(x, w) + _feed(x, {**w, "w_1": w["w_3"], "b_1": w["b_3"]}) - w["b_2"]


def _greater_after_relu(x: "Tensor", w: "Weights") -> "Tensor":
    first, second = ((x @ w[f"w_{place}"] + w[f"b_{place}"]).relu() for place in (1, 3))
    return first.maximum(second) @ w["w_2"] + w["b_2"]


def _check_prelu(subject: Subject, draw: Draw) -> Measurement:
    """Measure the subject against torch's PReLU between two maps; slopes below zero of 0 and 1 are among them."""
    from torch.nn.functional import prelu

    x, w = _draw(draw)
    slopes = draw.uniform(-0.5, 0.5, 24)
    slopes[0], slopes[1] = 0, 1
    hidden = prelu((x @ w["w_1"] + w["b_1"]).flatten(0, 1), slopes).view(2, 8, 24)
    return Measurement(relative(subject(x, w, slopes), hidden @ w["w_2"] + w["b_2"]))


def _twin(x: "Tensor", w: "Weights", below: "Tensor", bias: float = -1.0) -> "Tensor":
    """Return a ReLU network of twice the units: the second half answers on the other side, times ``below``."""
    from torch import cat

    twice = {"w_1": cat([w["w_1"], -w["w_1"]], dim=1), "b_1": cat([w["b_1"], bias * w["b_1"]])}
    return _feed(x, {**w, **twice, "w_2": cat([w["w_2"], below[:, None] * w["w_2"]])})


def _twice_the_units(x: "Tensor", w: "Weights", slopes: "Tensor") -> "Tensor":
    return _twin(x, w, -slopes)


def _sign_forgotten(x: "Tensor", w: "Weights", slopes: "Tensor") -> "Tensor":
    return _twin(x, w, slopes)


def _bias_not_turned(x: "Tensor", w: "Weights", slopes: "Tensor") -> "Tensor":
    return _twin(x, w, -slopes, bias=1.0)


def _one_slope(x: "Tensor", w: "Weights", slopes: "Tensor") -> "Tensor":
    return _twin(x, w, -slopes.mean().expand(24))


def _relu_alone(x: "Tensor", w: "Weights", slopes: "Tensor") -> "Tensor":
    return _feed(x, w)


_INPUTS = "normal x, weights and biases; B 2, T 8, D 16, F 24; float64"

CLAIMS = (
    Claim(
        id="squared-relu-is-a-rectified-gate-on-its-own-input",
        statement=(
            "Squared ReLU without an outer bias is a gated layer with ReLU whose gate and value are one map: what is "
            "past its plane opens itself."
        ),
        kind="reduction",
        between=("gated-linear-unit", "squared-relu"),
        evidence=Evidence("arxiv:2109.08668", "Section on squared ReLU"),
        inputs=_INPUTS,
        equation=r"\max(0, z)^2 = \max(0, z) \cdot z",
        bound=1e-12,
        why_bound="The same products: what is left is rounding, near 1e-16.",
        family="feed-forward",
        check=_check_gate,
        subject=_no_outer_bias,
        wrong_variants={
            "with its outer bias": _as_shipped,
            "square without ReLU": _without_relu,
            "a sigmoid as gate": _both_bent_by_sigmoid,
            "cubed": _cubed,
        },
        executes=("squared-relu", "gated-linear-unit"),
    ),
    Claim(
        id="squared-relu-of-power-one-is-the-plain-network",
        statement=(
            "With power one squared ReLU is the plain feed-forward network. Without biases, doubling the input "
            "doubles its output there, and at power two makes it four times as great."
        ),
        kind="reduction",
        between=("position-wise-feed-forward", "squared-relu"),
        evidence=Evidence("arxiv:2109.08668", "Abstract"),
        inputs=_INPUTS,
        equation=r"\max(0, z)^1 = \max(0, z), \qquad \max(0, 2 z)^p = 2^p \max(0, z)^p",
        bound=0.0,
        why_bound="A power of one and a factor of two change no digit of a binary number, so nothing is rounded.",
        family="feed-forward",
        check=_check_power,
        subject=_squared,
        wrong_variants={
            "always the square": _square_always,
            "the power behind the second map": _power_behind,
            "ReLU times the power": _times_relu,
            "absolute value for ReLU": _absolute,
        },
        executes=("squared-relu", "position-wise-feed-forward"),
    ),
    Claim(
        id="maxout-of-two-pieces-is-a-piece-and-relu-of-the-difference",
        statement=(
            "The greater of two linear pieces is the second piece plus ReLU of their difference. With the second "
            "piece zero, maxout is ReLU."
        ),
        kind="reduction",
        between=("relu", "maxout"),
        evidence=Evidence("arxiv:1302.4389", "Description of maxout"),
        inputs="normal x, weights and biases of two pieces, then of one; B 2, T 8, D 16, F 24; float64",
        equation=r"\max(u, v) = v + \max(0,\, u - v)",
        bound=1e-12,
        why_bound="The same pieces in another order of adding: rounding is near 1e-15.",
        family="feed-forward",
        check=_check_maxout,
        subject=_second_and_difference,
        wrong_variants={
            "the first piece and the difference": _first_and_difference,
            "the sum of both, rectified": _sum_of_rectified,
            "the greater of both, rectified": _greater_after_relu,
        },
        executes=("position-wise-feed-forward",),
    ),
    Claim(
        id="prelu-is-relu-with-twice-the-units",
        statement=(
            "A network of F units with learned slopes below zero is a ReLU network of 2 F units whose second half "
            "answers on the other side of the same planes. Slope zero is ReLU, slope one is linear."
        ),
        kind="reduction",
        between=("relu", "prelu"),
        evidence=Evidence("arxiv:1502.01852", "Section 2.1"),
        inputs="normal x, weights and biases, slopes -0.5 to 0.5 and 0 and 1; B 2, T 8, D 16, F 24; float64",
        equation=r"\mathrm{PReLU}_a(z) = \max(0, z) - a\, \max(0, -z)",
        bound=1e-12,
        why_bound="Of each pair of units one is silent: the same products, in sums of 48 for 24; near 1e-15.",
        family="feed-forward",
        check=_check_prelu,
        subject=_twice_the_units,
        wrong_variants={
            "the sign of the other side forgotten": _sign_forgotten,
            "the bias of the other side not turned": _bias_not_turned,
            "one slope for all units": _one_slope,
            "ReLU alone": _relu_alone,
        },
        executes=("position-wise-feed-forward",),
    ),
)
