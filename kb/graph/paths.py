"""How one record reaches another: the shortest way that a historian accepts, each hop with its evidence.

A way runs with time only: from an ancestor to a descendant, never down and up again, and no hop leads to a year
before one already passed. A citation that runs backward is followed only where its record gives the reason. Two
things that one paper introduces are siblings, and so are two papers that introduce one thing: a way does not pass
from the one to the other.
"""

from collections.abc import Callable
from itertools import pairwise

import networkx as nx

from kb.graph.build import check_known
from kb.records import Hop, Layer, Path

_KIND_WORDS = {"special_case_of": "is a special case of"}

_Follow = Callable[[dict[str, object]], bool]
_State = tuple[str, bool, int | None]
"""Where we are, whether an introduces-link led here, and the latest year passed."""
_Trail = tuple[int, tuple[str, ...]]
"""How many citations, and the keys so far: the smaller trail is the better one of equal length."""


def find_path(joint: nx.DiGraph, start: str, end: str) -> Path | None:
    """Return the shortest path between two records, or None where neither descends from the other.

    The lineage between ideas comes first, in either direction; citations serve only where it does not connect the
    two. Of equally short paths the one with the fewest citations is taken, then the one whose keys come first.
    The path runs with time whichever end was named first: from ``start`` to ``end`` if there is such a way,
    otherwise from ``end`` to ``start``. A record reaches itself without a hop.

    Parameters
    ----------
    joint      : the graph of ``build_joint``
    start, end : keys of papers or concepts

    Raises
    ------
    NotFoundError : the graph lacks one of them
    """
    check_known(joint, start)
    check_known(joint, end)
    for follow in (_is_lineage, _is_any):
        for older, younger in ((start, end), (end, start)):
            if keys := _shortest(joint, older, younger, follow):
                return _describe(joint, keys)
    return None


def _is_lineage(arc: dict[str, object]) -> bool:
    return arc["relation"] != "cites"


def _is_any(arc: dict[str, object]) -> bool:
    return True


def _shortest(joint: nx.DiGraph, start: str, end: str, follow: _Follow) -> tuple[str, ...]:
    """Search by breadth over states, level by level, so that ties are settled between whole trails."""
    level: dict[_State, _Trail] = {(start, False, joint.nodes[start]["year"]): (0, (start,))}
    seen: set[_State] = set()
    while level:
        arrived = [trail for (key, _, _), trail in level.items() if key == end]
        if arrived:
            return min(arrived)[1]
        seen |= level.keys()
        following: dict[_State, _Trail] = {}
        for state, trail in level.items():
            for after, longer in _steps(joint, state, trail, follow):
                if after not in seen and (after not in following or longer < following[after]):
                    following[after] = longer
        level = following
    return ()


def _steps(joint: nx.DiGraph, state: _State, trail: _Trail, follow: _Follow) -> list[tuple[_State, _Trail]]:
    key, introduced, latest = state
    citations, keys = trail
    found = []
    for near, arc in joint.adj[key].items():
        introduces = arc["relation"] == "introduces"
        year = joint.nodes[near]["year"]
        if not follow(arc) or (introduces and introduced) or near in keys or not _in_time(arc, latest, year):
            continue
        if introduces and latest is not None and year is not None:
            year = max(latest, year)
        passed = latest if year is None else year
        found.append(((near, introduces, passed), (citations + (arc["relation"] == "cites"), (*keys, near))))
    return found


def _in_time(arc: dict[str, object], latest: int | None, year: int | None) -> bool:
    """Tell whether a hop runs with time; a paper and what it introduces are one event, whatever their years."""
    if latest is None or year is None or year >= latest or arc["relation"] == "introduces":
        return True
    return bool(arc.get("note"))


def _describe(joint: nx.DiGraph, keys: tuple[str, ...]) -> Path:
    titles = tuple(joint.nodes[key]["title"] for key in keys)
    return Path(keys, titles, tuple(_hop(joint, *pair) for pair in pairwise(keys)))


def _hop(joint: nx.DiGraph, start: str, end: str) -> Hop:
    arc = joint.edges[start, end]
    if arc["relation"] == "cites":
        return Hop(start, end, "cited", "cites", _citation_words(joint, start, end))
    if arc["relation"] == "introduces":
        paper, concept = sorted((start, end), key=lambda key: joint.nodes[key]["kind"] == "concept")
        words = f"{_dated(joint, paper)} introduces {joint.nodes[concept]['title']}"
        return Hop(start, end, "claimed", "introduces", words)
    layer: Layer = "executed" if any(edge.claims for edge in arc["edges"]) else "claimed"
    return Hop(start, end, layer, ", ".join(edge.kind for edge in arc["edges"]), _lineage_words(joint, start, end))


def _citation_words(joint: nx.DiGraph, cited: str, citing: str) -> str:
    arc = joint.edges[cited, citing]
    note = f"; {arc['note']}" if arc["note"] else ""
    return f"{_dated(joint, citing)} cites {_dated(joint, cited)}, according to {', '.join(arc['origins'])}{note}"


def _lineage_words(joint: nx.DiGraph, ancestor: str, descendant: str) -> str:
    sentences = []
    for edge in joint.edges[ancestor, descendant]["edges"]:
        verb = _KIND_WORDS.get(edge.kind, edge.kind)
        places = "; ".join(f"{_dated(joint, one.paper)}, {one.locator}" for one in edge.evidence)
        sentences.append(f"{_title(joint, descendant)} {verb} {_title(joint, ancestor)}: {places}")
    return ". ".join(sentences)


def _title(joint: nx.DiGraph, key: str) -> str:
    return str(joint.nodes[key]["title"]) if key in joint else key


def _dated(joint: nx.DiGraph, key: str) -> str:
    year = joint.nodes[key]["year"] if key in joint else None
    return f"{_title(joint, key)} ({year})" if year is not None else _title(joint, key)
