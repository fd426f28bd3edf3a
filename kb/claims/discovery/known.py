"""Which of the relations that were found stand in the catalogue: as a claim about the two, or in their lineage."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from kb.records import ClaimCard, DiscoveredRelation, LineageEdge


def mark_known(
    relations: Iterable[DiscoveredRelation], edges: Sequence[LineageEdge], claims: Sequence[ClaimCard]
) -> tuple[DiscoveredRelation, ...]:
    """Return the relations with the claims and the edges between the two ideas of each.

    A claim is about two ideas where it links both or executes both; what it says of them may be another relation.
    """
    return tuple(_mark(one, edges, claims) for one in relations)


def _mark(
    relation: DiscoveredRelation, edges: Sequence[LineageEdge], claims: Sequence[ClaimCard]
) -> DiscoveredRelation:
    pair = {side.idea for side in relation.sides}
    about = [one.id for one in claims if pair <= {*one.between} or pair <= {*one.executes}]
    told = [
        f"{one.descendant} {one.kind.replace('_', ' ')} {one.ancestor}"
        for one in edges
        if {one.ancestor, one.descendant} == pair
    ]
    return replace(relation, claims=tuple(about), edges=tuple(told))
