"""Networks, maps and paths, from what the shelves hold. Keys are such as stand on the map: papers and concepts."""

from dataclasses import replace

from kb.errors import InvalidQueryError
from kb.library.claiming import list_executed
from kb.library.shelves import Shelf
from kb.records import LineageMap, MapView, Network, Path
from kb.store import Store


def select_network(store: Store, shelf: Shelf, key: str, view: MapView, *, of: str = "ideas") -> Network:
    """Return a record's ancestors and descendants: of an idea by lineage, of a paper by citation.

    An empty key means the whole library, and then ``of`` says whether its ideas or its papers.
    """
    from kb.graph.networks import network_of_ideas, network_of_papers

    focused = replace(view, focus=key)
    if not (key.startswith("concept:") or (not key and of == "ideas")):
        return network_of_papers(shelf.papers, shelf.citations, view=focused)
    return network_of_ideas(
        shelf.concepts,
        shelf.edges,
        executed=list_executed(store),
        papers=shelf.papers,
        citations=shelf.citations,
        view=focused,
    )


def export(store: Store, shelf: Shelf, key: str, view: MapView, *, form: str, of: str) -> str:
    """Return the network of a record, or without a key that of all ``ideas`` or ``papers``, as a text."""
    from kb.graph.export import export_network

    return export_network(select_network(store, shelf, key, view, of=of), form)


def draw_map(store: Store, shelf: Shelf, view: MapView, of: str) -> LineageMap:
    """Return the map of ``ideas`` or of ``papers``, laid out for drawing.

    Raises
    ------
    InvalidQueryError : it is asked of something else
    """
    from kb.graph.maps import map_of_ideas, map_of_papers

    if of not in ("ideas", "papers"):
        raise InvalidQueryError(f"no map of {of!r}; choose ideas or papers")
    if of == "papers":
        return map_of_papers(shelf.papers, shelf.citations, view=view)
    return map_of_ideas(
        shelf.concepts,
        shelf.edges,
        executed=list_executed(store),
        papers=shelf.papers,
        citations=shelf.citations,
        view=view,
    )


def trace_path(shelf: Shelf, start: str, end: str) -> Path | None:
    """Return how one record reaches the other; None where no path keeps to time."""
    from kb.graph.build import build_joint
    from kb.graph.paths import find_path

    return find_path(build_joint(shelf.concepts, shelf.edges, shelf.papers, shelf.citations), start, end)
