"""Which papers stand near a paper by who cites them (co-citation) or by what they cite (bibliographic coupling).

Co-citation moves with time, coupling is fixed at publication. Both scores are cosines in the sense of Salton: the
number shared over the geometric mean of the two totals. This is Ochiai's coefficient on the table of who cites
whom, normalised once; a cosine on top of it would normalise twice (Zhou and Leydesdorff 2016).
"""

from collections import Counter
from collections.abc import Collection, Mapping
from math import sqrt

import networkx as nx

from kb.graph.build import check_known
from kb.records import Neighbour


def rank_co_cited(citations: nx.DiGraph, key: str, limit: int | None = 10) -> list[Neighbour]:
    """Return the papers that are cited together with this one, nearest first.

    ``count`` is the number of papers that cite both. ``score`` = count / sqrt(citers of the one * citers of the
    other), Salton's cosine, in (0, 1]. Ties by count, then by key.

    Raises
    ------
    NotFoundError : the graph has no such paper
    """
    return _rank(citations, key, features=citations.succ, holders=citations.pred, limit=limit)


def rank_coupled(citations: nx.DiGraph, key: str, limit: int | None = 10) -> list[Neighbour]:
    """Return the papers that cite the same works as this one, nearest first.

    ``count`` is the number of works in this library that both cite. ``score`` = count / sqrt(works cited by the
    one * by the other), Salton's cosine, in (0, 1]. Ties by count, then by key.

    Raises
    ------
    NotFoundError : the graph has no such paper
    """
    return _rank(citations, key, features=citations.pred, holders=citations.succ, limit=limit)


def _rank(
    citations: nx.DiGraph,
    key: str,
    *,
    features: Mapping[str, Collection[str]],
    holders: Mapping[str, Collection[str]],
    limit: int | None,
) -> list[Neighbour]:
    check_known(citations, key)
    shared = Counter(other for feature in features[key] for other in holders[feature] if other != key)
    found = [
        Neighbour(
            key=other,
            title=citations.nodes[other]["title"],
            year=citations.nodes[other]["year"],
            score=count / sqrt(len(features[key]) * len(features[other])),
            count=count,
        )
        for other, count in shared.items()
    ]
    return sorted(found, key=lambda near: (-near.score, -near.count, near.key))[:limit]
