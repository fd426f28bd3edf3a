"""Swish between its neighbours: SiLU at slope one, GELU near 1.7, ReLU far out."""

from typing import TYPE_CHECKING

from kb.claims.claim import Claim, Measurement, Subject, find_worst
from kb.claims.draw import Draw
from kb.claims.measure import relative
from kb.records import Evidence

if TYPE_CHECKING:
    from torch import Tensor

_LAMBERT = 0.2784645427610738
"""The greatest value of z / (1 + e^z), at z = 1.2785: the w for which w e^w = 1 / e."""
_SLOPES = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0)


def _swish(z: "Tensor", slope: float) -> "Tensor":
    """Return z sigma(slope z), read out of the shipped layer: its gate sees z alone, its value is one."""
    import torch

    from kb.reference.swiglu import swiglu

    first, second = torch.eye(2, dtype=z.dtype)
    w = {"w_1": first[:, None], "w_3": second[:, None], "w_2": first[None]}
    return swiglu(torch.stack([z, torch.ones_like(z)], dim=-1)[None], w, sharpness=slope)[0, :, 0]


def _activate(z: "Tensor", activation: str) -> "Tensor":
    """Return an activation of the shipped feed-forward network, between two maps that are the identity."""
    from kb.reference.position_wise_feed_forward import position_wise_feed_forward

    one = z.new_ones(1)
    w = {"w_1": one[None], "b_1": 0 * one, "w_2": one[None], "b_2": 0 * one}
    return position_wise_feed_forward(z[None, :, None], w, activation=activation)[0, :, 0]


def _grid(draw: Draw, reach: float) -> "Tensor":
    import torch

    return torch.linspace(-reach, reach, 8001, dtype=draw.dtype)


def _check_silu(subject: Subject, draw: Draw) -> Measurement:
    """Measure the subject against torch's SiLU and the network's own."""
    from torch.nn.functional import silu

    z = draw.normal(64, scale=3)
    found = subject(z)
    return Measurement(find_worst([relative(found, silu(z)), relative(found, _activate(z, "swish"))]))


def _slope_one(z: "Tensor") -> "Tensor":
    return _swish(z, 1.0)


def _slope_of_gelu(z: "Tensor") -> "Tensor":
    return _swish(z, 1.702)


def _gelu(z: "Tensor") -> "Tensor":
    return _activate(z, "gelu")


def _sigmoid_alone(z: "Tensor") -> "Tensor":
    return z.sigmoid()


def _in_pieces(z: "Tensor") -> "Tensor":
    from torch.nn.functional import hardswish

    return hardswish(z)


def _check_gelu(subject: Subject, draw: Draw) -> Measurement:
    """Measure the greatest distance of the subject from GELU between -8 and 8."""
    z = _grid(draw, 8.0)
    return Measurement(float((subject(z) - _gelu(z)).abs().max()))


def _relu(z: "Tensor") -> "Tensor":
    return _activate(z, "relu")


def _check_relu(subject: Subject, draw: Draw) -> Measurement:
    """Measure how far slope times the greatest distance from ReLU is from 0.27846, the worst slope and side of
    zero."""
    apart = []
    for slope in _SLOPES:
        z = _grid(draw, 8 / slope)
        distance = slope * (subject(z, slope) - _relu(z)).abs()
        apart += [abs(float(side.max()) / _LAMBERT - 1) for side in (distance[z < 0], distance[z > 0])]
    return Measurement(find_worst(apart))


def _outside(z: "Tensor", slope: float) -> "Tensor":
    return slope * _swish(z, 1.0)


def _always_slope_one(z: "Tensor", slope: float) -> "Tensor":
    return _swish(z, 1.0)


def _smooth_corner(z: "Tensor", slope: float) -> "Tensor":
    from torch.nn.functional import softplus

    return softplus(z, beta=slope)


def _gelu_of_slope(z: "Tensor", slope: float) -> "Tensor":
    return _gelu(slope * z) / slope


CLAIMS = (
    Claim(
        id="silu-is-swish-of-slope-one",
        statement="Swish of slope one, as the gate of SwiGLU has it, is SiLU.",
        kind="reduction",
        between=("silu", "swish"),
        evidence=Evidence("arxiv:1710.05941", "Abstract"),
        inputs="64 normal numbers times 3; float64 and float32",
        equation=r"\mathrm{Swish}_\beta(z) = z\, \sigma(\beta z), \qquad \mathrm{SiLU}(z) = z\, \sigma(z)",
        bound=1e-12,
        bound_single=3e-6,
        why_bound="One exponential and one product: what is left is rounding, near 1e-16, in float32 near 1e-7.",
        papers=("arxiv:1606.08415", "arxiv:1702.03118"),
        family="feed-forward",
        check=_check_silu,
        subject=_slope_one,
        wrong_variants={
            "the slope that is near to GELU": _slope_of_gelu,
            "GELU": _gelu,
            "the sigmoid alone": _sigmoid_alone,
            "the approximation in pieces": _in_pieces,
        },
        executes=("swiglu", "position-wise-feed-forward"),
    ),
    Claim(
        id="swish-of-slope-1.702-is-nowhere-far-from-gelu",
        statement="Swish with a slope of 1.702 is nowhere further than 0.021 from GELU.",
        kind="inequality",
        between=("gelu", "silu", "swish"),
        evidence=Evidence("arxiv:1606.08415", "Section 2"),
        inputs="8001 points from -8 to 8; float64",
        equation=r"\max_z \lvert z\, \sigma(1.702\, z) - z\, \Phi(z) \rvert < 0.021",
        bound=0.021,
        why_bound=(
            "The logistic and the Gaussian distribution function differ by less than 0.0095 at this slope; times z "
            "the distance is greatest near |z| = 2.2. Beyond 8 both are within 1e-5 of ReLU."
        ),
        pitfall="Near is not equal: weights trained with one and run with the other drift from layer to layer.",
        family="feed-forward",
        check=_check_gelu,
        subject=_slope_of_gelu,
        wrong_variants={
            "slope one": _slope_one,
            "ReLU": _relu,
            "the approximation in pieces": _in_pieces,
        },
        executes=("swiglu", "position-wise-feed-forward"),
        draws=1,
    ),
    Claim(
        id="swish-nears-relu-as-its-slope-grows",
        statement=(
            "The greatest distance between Swish of slope beta and ReLU is 0.2785 over beta, on both sides of zero, "
            "so that it goes to zero as the slope grows."
        ),
        kind="limit",
        between=("relu", "swish"),
        evidence=Evidence("arxiv:1710.05941", "Abstract"),
        inputs="slopes 1, 2, 4, ..., 64; 8001 points within 8 / beta of zero; float64",
        equation=(
            r"\max_z \lvert z\, \sigma(\beta z) - \max(0, z) \rvert = \frac{1}{\beta} \max_{z > 0} \frac{z}{1 + "
            r"e^z} = \frac{0.27846\ldots}{\beta}"
        ),
        bound=1e-5,
        why_bound=(
            "Neighbouring points are 0.002 / beta apart, so that the greatest of them misses the maximum by less "
            "than half the square of that times the curvature: 1e-6 of it."
        ),
        pitfall="At slope one, which nearly all uses fix, the two are clearly different.",
        family="feed-forward",
        check=_check_relu,
        subject=_swish,
        wrong_variants={
            "the slope outside": _outside,
            "slope one throughout": _always_slope_one,
            "softplus": _smooth_corner,
            "GELU of that slope": _gelu_of_slope,
        },
        executes=("swiglu", "position-wise-feed-forward"),
        draws=1,
    ),
)
