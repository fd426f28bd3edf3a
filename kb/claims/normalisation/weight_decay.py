"""Weight decay in Adam: taken from the weights themselves, or by a penalty through the gradient."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from kb.claims.claim import Claim, Measurement, Subject
from kb.claims.draw import Draw
from kb.claims.measure import relative
from kb.claims.smallest import find_smallest
from kb.records import Evidence, Example

if TYPE_CHECKING:
    from torch import Tensor

    Slopes = Callable[[Tensor], Tensor]
    Sides = tuple[Tensor, Tensor]

_RATE, _FACTOR, _STEPS = 0.1, 0.1, 3


def _draw(draw: Draw) -> "tuple[Tensor, Slopes]":
    """Return the first matrix of a small feed-forward network, and the gradient of its squared error by it."""
    import torch

    from kb.reference.position_wise_feed_forward import position_wise_feed_forward

    x, target = draw.normal(2, 1, 6, 4)
    w = {"w_1": draw.normal(4, 8), "b_1": draw.normal(8), "w_2": draw.normal(8, 4), "b_2": draw.normal(4)}

    def slopes(matrix: "Tensor") -> "Tensor":
        at = matrix.detach().requires_grad_()
        error = (position_wise_feed_forward(x, {**w, "w_1": at}) - target).square().sum()
        return torch.autograd.grad(error, at)[0]

    return w["w_1"], slopes


def _check_zero(subject: Subject, draw: Draw) -> Measurement:
    """Measure the subject against Adam in the other order of its paper, with both corrections in the rate."""
    matrix, slopes = _draw(draw)
    expected, mean, square = matrix, 0 * matrix, 0 * matrix
    for step in range(1, _STEPS + 1):
        slope = slopes(expected)
        mean, square = 0.9 * mean + 0.1 * slope, 0.999 * square + 0.001 * slope**2
        root = (1 - 0.999**step) ** 0.5
        expected = expected - _RATE * root / (1 - 0.9**step) * mean / (square.sqrt() + 1e-8 * root)
    return Measurement(relative(subject(matrix, slopes), expected))


def _adam(
    matrix: "Tensor",
    slopes: "Slopes",
    *,
    decay: float = 0.0,
    penalty: float = 0.0,
    corrected: bool = True,
    steps: int = _STEPS,
) -> "Tensor":
    """Return the matrix after some steps of Adam: the penalty goes through the gradient, the decay past it."""
    mean, square = 0 * matrix, 0 * matrix
    for step in range(1, steps + 1):
        slope = slopes(matrix) + penalty * matrix
        mean, square = 0.9 * mean + 0.1 * slope, 0.999 * square + 0.001 * slope**2
        if corrected:
            direction = mean / (1 - 0.9**step) / ((square / (1 - 0.999**step)).sqrt() + 1e-8)
        else:
            direction = mean / (square.sqrt() + 1e-8)
        matrix = matrix - _RATE * (direction + decay * matrix)
    return matrix


def _adamw(matrix: "Tensor", slopes: "Slopes") -> "Tensor":
    return _adam(matrix, slopes)


def _adamw_by_default(matrix: "Tensor", slopes: "Slopes") -> "Tensor":
    return _adam(matrix, slopes, decay=0.01)


def _adam_with_penalty(matrix: "Tensor", slopes: "Slopes") -> "Tensor":
    return _adam(matrix, slopes, penalty=_FACTOR)


def _uncorrected(matrix: "Tensor", slopes: "Slopes") -> "Tensor":
    return _adam(matrix, slopes, corrected=False)


def _check_sides(subject: Subject, draw: Draw) -> Measurement:
    """Measure how far the two sides that the subject returns are apart."""
    return Measurement(relative(*subject(*_draw(draw))))


def _sides(matrix: "Tensor", slopes: "Slopes", steps: int = _STEPS) -> "Sides":
    """Return what Adam with an L2 penalty and AdamW with the same factor make of the matrix."""
    return _adam(matrix, slopes, penalty=_FACTOR, steps=steps), _adam(matrix, slopes, decay=_FACTOR, steps=steps)


def _nothing_decays(matrix: "Tensor", slopes: "Slopes") -> "Sides":
    return _adam(matrix, slopes, penalty=0.0), _adam(matrix, slopes, decay=0.0)


def _plain_descent(matrix: "Tensor", slopes: "Slopes") -> "Sides":
    """Return gradient descent with the penalty, and with the decay taken from the weights."""
    penalised, decayed = matrix, matrix
    for _ in range(_STEPS):
        # smaller slopes, for plain descent has no root that tames them
        penalised = penalised - _RATE * (slopes(penalised) / 100 + _FACTOR * penalised)
        decayed = (1 - _RATE * _FACTOR) * decayed - _RATE * slopes(decayed) / 100
    return penalised, decayed


def _one_step_from_zero(matrix: "Tensor", slopes: "Slopes") -> "Sides":
    return _sides(0 * matrix, slopes, steps=1)


def _search(subject: Subject) -> Example | None:
    def run(inputs: "Mapping[str, Tensor]") -> "dict[str, Tensor]":
        # every number has a mean and a square of its own, so a whole batch is one matrix
        penalty, decay = subject(inputs["weight"], lambda one: inputs["slope"], steps=1)
        return {"Adam with a penalty": penalty.round(decimals=6), "AdamW": decay.round(decimals=6)}

    return find_smallest(run, [{"weight": (1,), "slope": (1,)}])


CLAIMS = (
    Claim(
        id="adamw-without-decay-is-adam",
        statement="AdamW with a decay of zero takes the steps that Adam takes.",
        kind="reduction",
        between=("adam", "adamw"),
        evidence=Evidence("arxiv:1711.05101", "Algorithm 2"),
        inputs="normal weights, inputs and targets of a feed-forward network; 3 steps at a rate of 0.1; float64",
        bound=1e-12,
        why_bound="The same operations three times: what is left is rounding, near 1e-15.",
        pitfall="Libraries set a decay of 0.01 in AdamW where none is asked for.",
        papers=("arxiv:1412.6980",),
        family="normalisation",
        check=_check_zero,
        subject=_adamw,
        wrong_variants={
            "the decay that libraries set by default": _adamw_by_default,
            "Adam with a penalty": _adam_with_penalty,
            "without the corrections for the first steps": _uncorrected,
        },
        executes=("position-wise-feed-forward",),
    ),
    Claim(
        id="an-l2-penalty-in-adam-is-weight-decay",
        statement=(
            "Weight decay and an L2 penalty are two names for one thing: in Adam as in gradient descent the same "
            "factor gives the same weights."
        ),
        kind="separation",
        between=("adam", "adamw"),
        evidence=Evidence("arxiv:1711.05101", "Abstract"),
        inputs="normal weights, inputs and targets of a feed-forward network; 3 steps, rate and factor 0.1; float64",
        equation=(
            r"\theta - \eta \frac{\hat m(g + \lambda \theta)}{\sqrt{\hat v(g + \lambda \theta)}} \;\neq\; "
            r"(1 - \eta \lambda)\,\theta - \eta \frac{\hat m(g)}{\sqrt{\hat v(g)}}"
        ),
        bound=1e-12,
        why_bound="Were they one thing, the weights would differ by rounding after three steps.",
        pitfall=(
            "In plain gradient descent it is true. In Adam the root divides the penalty as well, so that weights "
            "with great gradients decay less."
        ),
        family="normalisation",
        check=_check_sides,
        subject=_sides,
        wrong_variants={
            "a factor of zero": _nothing_decays,
            "plain gradient descent": _plain_descent,
            "one step from weights of zero": _one_step_from_zero,
        },
        executes=("position-wise-feed-forward",),
        expected="refuted",
        smallest=_search,
    ),
)
