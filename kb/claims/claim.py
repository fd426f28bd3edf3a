"""The form of an executable claim, and the one rule by which measured and bound become a verdict."""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from kb.claims.draw import Draw
from kb.records import ClaimCost, ClaimKind, Evidence, Example, Holds, VerdictName

Subject = Callable[..., Any]
"""What a check examines: the shipped implementation, or a wrong variant with the same signature."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """What a check found: the figure that is held against the bound, and in words what else was seen."""

    value: float
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One executable claim. See ``kb.records.ClaimCard`` for what the fields mean to a reader."""

    id: str
    statement: str
    kind: ClaimKind
    between: tuple[str, ...]
    """Concept slugs; of a relation, the ancestor first."""
    evidence: Evidence
    inputs: str
    bound: float
    why_bound: str
    family: str
    check: Callable[[Subject, Draw], Measurement]
    """Measure a subject with inputs that depend on the draw only: one figure a draw."""
    subject: Subject
    """The shipped implementation, as the check calls it."""
    wrong_variants: Mapping[str, Subject]
    """Popular misreadings by name: for each, the same check must reach the opposite of the expected verdict."""
    executes: tuple[str, ...]
    """The reference implementations that the check runs, by slug."""
    holds: Holds = "at most"
    """Whether the figure may be at most, or must be at least, as great as the bound."""
    expected: VerdictName = "verified"
    cost: ClaimCost = "exact"
    draws: int = 20
    """How many seeds one execution takes; every one of them has to agree with the verdict."""
    bound_single: float | None = None
    """The bound in float32, where the statement says that it holds there too."""
    smallest: Callable[[Subject], Example | None] | None = None
    """Of what is expected to be refuted: search for the smallest input on which it fails."""
    equation: str = ""
    """What is claimed, in LaTeX."""
    pitfall: str = ""
    """Where the statement stops being true, or how it is misread."""
    papers: tuple[str, ...] = ()
    """Keys of papers whose tables or sentences it recomputes, beside the evidence's."""


def find_worst(figures: Iterable[float], holds: Holds = "at most") -> float:
    """Return the figure nearest to failing, NaN where any is NaN (the built-in max would pass over it)."""
    found = list(figures)
    if any(math.isnan(figure) for figure in found):
        return math.nan
    return max(found) if holds == "at most" else min(found)


def judge(measured: float, bound: float, holds: Holds = "at most") -> VerdictName:
    """Return verified where the figure keeps its bound, refuted where not, inconclusive where it is not finite."""
    if not math.isfinite(measured):
        return "inconclusive"
    return "verified" if (measured <= bound if holds == "at most" else measured >= bound) else "refuted"


def opposite(expected: VerdictName) -> VerdictName:
    """Return the verdict that a wrong variant must get."""
    return "refuted" if expected == "verified" else "verified"
