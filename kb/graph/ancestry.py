"""Ancestors and descendants by generation, and a graph as it was known in a year.

These functions take a lineage or a citation graph. In the joint graph a paper and its concept lie one step apart.
"""

from collections.abc import Callable, Iterable

import networkx as nx

from kb.errors import InvalidQueryError
from kb.graph.build import check_known


def ancestors(graph: nx.DiGraph, key: str, up: int | None = None) -> dict[str, int]:
    """Return the ancestors of a record and the distance of each, nearest first, ties by key.

    The distance is the length of the shortest way, so it is at least 1. On a cycle a record is not its own ancestor.

    Parameters
    ----------
    up : how many generations; None for all of them, 0 for none

    Raises
    ------
    NotFoundError     : the graph has no such record
    InvalidQueryError : ``up`` is negative
    """
    return _reach(graph, graph.predecessors, key, up)


def descendants(graph: nx.DiGraph, key: str, down: int | None = None) -> dict[str, int]:
    """Return the descendants of a record and the distance of each; otherwise as ``ancestors``."""
    return _reach(graph, graph.successors, key, down)


def as_of(graph: nx.DiGraph, year: int) -> nx.DiGraph:
    """Return a copy of the graph as it was known at the end of a year.

    A record without a year is left out: nobody can say that it was known. A lineage edge whose earliest evidence
    is younger is left out too, even between two old ideas: that linear attention is a fast weight programmer was
    not known before somebody said so.
    """
    known = nx.DiGraph()
    known.add_nodes_from(
        (key, data) for key, data in graph.nodes(data=True) if data["year"] is not None and data["year"] <= year
    )
    known.add_edges_from(
        (tail, head, data)
        for tail, head, data in graph.edges(data=True)
        if tail in known and head in known and (data.get("since") is None or data["since"] <= year)
    )
    return known


def _reach(
    graph: nx.DiGraph, neighbours: Callable[[str], Iterable[str]], key: str, generations: int | None
) -> dict[str, int]:
    check_known(graph, key)
    if generations is not None and generations < 0:
        raise InvalidQueryError(f"generations cannot be negative: {generations}; use 0 for none, nothing for all")
    found = {key: 0}
    frontier, distance = [key], 0
    while frontier and distance != generations:
        distance += 1
        frontier = sorted({near for one in frontier for near in neighbours(one) if near not in found})
        found |= dict.fromkeys(frontier, distance)
    del found[key]
    return found
