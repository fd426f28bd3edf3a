"""From the figures of all draws to one verdict: the same rule for what ships and for a user's own claim."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from kb.claims.claim import Measurement, find_worst, judge
from kb.records import Holds, VerdictName


class Bounded(Protocol):
    """What a verdict needs to know of a claim."""

    @property
    def bound(self) -> float: ...
    @property
    def bound_single(self) -> float | None: ...
    @property
    def holds(self) -> Holds: ...


@dataclass(frozen=True, slots=True)
class Conclusion:
    """A verdict with the figure and the bound on which it rests."""

    verdict: VerdictName
    measured: float | None
    bound: float
    detail: str


def conclude(
    claim: Bounded, double: Sequence[Measurement], single: Sequence[Measurement], expected: VerdictName
) -> Conclusion:
    """Return the verdict on what was measured: that of the draw that speaks most against the expected one.

    Parameters
    ----------
    double : one a draw, at least one
    single : the same in float32, where the claim has a bound for that; otherwise empty
    """
    least = find_least_favourable(double, claim.holds, expected)
    verdict, bound = judge(least.value, claim.bound, claim.holds), claim.bound
    detail = least.detail
    if claim.bound_single is not None and single:
        worst = find_least_favourable(single, claim.holds, expected)
        detail = "; ".join(filter(None, (detail, f"in float32 {worst.value:.2g}")))
        there = judge(worst.value, claim.bound_single, claim.holds)
        if there != expected and verdict == expected:
            verdict, bound, least = there, claim.bound_single, worst
    return Conclusion(verdict, keep_finite(least.value), bound, detail)


def find_least_favourable(found: Sequence[Measurement], holds: Holds, expected: VerdictName) -> Measurement:
    """Return the measurement that speaks most against the expected verdict."""
    favours_small = (holds == "at most") == (expected == "verified")
    worst = find_worst((one.value for one in found), "at most" if favours_small else "at least")
    return next(one for one in found if one.value == worst or (math.isnan(one.value) and math.isnan(worst)))


def list_figures(found: Iterable[Measurement]) -> tuple[float | None, ...]:
    """Return the figures as a verdict keeps them."""
    return tuple(keep_finite(one.value) for one in found)


def keep_finite(value: float) -> float | None:
    """Return the figure, or None where it is not finite."""
    return value if math.isfinite(value) else None
