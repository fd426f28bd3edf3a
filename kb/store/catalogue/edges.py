"""The lineage: edges between concepts, with their evidence and, where they are contested, who holds what."""

from pathlib import Path

from kb.records import EDGE_KINDS, Evidence, LineageEdge, Position
from kb.store.catalogue.entries import Entry, read_entries
from kb.store.catalogue.ideas import Concepts
from kb.store.catalogue.works import Papers


def load_edges(folder: Path, papers: Papers, concepts: Concepts) -> list[LineageEdge]:
    edges: dict[tuple[str, str, str], LineageEdge] = {}
    parents: dict[str, set[str]] = {}
    for entry in read_entries(folder, "edge"):
        edge = _edge(entry, papers)
        for name in (edge.ancestor, edge.descendant):
            if name not in concepts:
                raise entry.fail(f"{name} is no concept", "ancestor" if name == edge.ancestor else "descendant")
        old, young = concepts[edge.ancestor][0], concepts[edge.descendant][0]
        if (old.introduced or 0) > (young.introduced or 0):
            raise entry.fail(
                f"{old.slug} ({old.introduced}) is younger than {young.slug} ({young.introduced})", "ancestor"
            )
        if (edge.ancestor, edge.descendant, edge.kind) in edges:
            raise entry.fail(f"{edge.descendant} {edge.kind} {edge.ancestor} stands twice", "ancestor")
        if _reaches(parents, edge.ancestor, edge.descendant):
            raise entry.fail(f"{edge.descendant} would be an ancestor of itself", "ancestor")
        parents.setdefault(edge.descendant, set()).add(edge.ancestor)
        edges[edge.ancestor, edge.descendant, edge.kind] = edge
    return list(edges.values())


def _edge(entry: Entry, papers: Papers) -> LineageEdge:
    evidence = [Evidence(**one) for one in _read_places(entry, "evidence", ("paper", "locator"), papers)]
    positions = [
        Position(**one) for one in _read_places(entry, "positions", ("held_by", "says", "paper", "locator"), papers)
    ]
    edge = LineageEdge(
        ancestor=entry.words("ancestor"),
        descendant=entry.words("descendant"),
        kind=entry.words("kind"),
        evidence=tuple(evidence),
        note=entry.words("note", ""),
        claims=entry.names("claims"),
        positions=tuple(positions),
        unclaimed=entry.words("unclaimed", ""),
    )
    entry.close()
    if edge.kind not in EDGE_KINDS:
        raise entry.fail(f"kind {edge.kind!r} is none of {', '.join(EDGE_KINDS)}", "kind")
    if not evidence:
        raise entry.fail("an edge needs evidence: a paper and a place in it", "evidence")
    if edge.unclaimed and edge.claims:
        raise entry.fail("an edge has claims, or says why it has none: not both", "unclaimed")
    if len(positions) == 1:
        raise entry.fail("a relation is contested by two positions or more; one alone is a note", "positions")
    return edge


def _read_places(entry: Entry, name: str, fields: tuple[str, ...], papers: Papers) -> list[dict[str, str]]:
    """Return tables of texts with exactly these fields, each of which names a place in a paper of the catalogue."""
    found = []
    for one in entry.tables(name):
        place = {field: " ".join(str(one.get(field, "")).split()) for field in fields}
        if not all(place.values()) or one.keys() - set(fields):
            raise entry.fail(f"{name} is a list of {{ {', '.join(f'{field} = text' for field in fields)} }}", name)
        if place["paper"] not in papers:
            raise entry.fail(f"{name} names {place['paper']!r}, which is not in the catalogue", name)
        found.append(place)
    return found


def _reaches(parents: dict[str, set[str]], start: str, goal: str) -> bool:
    """Tell whether ``goal`` is ``start`` or one of its ancestors."""
    waiting, seen = [start], set[str]()
    while waiting:
        if (here := waiting.pop()) == goal:
            return True
        if here not in seen:
            seen.add(here)
            waiting.extend(parents.get(here, ()))
    return False
