"""Dropout and DropConnect: when a mask over weights is a mask over units."""

from typing import TYPE_CHECKING

from kb.claims.claim import Claim, Measurement, Subject
from kb.claims.draw import Draw
from kb.claims.measure import relative
from kb.records import Evidence

if TYPE_CHECKING:
    from torch import Tensor

    Weights = dict[str, Tensor]

_KEPT = 0.75


def _check(subject: Subject, draw: Draw) -> Measurement:
    """Measure the subject against the network whose hidden units are dropped by the mask and made up for."""
    x = draw.normal(2, 8, 16)
    w = {"w_1": draw.normal(16, 32), "b_1": draw.normal(32), "w_2": draw.normal(32, 16), "b_2": draw.normal(16)}
    units = (draw.uniform(0, 1, 32) < _KEPT).to(x.dtype)
    weights = (draw.uniform(0, 1, 32, 16) < _KEPT).to(x.dtype)
    hidden = (x @ w["w_1"] + w["b_1"]).relu() * units / _KEPT
    return Measurement(relative(subject(x, w, units, weights), hidden @ w["w_2"] + w["b_2"]))


def _feed(x: "Tensor", w: "Weights") -> "Tensor":
    from kb.reference.position_wise_feed_forward import position_wise_feed_forward

    return position_wise_feed_forward(x, w)


def _by_row(x: "Tensor", w: "Weights", units: "Tensor", weights: "Tensor") -> "Tensor":
    return _feed(x, {**w, "w_2": w["w_2"] * units[:, None] / _KEPT})


def _by_weight(x: "Tensor", w: "Weights", units: "Tensor", weights: "Tensor") -> "Tensor":
    return _feed(x, {**w, "w_2": w["w_2"] * weights / _KEPT})


def _by_column(x: "Tensor", w: "Weights", units: "Tensor", weights: "Tensor") -> "Tensor":
    return _feed(x, {**w, "w_2": w["w_2"] * units[:16] / _KEPT})


def _incoming(x: "Tensor", w: "Weights", units: "Tensor", weights: "Tensor") -> "Tensor":
    # a unit without incoming weights still says what its bias says
    return _feed(x, {**w, "w_1": w["w_1"] * units / _KEPT, "b_1": w["b_1"] / _KEPT})


def _not_made_up(x: "Tensor", w: "Weights", units: "Tensor", weights: "Tensor") -> "Tensor":
    return _feed(x, {**w, "w_2": w["w_2"] * units[:, None]})


def _with_bias(x: "Tensor", w: "Weights", units: "Tensor", weights: "Tensor") -> "Tensor":
    return _feed(x, {**w, "w_2": w["w_2"] * units[:, None] / _KEPT, "b_2": w["b_2"] / _KEPT})


CLAIMS = (
    Claim(
        id="drop-connect-with-equal-masks-is-dropout",
        statement=(
            "DropConnect whose mask is the same along all outgoing weights of a unit is dropout of that unit: in a "
            "feed-forward network, zero rows of the second matrix are hidden units left out."
        ),
        kind="reduction",
        between=("dropout", "dropconnect"),
        evidence=Evidence("s2:38f35dd624cd1cf827416e31ac5e0e0454028eca", "Abstract"),
        inputs="normal x and weights, one mask for all tokens, 3 of 4 kept; B 2, T 8, D 16, F 32; float64",
        equation=r"(h \odot m)\, W_2 = h\, (\mathrm{diag}(m)\, W_2)",
        bound=1e-12,
        why_bound="The same sums of 32 products, of which some are zero on both sides: rounding is near 1e-16.",
        pitfall=(
            "Dropout draws a mask for every token. Masks over weights are one for all that pass in the same step."
        ),
        family="normalisation",
        check=_check,
        subject=_by_row,
        wrong_variants={
            "each weight by itself": _by_weight,
            "the same along incoming weights of an output": _by_column,
            "on the first matrix, past its bias": _incoming,
            "not made up for": _not_made_up,
            "the bias raised as well": _with_bias,
        },
        executes=("position-wise-feed-forward",),
    ),
)
