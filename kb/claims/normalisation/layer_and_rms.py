"""Layer normalisation and RMSNorm: what the mean does that one of them takes away."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from kb.claims.claim import Claim, Measurement, Subject, find_worst
from kb.claims.draw import Draw
from kb.claims.measure import relative
from kb.claims.smallest import find_smallest
from kb.records import Evidence, Example

if TYPE_CHECKING:
    from torch import Tensor

    Sides = tuple[Tensor, Tensor]

_EPS = 1e-5


def _check_equality(subject: Subject, draw: Draw) -> Measurement:
    """Measure the subject against the shipped layer normalisation without its shift, and against torch's; then each
    of the two shipped norms with its mean switched against the other."""
    from torch.nn.functional import layer_norm

    # small tokens, so that epsilon counts in float32 too
    x, g = (draw.normal(2, 8, 16) + 1) / 10, draw.normal(16)
    found = subject(x, g)
    apart = [relative(found, _layer(x, g)), relative(found, layer_norm(x, (16,), g, eps=_EPS))]
    switched = [relative(_rms(x, g, centre=True), _layer(x, g)), relative(_layer(x, g, centre=False), _rms(x, g))]
    return Measurement(find_worst([*apart, *switched]))


def _check_sides(subject: Subject, draw: Draw) -> Measurement:
    """Measure how far the two sides that the subject returns are apart."""
    return Measurement(relative(*subject(draw.normal(2, 8, 16) + 1, draw.normal(16))))


def _layer(x: "Tensor", g: "Tensor", *, centre: bool = True, eps: float = _EPS) -> "Tensor":
    from kb.reference.layer_normalisation import layer_normalisation

    return layer_normalisation(x, {"g": g, "b": g * 0}, centre=centre, eps=eps)


def _rms(x: "Tensor", g: "Tensor", *, p: float = 1.0, centre: bool = False, eps: float = _EPS) -> "Tensor":
    from kb.reference.rms_norm import rms_norm

    return rms_norm(x, {"g": g}, p=p, centre=centre, eps=eps)


def _centred(x: "Tensor", axis: int = -1) -> "Tensor":
    return x - x.mean(dim=axis, keepdim=True)


def _rms_of_centred(x: "Tensor", g: "Tensor") -> "Tensor":
    return _rms(_centred(x), g)


def _rms_of_raw(x: "Tensor", g: "Tensor") -> "Tensor":
    return _rms(x, g)


def _centred_over_tokens(x: "Tensor", g: "Tensor") -> "Tensor":
    return _rms(_centred(x, axis=1), g)


def _centred_behind(x: "Tensor", g: "Tensor") -> "Tensor":
    return g * _centred(_rms(x, g / g))


def _half_the_channels(x: "Tensor", g: "Tensor") -> "Tensor":
    return _rms(_centred(x), g, p=0.5)


def _sample_variance(x: "Tensor", g: "Tensor") -> "Tensor":
    return g * _centred(x) / (x.var(dim=-1, keepdim=True) + _EPS).sqrt()


def _eps_outside(x: "Tensor", g: "Tensor") -> "Tensor":
    return g * _centred(x) / (x.std(dim=-1, keepdim=True, correction=0) + _EPS)


def _sides(x: "Tensor", g: "Tensor", eps: float = _EPS) -> "Sides":
    """Return layer normalisation and RMSNorm of the same tokens with the same gain."""
    return _layer(x, g, eps=eps), _rms(x, g, eps=eps)


def _tokens_of_mean_zero(x: "Tensor", g: "Tensor") -> "Sides":
    return _sides(_centred(x), g)


def _both_centre(x: "Tensor", g: "Tensor") -> "Sides":
    return _layer(x, g), _rms(x, g, centre=True)


def _neither_centres(x: "Tensor", g: "Tensor") -> "Sides":
    return _layer(x, g, centre=False), _rms(x, g)


def _search(subject: Subject) -> Example | None:
    def run(inputs: "Mapping[str, Tensor]") -> "dict[str, Tensor]":
        x = inputs["x"]
        # without eps the numbers can be checked by hand; a token whose channels are equal then has no output
        layer, rms = subject(x, x.new_ones(x.shape[-1]), eps=0)
        return {"layer normalisation": layer, "RMSNorm": rms}

    return find_smallest(run, [{"x": (1, width)} for width in (1, 2, 3)])


CLAIMS = (
    Claim(
        id="layer-norm-is-rms-norm-of-the-centred-token",
        statement=(
            "Layer normalisation without its shift is RMSNorm of the token less its own mean, with the same gain and "
            "the same epsilon inside the root."
        ),
        kind="equality",
        between=("layer-normalisation", "rms-norm"),
        evidence=Evidence("arxiv:1910.07467", "Section 3"),
        inputs="normal tokens around 0.1, normal gain; B 2, T 8, D 16; float64 and float32",
        equation=r"\mathrm{LN}(x) = g \odot \frac{x - \bar x}{\sqrt{\mathrm{Var}(x) + \epsilon}} = "
        r"\mathrm{RMSNorm}(x - \bar x)",
        bound=1e-12,
        bound_single=1e-5,
        why_bound="The same operations on 16 channels: what is left is rounding, near 1e-16, in float32 near 1e-7.",
        pitfall="The variance is divided by D, not D - 1, and epsilon is the same on both sides, inside the root.",
        family="normalisation",
        check=_check_equality,
        subject=_rms_of_centred,
        wrong_variants={
            "mean left where it is": _rms_of_raw,
            "mean over the tokens": _centred_over_tokens,
            "mean taken away behind the division": _centred_behind,
            "variance divided by D - 1": _sample_variance,
            "epsilon outside the root": _eps_outside,
            "partial form with half of the channels": _half_the_channels,
        },
        executes=("layer-normalisation", "rms-norm"),
    ),
    Claim(
        id="layer-norm-without-its-shift-is-rms-norm",
        statement=(
            "Layer normalisation is RMSNorm as soon as its shift is left out: the mean of a token hardly matters."
        ),
        kind="separation",
        between=("layer-normalisation", "rms-norm"),
        evidence=Evidence("arxiv:1910.07467", "Definition of RMSNorm"),
        inputs="normal tokens around 1, normal gain; B 2, T 8, D 16; float64",
        bound=1e-12,
        why_bound="Were they one function, they would differ by the rounding of sums of 16 terms.",
        pitfall="On tokens of mean zero the two agree exactly, so a test on centred inputs passes.",
        family="normalisation",
        check=_check_sides,
        subject=_sides,
        wrong_variants={
            "tokens of mean zero": _tokens_of_mean_zero,
            "both centre": _both_centre,
            "neither centres": _neither_centres,
        },
        executes=("layer-normalisation", "rms-norm"),
        expected="refuted",
        smallest=_search,
    ),
)
