"""Graphs from records, always in the direction of knowledge: ancestor -> descendant, cited -> citing.

Real records hold self-citations, duplicates, cycles and papers without a year. The first two are removed here; the
others stay, and everything in this room takes them. A link with an end that is not among the records is left out.
Whoever reads a graph orders what he returns by key, so no answer depends on the order of the input.

A node has ``kind`` (paper, concept), ``title``, ``year`` (or None) and ``family``. An arc has ``relation``:

lineage     ``edges``, the LineageEdges of this pair; ``since``, the year of the earliest evidence, None if unknown
cites       ``origins`` and ``note`` of the citation
introduces  between a paper and a concept, in the joint graph only, in both directions: they are one event
"""

from collections.abc import Iterable, Mapping

import networkx as nx

from kb.errors import NotFoundError
from kb.records import Citation, Concept, LineageEdge, Paper


def build_lineage(
    concepts: Iterable[Concept], edges: Iterable[LineageEdge], papers: Iterable[Paper] = ()
) -> nx.DiGraph:
    """Return the lineage between concepts, keys ``concept:<slug>``; several edges of one pair share an arc.

    ``papers`` tell since when an edge is known: the year of its earliest evidence.
    """
    graph = nx.DiGraph()
    listed = sorted(concepts, key=lambda concept: concept.key)
    for concept in listed:
        _add(graph, concept.key, kind="concept", title=concept.name, year=concept.introduced, family=concept.family)
    years = {one.introduced_by: one.introduced for one in listed} | {one.key: one.year for one in papers}
    pairs: dict[tuple[str, str], set[LineageEdge]] = {}
    for edge in edges:
        pairs.setdefault((f"concept:{edge.ancestor}", f"concept:{edge.descendant}"), set()).add(edge)
    for (ancestor, descendant), among in sorted(pairs.items(), key=lambda pair: pair[0]):
        if ancestor in graph and descendant in graph and ancestor != descendant:
            graph.add_edge(
                ancestor,
                descendant,
                relation="lineage",
                edges=tuple(sorted(among, key=lambda edge: (edge.kind, edge.note, str(edge.evidence)))),
                since=_earliest(among, years),
            )
    return graph


def build_citations(papers: Iterable[Paper], citations: Iterable[Citation]) -> nx.DiGraph:
    """Return the citations between papers, cited -> citing; duplicates share an arc, origins gathered."""
    graph = nx.DiGraph()
    for paper in sorted(papers, key=lambda paper: paper.key):
        _add(graph, paper.key, kind="paper", title=paper.title, year=paper.year, family=paper.family)
    pairs: dict[tuple[str, str], tuple[tuple[str, ...], str]] = {}
    for citation in citations:
        pair, origins, note = (citation.cited, citation.citing), citation.origins, citation.note
        if known := pairs.get(pair):
            origins, note = tuple(sorted({*known[0], *origins})), max(known[1], note)
        pairs[pair] = (origins, note)
    present = set(graph)
    graph.add_edges_from(
        (*pair, {"relation": "cites", "origins": origins, "note": note})
        for pair, (origins, note) in pairs.items()
        if pair[0] != pair[1] and present.issuperset(pair)
    )
    return graph


def build_joint(
    concepts: Iterable[Concept],
    edges: Iterable[LineageEdge],
    papers: Iterable[Paper],
    citations: Iterable[Citation],
) -> nx.DiGraph:
    """Return lineage and citations in one graph, each paper joined to the concepts that it introduces."""
    listed, works = list(concepts), list(papers)
    graph = nx.compose(build_lineage(listed, edges, works), build_citations(works, citations))
    pairs = {(one.introduced_by, one.key) for one in listed}
    pairs |= {(work.key, f"concept:{slug}") for work in works for slug in work.introduces}
    for paper, concept in sorted(pairs):
        if paper in graph and concept in graph:
            graph.add_edge(paper, concept, relation="introduces")
            graph.add_edge(concept, paper, relation="introduces")
    return graph


def check_known(graph: nx.DiGraph, key: str) -> None:
    """Do nothing if the graph has this record.

    Raises
    ------
    NotFoundError : it has not
    """
    if key not in graph:
        raise NotFoundError(f"the graph holds no record with this key; 'stemma search' finds the nearest: {key}")


def _add(graph: nx.DiGraph, key: str, **attributes: object) -> None:
    if key not in graph:
        graph.add_node(key, **attributes)


def _earliest(edges: Iterable[LineageEdge], years: Mapping[str, int | None]) -> int | None:
    found = [years.get(evidence.paper) for edge in edges for evidence in edge.evidence]
    return min((year for year in found if year is not None), default=None)
