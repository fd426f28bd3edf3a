"""ScaleNorm: one learned length for all tokens, and how it stands in RMSNorm."""

from typing import TYPE_CHECKING

from kb.claims.claim import Claim, Measurement, Subject
from kb.claims.draw import Draw
from kb.claims.measure import relative
from kb.records import Evidence

if TYPE_CHECKING:
    from torch import Tensor


def _check(subject: Subject, draw: Draw) -> Measurement:
    """Measure the subject against g x / |x|."""
    # small tokens, so that an epsilon counts in float32 too
    x, g = (draw.normal(2, 8, 16) + 1) / 10, draw.normal(1)
    return Measurement(relative(subject(x, g), g * x / x.norm(dim=-1, keepdim=True)))


def _rms(x: "Tensor", gain: "Tensor", *, p: float = 1.0, centre: bool = False, eps: float = 0.0) -> "Tensor":
    from kb.reference.rms_norm import rms_norm

    return rms_norm(x, {"g": gain.expand(x.shape[-1])}, p=p, centre=centre, eps=eps)


def _over_root(x: "Tensor", g: "Tensor") -> "Tensor":
    return _rms(x, g / x.shape[-1] ** 0.5)


def _gain_itself(x: "Tensor", g: "Tensor") -> "Tensor":
    return _rms(x, g)


def _times_root(x: "Tensor", g: "Tensor") -> "Tensor":
    return _rms(x, g * x.shape[-1] ** 0.5)


def _over_width(x: "Tensor", g: "Tensor") -> "Tensor":
    return _rms(x, g / x.shape[-1])


def _centred(x: "Tensor", g: "Tensor") -> "Tensor":
    return _rms(x, g / x.shape[-1] ** 0.5, centre=True)


def _half_the_channels(x: "Tensor", g: "Tensor") -> "Tensor":
    return _rms(x, g / x.shape[-1] ** 0.5, p=0.5)


def _with_eps(x: "Tensor", g: "Tensor") -> "Tensor":
    return _rms(x, g / x.shape[-1] ** 0.5, eps=1e-5)


CLAIMS = (
    Claim(
        id="scale-norm-is-rms-norm-with-one-gain",
        statement=(
            "ScaleNorm, which gives every token one learned length g, is RMSNorm whose gains all are g over the root "
            "of the width, where epsilon is zero."
        ),
        kind="reduction",
        between=("rms-norm", "scale-norm"),
        evidence=Evidence("arxiv:1910.05895", "Definition of ScaleNorm"),
        inputs="normal tokens around 0.1, normal g; B 2, T 8, D 16; float64 and float32",
        equation=r"g\, \frac{x}{\lVert x \rVert} = \frac{g}{\sqrt D} \odot \frac{x}{\mathrm{RMS}(x)}",
        bound=1e-12,
        bound_single=1e-6,
        why_bound="The length is the root mean square times sqrt(D): what is left is rounding, in float32 near 1e-7.",
        pitfall="With an epsilon in the root the lengths of small tokens fall short of g.",
        papers=("arxiv:1910.07467",),
        family="normalisation",
        check=_check,
        subject=_over_root,
        wrong_variants={
            "g itself for all gains": _gain_itself,
            "g times the root of the width": _times_root,
            "g over the width": _over_width,
            "the mean taken away": _centred,
            "partial form with half of the channels": _half_the_channels,
            "with an epsilon of 1e-5": _with_eps,
        },
        executes=("rms-norm",),
    ),
)
