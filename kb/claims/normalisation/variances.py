"""The two variances of a sample: divided by its size, or by one less."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from kb.claims.claim import Claim, Measurement, Subject
from kb.claims.draw import Draw
from kb.claims.measure import relative
from kb.claims.smallest import find_smallest
from kb.records import Evidence, Example

if TYPE_CHECKING:
    from torch import Tensor

    Sides = tuple[Tensor, Tensor]


def _check(subject: Subject, draw: Draw) -> Measurement:
    """Measure how far the two sides that the subject returns are apart."""
    return Measurement(relative(*subject(draw.normal(2, 8, 16) + 1, draw.normal(16))))


def _sides(x: "Tensor", g: "Tensor") -> "Sides":
    """Return the shipped layer normalisation, and the same by the standard deviation that libraries take by
    default."""
    return _layer(x, g), _by_deviation(x, g, correction=1)


def _layer(x: "Tensor", g: "Tensor") -> "Tensor":
    from kb.reference.layer_normalisation import layer_normalisation

    return layer_normalisation(x, {"g": g, "b": g * 0}, eps=0)


def _by_deviation(x: "Tensor", g: "Tensor", *, correction: int) -> "Tensor":
    deviation = x.std(dim=-1, keepdim=True, correction=correction)
    return g * (x - x.mean(dim=-1, keepdim=True)) / deviation


def _divided_by_count(x: "Tensor", g: "Tensor") -> "Sides":
    return _layer(x, g), _by_deviation(x, g, correction=0)


def _gain_makes_up(x: "Tensor", g: "Tensor") -> "Sides":
    width = x.shape[-1]
    return _layer(x, g), _by_deviation(x, g * (width / (width - 1)) ** 0.5, correction=1)


def _normalised_again(x: "Tensor", g: "Tensor") -> "Sides":
    # a second norm takes the first one's scale away, whichever it was
    ones = g / g
    return _layer(_layer(x, ones), g), _layer(_by_deviation(x, ones, correction=1), g)


def _search(subject: Subject) -> Example | None:
    def run(inputs: "Mapping[str, Tensor]") -> "dict[str, Tensor]":
        x = inputs["x"]
        by_count, by_one_less = subject(x, x.new_ones(x.shape[-1]))
        return {"divided by D": by_count, "divided by D - 1": by_one_less}

    return find_smallest(run, [{"x": (1, width)} for width in (2, 3)])


CLAIMS = (
    Claim(
        id="layer-norm-divides-by-the-sample-deviation",
        statement=(
            "Layer normalisation divides by the standard deviation as statistics libraries print it by default, with "
            "the sum of squares over D - 1."
        ),
        kind="separation",
        between=("layer-normalisation",),
        evidence=Evidence("arxiv:1607.06450", "Section 3"),
        inputs="normal tokens around 1, normal gain; B 2, T 8, D 16, epsilon 0; float64",
        equation=(r"\sigma^2 = \frac{1}{D} \sum_c (x_c - \bar x)^2 \;\neq\; \frac{1}{D - 1} \sum_c (x_c - \bar x)^2"),
        bound=1e-12,
        why_bound="The two differ by the factor sqrt(D / (D - 1)) in every entry: 3 % at D = 16, far above rounding.",
        pitfall=(
            "A learned gain or a norm behind it can make up for the factor, so training hides the mistake; weights "
            "copied from another implementation do not."
        ),
        family="normalisation",
        check=_check,
        subject=_sides,
        wrong_variants={
            "both divided by D": _divided_by_count,
            "gain raised by the factor": _gain_makes_up,
            "a second norm behind each": _normalised_again,
        },
        executes=("layer-normalisation",),
        expected="refuted",
        smallest=_search,
    ),
)
