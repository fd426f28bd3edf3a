"""Executable claims and their verdicts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from kb.records.literature import Evidence
from kb.records.words import VerdictName

ClaimKind = Literal["equality", "reduction", "limit", "scaling", "ordering", "count", "inequality", "separation"]
"""Equality: the same function. Reduction: the same at a parameter's value. Limit: ever nearer as a parameter goes on.
Scaling: how a figure grows. Ordering: which of several is ahead. Count: exact numbers. Inequality: a bound that is
never passed. Separation: believed to be the same, and not."""
ClaimCost = Literal["exact", "trend", "long"]
"""Exact: well below a second. Trend: seconds, over several seeds. Long: minutes, run on request only."""
Holds = Literal["at most", "at least"]
Precision = Literal["double", "single"]
OWN_CLAIM = "own:"
"""How the address of a user's own claim begins."""


@dataclass(frozen=True, slots=True)
class Example:
    """Small inputs by name and what each side makes of them, as nested lists: to be checked by hand."""

    inputs: Mapping[str, object]
    outputs: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class ClaimCard:
    """An executable claim as it is shown: everything but the code."""

    id: str
    statement: str
    kind: ClaimKind
    between: tuple[str, ...]
    """Concept slugs."""
    evidence: Evidence
    inputs: str
    bound: float
    why_bound: str
    expected: VerdictName
    wrong_variants: tuple[str, ...]
    cost: ClaimCost
    family: str
    code_hash: str
    holds: Holds = "at most"
    """Whether the figure may be at most, or must be at least, as great as the bound."""
    draws: int = 20
    """How many seeds one execution takes; every one has to agree."""
    bound_single: float | None = None
    """The bound in float32, where it is said to hold there too."""
    equation: str = ""
    pitfall: str = ""
    """Where it stops being true, or how it is misread."""
    papers: tuple[str, ...] = ()
    executes: tuple[str, ...] = ()
    """Reference implementations that its check runs, by slug."""
    has_example: bool = False
    """Whether the smallest input on which it fails is searched for."""
    own: bool = False
    """Whether a user wrote it: then its id is its address, ``own:3``, and its code runs confined."""
    name: str = ""
    """Of a user's own claim: the id that its file gives it."""


@dataclass(frozen=True, slots=True)
class OwnClaim:
    """A claim that a user wrote, as it is kept. Its address, ``own:3``, stays when it is changed."""

    id: int
    name: str
    """The id that its file gives it."""
    code: str
    created_at: datetime
    version: int = 1
    changed_at: datetime | None = None
    card: ClaimCard | None = None
    """None where the file can no longer be read: it was kept by another version, or for an idea that is gone."""
    trouble: str = ""
    """Why it cannot be read."""

    @property
    def address(self) -> str:
        """Its name wherever a claim's id is taken."""
        return f"{OWN_CLAIM}{self.id}"


@dataclass(frozen=True, slots=True)
class OwnOutcome:
    """What one execution of a user's own claim found; a verdict follows from its figures, and only from them."""

    verdict: "Verdict"
    variants: tuple[tuple[str, "Verdict"], ...] = ()
    """What became of each wrong variant, by name."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of an executable claim. ``stale`` where the code has changed since."""

    claim: str
    verdict: VerdictName
    expected: VerdictName
    measured: float | None
    """The figure of the draw that speaks most against the expected verdict."""
    bound: float | None
    seconds: float = 0.0
    seed: int = 0
    code_hash: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)
    ran_at: datetime | None = None
    stale: bool = False
    detail: str = ""
    figures: tuple[float | None, ...] = ()
    """One a draw; None where it is not finite."""
    example: Example | None = None
    """Of what was refuted: the smallest input on which it fails."""
