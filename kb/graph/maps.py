"""The two maps of the app: of ideas, which is the default, and of papers, for a large library."""

from collections.abc import Iterable, Sequence

from kb.graph.layout import lay_out
from kb.graph.networks import NOTHING_EXECUTED, WHOLE_LIBRARY, network_of_ideas, network_of_papers
from kb.records import Citation, Concept, Executed, LineageEdge, LineageMap, MapView, Paper


def map_of_ideas(
    concepts: Sequence[Concept],
    edges: Sequence[LineageEdge],
    *,
    executed: Executed = NOTHING_EXECUTED,
    papers: Iterable[Paper] = (),
    citations: Iterable[Citation] = (),
    view: MapView = WHOLE_LIBRARY,
) -> LineageMap:
    """Return the map of ``network_of_ideas``, with the same parameters and errors."""
    network = network_of_ideas(concepts, edges, executed=executed, papers=papers, citations=citations, view=view)
    return lay_out(network, width_px=view.width_px, height_px=view.height_px)


def map_of_papers(
    papers: Sequence[Paper], citations: Sequence[Citation], *, view: MapView = WHOLE_LIBRARY
) -> LineageMap:
    """Return the map of ``network_of_papers``, with the same parameters and errors."""
    network = network_of_papers(papers, citations, view=view)
    return lay_out(network, width_px=view.width_px, height_px=view.height_px)
