"""Ideas as an order: who is a special case of whom, classes of those that contain one another, only direct steps."""

from collections.abc import Iterable, Sequence

import networkx as nx

from kb.records import DiscoveredRelation, OrderedClass


def order_ideas(ideas: Sequence[str], relations: Iterable[DiscoveredRelation]) -> tuple[OrderedClass, ...]:
    """Return the classes of ideas, general ones first, each with the classes directly above it.

    A special case of a special case is one of the whole: such steps are left out, for the others say it.

    Parameters
    ----------
    relations : of any kind; those that are equal or special cases make the order
    """
    known = [one for one in relations if one.kind in ("equal", "special case") and not one.factor]
    graph = nx.DiGraph()
    graph.add_nodes_from(ideas)
    for one in known:
        special, general = (side.idea for side in one.sides)
        graph.add_edge(special, general)
        if one.kind == "equal":
            graph.add_edge(general, special)
    whole = nx.condensation(graph)
    direct = nx.transitive_reduction(whole)
    members = {node: tuple(one for one in ideas if one in whole.nodes[node]["members"]) for node in whole}
    depths = _measure_depths(direct)
    nodes = sorted(whole, key=lambda node: (depths[node], ideas.index(members[node][0])))
    place = {node: at for at, node in enumerate(nodes)}
    return tuple(
        OrderedClass(
            ideas=members[node],
            depth=depths[node],
            # the nearest first: the one with most steps above it
            above=tuple(sorted((place[one] for one in direct.successors(node)), reverse=True)),
            relations=tuple(_list_ties(node, direct, whole.graph["mapping"], known)),
        )
        for node in nodes
    )


def _measure_depths(direct: nx.DiGraph) -> dict[int, int]:
    depths: dict[int, int] = {}
    for node in reversed(list(nx.topological_sort(direct))):
        depths[node] = 1 + max((depths[above] for above in direct.successors(node)), default=-1)
    return depths


def _list_ties(
    node: int, direct: nx.DiGraph, class_of: dict[str, int], known: Sequence[DiscoveredRelation]
) -> list[DiscoveredRelation]:
    """Return what ties a class together and to those above, of each two ideas what asks for least."""
    allowed = {node, *direct.successors(node)}
    found: dict[tuple[str, str], DiscoveredRelation] = {}
    for one in known:
        special, general = (side.idea for side in one.sides)
        if class_of[special] == node and class_of[general] in allowed:
            found.setdefault((special, general), one)
    return list(found.values())
