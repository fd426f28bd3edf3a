"""Relations between ideas that were found by search."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

RelationKind = Literal["equal", "special case", "meeting", "agreement", "limit"]
"""Equal: as they stand. Special case: one, where something of its own is set, is the other as it stands. Meeting:
both with something set. Agreement: on special inputs. Limit: ever nearer as a number of its own goes to its end."""


@dataclass(frozen=True, slots=True)
class Side:
    """One of two ideas in a relation, and what is set of its own for it to hold."""

    idea: str
    """Its slug, or ``snippet:12``."""
    settings: tuple[str, ...] = ()
    """In words: ``decay = 1``."""
    details: tuple[Mapping[str, object], ...] = ()
    """The same as the search set it: slot, kind, value."""


@dataclass(frozen=True, slots=True)
class DiscoveredRelation:
    """Two ideas that are one under some conditions, none of which can be left out."""

    kind: RelationKind
    sides: tuple[Side, Side]
    """Of a special case: first the special one, then the one that contains it."""
    conditions: tuple[str, ...]
    """What is asked of the inputs, in words."""
    condition_names: tuple[str, ...]
    measured: float
    """How far the two were apart at most on fresh inputs, relative."""
    bound: float
    trials: int
    """Sets of fresh inputs on which it held."""
    factor: str = ""
    """By which the second is to be multiplied to give the first, where that is not 1: ``2``, ``1 / sqrt(K)``."""
    up_to_rows: bool = False
    """Scores: up to a number for each query, which a softmax takes out."""
    rate: float | None = None
    """Of a limit: by which power the distance falls as the number goes on."""
    claims: tuple[str, ...] = ()
    """Ids of claims about the two."""
    edges: tuple[str, ...] = ()
    """What the lineage says of the two: ``gated-delta-rule generalises delta-rule``."""
    follows: bool = False
    """Whether it follows from others here that ask for no more."""
    everyone: bool = False
    """Whether all ideas of the search agree under these conditions on the inputs."""

    @property
    def is_candidate(self) -> bool:
        """Whether no catalogue has it and nothing here implies it."""
        return not (self.claims or self.edges or self.follows or self.everyone)


@dataclass(frozen=True, slots=True)
class OrderedClass:
    """Ideas that contain one another, and the classes directly above: those of which they are special cases."""

    ideas: tuple[str, ...]
    depth: int
    """Edges on the longest way from a class that is no special case of any other here."""
    above: tuple[int, ...] = ()
    """Places of classes in the order, the one deepest in it first."""
    relations: tuple[DiscoveredRelation, ...] = ()
    """The special cases that tie its ideas to one another and to those above."""


@dataclass(frozen=True, slots=True)
class Discovery:
    """What a search among ideas of one form found."""

    form: str
    ideas: tuple[str, ...]
    order: tuple[OrderedClass, ...]
    """General ones first."""
    relations: tuple[DiscoveredRelation, ...]
    """Exact ones first, those that ask for least first."""
    dropped: tuple[tuple[str, str], ...] = ()
    """Pairs that agreed on the inputs of the search, and not on fresh ones."""
    tried: int = 0
    """How many different outputs were held against one another."""
    seconds: float = 0.0
