"""ULMFiT's learning rates: what is printed, what is run, and its three devices one by one."""

import math
from functools import partial
from typing import TYPE_CHECKING

from kb.claims.claim import Claim, Measurement, Subject, find_worst
from kb.claims.draw import Draw
from kb.claims.measure import relative
from kb.records import Evidence, Example

if TYPE_CHECKING:
    from torch import Tensor

    Sides = tuple[Tensor, Tensor]

_MAX, _CUT, _RATIO, _FACTOR = 0.01, 0.1, 32.0, 2.6
_LENGTHS = (40, 100, 1000)


def _check_schedule(subject: Subject, draw: Draw) -> Measurement:
    """Measure the worst difference between the subject and the shipped rates, for three lengths and four groups."""
    from kb.reference.ulmfit import ulmfit

    return Measurement(find_worst(relative(ulmfit(steps), subject(steps, 4)) for steps in _LENGTHS))


def _printed(steps: int) -> list[float]:
    """Return the slanted triangle as equation 3 has it, step by step."""
    cut = math.floor(steps * _CUT)
    shares = [t / cut if t < cut else 1 - (t - cut) / (cut * (1 / _CUT - 1)) for t in range(steps)]
    return [_MAX * (1 + share * (_RATIO - 1)) / _RATIO for share in shares]


def _by_group(steps: int, groups: int, slip: str = "") -> "Tensor":
    """Return the printed rate over 2.6 to the power of how far a group is from the last, zero where it is frozen.

    Parameters
    ----------
    slip : what is done wrongly: the "first" group learns fastest, groups thaw from the "input", all are thawed from
           the "start", a "constant" rate, or lower layers learn "more"
    """
    import torch

    rates = [_MAX] * steps if slip == "constant" else _printed(steps)
    rows = []
    for t, rate in enumerate(rates):
        thawed = groups if slip == "start" else 1 + t * groups // steps
        row = []
        for group in range(groups):
            depth = group if slip == "first" else groups - 1 - group
            frozen = group >= thawed if slip == "input" else groups - 1 - group >= thawed
            row.append(0.0 if frozen else rate * _FACTOR ** (depth if slip == "more" else -depth))
        rows.append(row)
    return torch.tensor(rows, dtype=torch.float64)


def _check_alone(subject: Subject, draw: Draw) -> Measurement:
    """Measure the worst difference between the two sides of each pair that the subject returns."""
    return Measurement(find_worst(relative(*pair) for steps in _LENGTHS for pair in subject(steps)))


def _one_by_one(steps: int, groups: int = 1, ratio: float = 1.0, factor: float = 1.0) -> "list[Sides]":
    """Return the three devices, each with the others set to their neutral values, and what they are by themselves."""
    import torch

    from kb.reference.ulmfit import ulmfit

    last, epoch = torch.arange(3, -1, -1), torch.arange(steps) * 4 // steps
    thawed = (last <= epoch[:, None]).to(torch.float64)
    triangle = torch.tensor(_printed(steps), dtype=torch.float64)[:, None]
    layers = 0.01 * _FACTOR ** -last.to(torch.float64)
    return [
        (ulmfit(steps, groups).sum(dim=1, keepdim=True), triangle),
        (ulmfit(steps, 4, ratio=ratio, factor=factor), 0.01 * thawed),
        (ulmfit(steps, 4, ratio=ratio)[-1], layers),
    ]


def _check_triangle(subject: Subject, draw: Draw) -> Measurement:
    """Measure the worst difference between the two sides that the subject returns, over 50 lengths."""
    return Measurement(find_worst(relative(*subject(steps)) for steps in range(100, 150)))


def _both(steps: int) -> "Sides":
    """Return the printed triangle and the shipped one."""
    import torch

    from kb.reference.ulmfit import slanted_triangular_rates

    return torch.tensor(_printed(steps), dtype=torch.float64), slanted_triangular_rates(steps)


def _whole_tenths(steps: int) -> "Sides":
    return _both(steps - steps % 10)


def _until_the_peak(steps: int) -> "Sides":
    printed, shipped = _both(steps)
    return printed[: steps // 10], shipped[: steps // 10]


def _search(subject: Subject) -> Example | None:
    # below ten steps the peak would be at step zero, and the printed rise a division by zero
    for steps in range(10, 50):
        printed, shipped = subject(steps)
        if relative(printed, shipped) > 1e-6:
            return Example(
                inputs={"steps": steps},
                outputs={"last rate as printed": float(printed[-1]), "last rate as run": float(shipped[-1])},
            )
    return None


_PAPER = "arxiv:1801.06146"
_INPUTS = "40, 100 and 1,000 steps, peak 0.01 at a tenth, ratio 32, factor 2.6"

CLAIMS = (
    Claim(
        id="ulmfit-is-three-devices-in-one-schedule",
        statement=(
            "ULMFiT's schedule is a product: the slanted triangle, as printed, divided by 2.6 for every group that a "
            "layer is further from the output, and zero until its epoch begins."
        ),
        kind="equality",
        between=("slanted-triangular-rates", "discriminative-fine-tuning", "gradual-unfreezing", "ulmfit"),
        evidence=Evidence(_PAPER, "Sections 3.2 and 3.3"),
        inputs=_INPUTS + "; four groups",
        equation=r"\eta^l_t = \eta_t \, 2.6^{\,l - L} \; [\, L - l \le \mathrm{epoch}(t) \,]",
        bound=1e-12,
        why_bound="A product of two numbers, rounded a few times.",
        pitfall="The printed triangle holds where a tenth of the steps is a whole number.",
        family="recurrence",
        check=_check_schedule,
        subject=_by_group,
        wrong_variants={
            "the group at the input learns fastest": partial(_by_group, slip="first"),
            "groups thaw from the input": partial(_by_group, slip="input"),
            "all groups from the start": partial(_by_group, slip="start"),
            "one constant rate": partial(_by_group, slip="constant"),
            "lower layers learn more": partial(_by_group, slip="more"),
        },
        executes=("ulmfit",),
        draws=1,
    ),
    Claim(
        id="each-of-ulmfits-devices-comes-back-alone",
        statement=(
            "With one group ULMFiT's schedule is the slanted triangle; with ratio and factor at one it is gradual "
            "unfreezing at a constant rate; with the ratio at one its last epoch has discriminative rates."
        ),
        kind="reduction",
        between=("slanted-triangular-rates", "discriminative-fine-tuning", "gradual-unfreezing", "ulmfit"),
        evidence=Evidence(_PAPER, "Sections 3.2 and 3.3"),
        inputs=_INPUTS,
        equation=r"L = 1; \qquad r = 1,\ 2.6 \mapsto 1; \qquad r = 1",
        bound=1e-12,
        why_bound="A product of two numbers, rounded a few times.",
        family="recurrence",
        check=_check_alone,
        subject=_one_by_one,
        wrong_variants={
            "two groups for one, their rates added": partial(_one_by_one, groups=2),
            "the ratio left at 32": partial(_one_by_one, ratio=32.0),
            "the factor left at 2.6": partial(_one_by_one, factor=2.6),
        },
        executes=("ulmfit",),
        draws=1,
    ),
    Claim(
        id="the-slanted-triangle-can-be-run-as-it-is-printed",
        statement="The printed formula of the slanted triangle can be run for any number of steps.",
        kind="separation",
        between=("slanted-triangular-rates", "ulmfit"),
        evidence=Evidence(_PAPER, "Section 3.2, equation 3"),
        inputs="100 to 149 steps, peak 0.01 at a tenth, ratio 32",
        equation=r"c = \lfloor T f \rfloor: \quad c\,(1/f - 1) < T - c \text{ unless } T f \text{ is whole}",
        bound=1e-12,
        why_bound="Were the two one formula, both would be the same quotients.",
        pitfall="Rates below zero climb the loss. From twelve steps on the last printed rate can be negative.",
        family="recurrence",
        check=_check_triangle,
        subject=_both,
        wrong_variants={
            "whole multiples of ten steps": _whole_tenths,
            "the steps up to the peak": _until_the_peak,
        },
        executes=("ulmfit",),
        draws=1,
        expected="refuted",
        smallest=_search,
    ),
)
