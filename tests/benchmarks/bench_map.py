"""Time the graphs and maps of a large library: ``python -m tests.benchmarks.bench_map``.

Reads the corpus of 4,573 papers and 65,816 citations beside the checkout; prints a table of the best of five.
"""

import sys
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

from kb.graph.build import build_citations, build_joint
from kb.graph.coupling import rank_co_cited, rank_coupled
from kb.graph.maps import map_of_ideas, map_of_papers
from kb.graph.paths import find_path
from kb.records import MapView
from kb.store.catalogue import load_catalogue
from tests.graph.examples import read_corpus

ROOT = Path(__file__).resolve().parents[2]


def main() -> int:
    """Print one line a measurement; return 1 where the corpus is absent."""
    shared = ROOT.parent / "shared"
    if not shared.is_dir():
        print("no ../shared beside the checkout: nothing to measure", file=sys.stderr)
        return 1
    papers, citations = read_corpus(shared)
    shipped = load_catalogue(ROOT / "data")
    graph, joint = build_citations(papers, citations), build_joint([], [], papers, citations)
    hub = max(graph, key=lambda key: (graph.out_degree(key), key))
    youngest = max(graph, key=_age(graph))
    print(f"{len(papers):,} papers, {len(citations):,} citations; {len(shipped.concepts)} ideas")
    _measure("citation graph", lambda: build_citations(papers, citations))
    for limit in (50, 200):
        view = MapView(limit=limit)
        _measure(
            f"map of {limit} papers, graph included", lambda view=view: map_of_papers(papers, citations, view=view)
        )
    view = MapView(focus=hub, limit=200)
    _measure("map of the most cited paper's kin, 200", lambda: map_of_papers(papers, citations, view=view))
    _measure(
        "map of all shipped ideas", lambda: map_of_ideas(shipped.concepts, shipped.edges, view=MapView(limit=None))
    )
    _measure("co-citation of the most cited paper", lambda: rank_co_cited(graph, hub))
    _measure("coupling of the most cited paper", lambda: rank_coupled(graph, hub))
    _measure("path from the most cited paper to the youngest", lambda: find_path(joint, hub, youngest))
    return 0


def _age(graph: object) -> Callable[[str], tuple[int, str]]:
    years = graph.nodes(data="year")  # type: ignore[attr-defined]
    return lambda key: (years[key] or 0, key)


def _measure(name: str, run: Callable[[], object]) -> None:
    best = float("inf")
    for _ in range(5):
        start = perf_counter()
        run()
        best = min(best, perf_counter() - start)
    print(f"{name:<50} {1000 * best:8.1f} ms")


if __name__ == "__main__":
    raise SystemExit(main())
