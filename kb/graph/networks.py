"""What a view shows: the records it selects, and the links between them in the layers it asks for.

Ideas are joined by lineage edges: *executed* where a claim tests the edge, otherwise *claimed*; and, thinner, by
*cited* links where their introducing papers cite each other directly and no edge says more. The kin of a focus are
found along lineage edges; along cited links only where the view asks for nothing else, as almost everything old is
an ancestor by citation. Papers are joined by citations.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from math import sqrt

import networkx as nx

from kb.errors import InvalidQueryError, NotFoundError
from kb.graph.ancestry import ancestors, as_of, descendants
from kb.graph.build import build_citations, build_lineage, check_known
from kb.graph.standing import judge_ideas, tell_layers
from kb.records import (
    Citation,
    Concept,
    EdgeLayers,
    Executed,
    LineageEdge,
    MapLink,
    MapView,
    Network,
    NetworkNode,
    Paper,
)

WHOLE_LIBRARY = MapView()
NOTHING_EXECUTED = Executed()
_CODE = 2
"""A reference implementation weighs as much as this many connections."""


def network_of_ideas(
    concepts: Sequence[Concept],
    edges: Sequence[LineageEdge],
    *,
    executed: Executed = NOTHING_EXECUTED,
    papers: Iterable[Paper] = (),
    citations: Iterable[Citation] = (),
    view: MapView = WHOLE_LIBRARY,
) -> Network:
    """Return the ideas of a view and the links between them.

    Parameters
    ----------
    papers    : tell when the evidence of an edge was published, for ``view.as_of``
    citations : between papers; they make the layer *cited*

    Raises
    ------
    NotFoundError     : the focus is no concept of these, or was not known in the year ``as_of``
    InvalidQueryError : a number of the view is out of range, or a layer is unknown
    """
    check_view(view)
    lineage = _known(build_lineage(concepts, edges, papers), view)
    known = list(citations)
    links = _lineage_links(lineage, _layers_by_edge(lineage, concepts, known, executed), view)
    cited = _cited_links(concepts, known, lineage) if "cited" in view.layers else []
    kin = nx.DiGraph()
    kin.add_nodes_from(lineage)
    kin.add_edges_from((link.older, link.younger) for link in (cited if view.layers == ("cited",) else links))
    standing = judge_ideas(executed)
    coded = {f"concept:{slug}" for slug in executed.coded}
    ranks = {key: lineage.degree(key) + _CODE * (key in coded) for key in lineage}
    nodes = []
    for node in _nodes(lineage, ranks, _generations(kin, view)):
        verdict, stale = standing.get(node.key, ("", False))
        nodes.append(replace(node, has_code=node.key in coded, verdict=verdict, stale=stale))
    kept = _nearest(nodes, view)
    drawn = {node.key for node in kept}
    within = {link for link in links + cited if link.older in drawn and link.younger in drawn}
    return Network(kept, _ordered(within), view.focus, len(nodes) - len(kept))


def network_of_papers(
    papers: Sequence[Paper],
    citations: Sequence[Citation],
    *,
    view: MapView = WHOLE_LIBRARY,
) -> Network:
    """Return the papers of a view and the citations between them; weight is how often the library cites a paper.

    Raises
    ------
    NotFoundError     : the focus is no paper of these, or was not known in the year ``as_of``
    InvalidQueryError : a number of the view is out of range, or a layer is unknown
    """
    check_view(view)
    graph = _known(build_citations(papers, citations), view)
    nodes = _nodes(graph, dict(graph.out_degree()), _generations(graph, view))
    kept = _nearest(nodes, view)
    drawn = graph.subgraph(node.key for node in kept)
    links = [MapLink(cited, citing, "cited", "cites") for cited, citing in drawn.edges]
    return Network(kept, _ordered(links), view.focus, len(nodes) - len(kept))


def check_view(view: MapView) -> None:
    """Do nothing if the view can be drawn.

    Raises
    ------
    InvalidQueryError : a number is out of range, or a layer is unknown
    """
    least = {"up": 0, "down": 0, "limit": 1, "width_px": 200, "height_px": 1}
    for name, low in least.items():
        value = getattr(view, name)
        if value is not None and value < low:
            raise InvalidQueryError(f"{name} must be at least {low}, not {value}")
    if unknown := sorted(set(view.layers) - {"cited", "claimed", "executed"}):
        raise InvalidQueryError(f"unknown layer {unknown[0]!r}; choose among cited, claimed, executed")


def _known(graph: nx.DiGraph, view: MapView) -> nx.DiGraph:
    if view.focus:
        check_known(graph, view.focus)
    if view.as_of is None:
        return graph
    known = as_of(graph, view.as_of)
    if view.focus and view.focus not in known:
        year = graph.nodes[view.focus]["year"]
        when = f"is of {year}" if year is not None else "has no year"
        raise NotFoundError(f"not known in {view.as_of}, as it {when}; choose a later year or none: {view.focus}")
    return known


def _layers_by_edge(
    lineage: nx.DiGraph, concepts: Sequence[Concept], citations: Sequence[Citation], executed: Executed
) -> dict[LineageEdge, EdgeLayers]:
    edges = [edge for _, _, among in lineage.edges(data="edges") for edge in among]
    verdicts = {one.claim: one for one in executed.verdicts}
    return dict(zip(edges, tell_layers(edges, concepts, citations, verdicts), strict=True))


def _lineage_links(lineage: nx.DiGraph, layers: Mapping[LineageEdge, EdgeLayers], view: MapView) -> list[MapLink]:
    return [
        link
        for ancestor, descendant, among in lineage.edges(data="edges")
        for edge in among
        if (link := _lineage_link(ancestor, descendant, layers[edge], view))
    ]


def _lineage_link(ancestor: str, descendant: str, layers: EdgeLayers, view: MapView) -> MapLink | None:
    if layers.verdict and "executed" in view.layers:
        return MapLink(ancestor, descendant, "executed", layers.kind, layers.verdict, layers.stale, layers)
    if "claimed" in view.layers:
        return MapLink(ancestor, descendant, "claimed", layers.kind, layers=layers)
    return None


def _cited_links(concepts: Iterable[Concept], citations: Iterable[Citation], lineage: nx.DiGraph) -> list[MapLink]:
    introduced: dict[str, list[str]] = {}
    for concept in concepts:
        if concept.introduced_by and concept.key in lineage:
            introduced.setdefault(concept.introduced_by, []).append(concept.key)
    pairs = {
        (older, younger)
        for citation in citations
        if citation.cited != citation.citing
        for older in introduced.get(citation.cited, ())
        for younger in introduced.get(citation.citing, ())
    }
    return [
        MapLink(older, younger, "cited", "cites")
        for older, younger in sorted(pairs)
        if not lineage.has_edge(older, younger) and not lineage.has_edge(younger, older)
    ]


def _generations(graph: nx.DiGraph, view: MapView) -> dict[str, int]:
    """Return the generation of each kin of the focus; where a cycle makes a record both, the nearer side counts."""
    if not view.focus:
        return {}
    found = {view.focus: 0} | descendants(graph, view.focus, view.down)
    for key, distance in ancestors(graph, view.focus, view.up).items():
        if key not in found or distance <= found[key]:
            found[key] = -distance
    return found


def _nodes(graph: nx.DiGraph, ranks: Mapping[str, int], generations: Mapping[str, int]) -> list[NetworkNode]:
    top = max(ranks.values(), default=0) or 1
    return [
        NetworkNode(
            key=key,
            kind=graph.nodes[key]["kind"],
            title=graph.nodes[key]["title"],
            year=graph.nodes[key]["year"],
            family=graph.nodes[key]["family"],
            weight=1.0 if generations.get(key) == 0 else sqrt(ranks[key] / top),
            generation=generations.get(key),
        )
        for key in (generations or graph)
    ]


def _nearest(nodes: list[NetworkNode], view: MapView) -> tuple[NetworkNode, ...]:
    """Return the nearest generations, then the weightiest, as many as the view allows; by year and key."""
    ranked = sorted(nodes, key=lambda node: (abs(node.generation or 0), -node.weight, node.key))
    return tuple(sorted(ranked[: view.limit], key=lambda node: (node.year is None, node.year or 0, node.key)))


def _ordered(links: Iterable[MapLink]) -> tuple[MapLink, ...]:
    return tuple(sorted(links, key=lambda link: (link.older, link.younger, link.kind, link.layer)))
