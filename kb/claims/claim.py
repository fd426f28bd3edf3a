"""The form of an executable claim, and the one rule by which measured and bound become a verdict."""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from kb.records import Evidence, VerdictName

Subject = Callable[..., Any]
"""What a check examines: the shipped implementation, or a wrong variant with the same signature."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """What a check found: the figure that is held against the bound, and in words what else was seen."""

    value: float
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Claim:
    """One executable claim. See ``kb.records.ClaimCard`` for what the fields mean to a reader."""

    id: str
    statement: str
    kind: str
    between: tuple[str, ...]
    evidence: Evidence
    inputs: str
    bound: float
    why_bound: str
    family: str
    check: Callable[[Subject, int], Measurement]
    """Measure a subject with inputs that depend on the seed only."""
    subject: Subject
    """The shipped implementation, as the check calls it."""
    wrong_variants: Mapping[str, Subject]
    """Popular misreadings by name: the same check must refute each."""
    executes: tuple[str, ...]
    """The reference implementations that the check runs, by slug."""
    expected: VerdictName = "verified"
    cost: Literal["exact", "trend", "long"] = "exact"


def find_worst(figures: Iterable[float]) -> float:
    """Return the greatest figure, NaN where any is NaN (the built-in max would pass over it)."""
    found = list(figures)
    return math.nan if any(math.isnan(figure) for figure in found) else max(found)


def judge(measured: float, bound: float) -> VerdictName:
    """Return verified where measured <= bound, refuted where not, inconclusive where measured is no finite number."""
    if not math.isfinite(measured):
        return "inconclusive"
    return "verified" if measured <= bound else "refuted"
