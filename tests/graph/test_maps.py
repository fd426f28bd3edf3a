"""The two maps on real records: the corpus of 4,573 papers, and the shipped catalogue."""

from pathlib import Path
from random import Random

import pytest

from kb.graph.maps import map_of_ideas, map_of_papers
from kb.records import Catalogue, Citation, MapView, Paper
from kb.store.catalogue import load_catalogue
from tests.graph.drawing import check_drawing

Corpus = tuple[list[Paper], list[Citation]]


@pytest.fixture(scope="module")
def catalogue(repository: Path) -> Catalogue:
    return load_catalogue(repository / "data")


@pytest.mark.parametrize("limit", [50, 200])
@pytest.mark.parametrize("width_px", [700, 1100])
def test_the_corpus_is_drawn_readably(corpus: Corpus, limit: int, width_px: int) -> None:
    drawn = map_of_papers(*corpus, view=MapView(limit=limit, width_px=width_px))
    check_drawing(drawn, width_px)
    assert limit - 1 <= len(drawn.points) <= limit
    assert len(drawn.points) + drawn.hidden == len(corpus[0])
    assert sum(point.labelled for point in drawn.points) > limit / 2


def test_a_paper_of_the_corpus_and_its_kin(corpus: Corpus) -> None:
    papers, citations = corpus
    focus = next(paper.key for paper in papers if paper.title.startswith("Long Short-Term Memory"))
    drawn = map_of_papers(papers, citations, view=MapView(focus=focus, up=1, down=1, limit=80))
    check_drawing(drawn, 1100)
    assert focus in {point.key for point in drawn.points if point.labelled}
    joined = {link.older for link in drawn.links} | {link.younger for link in drawn.links}
    assert {point.key for point in drawn.points} == joined


def test_the_corpus_in_another_order_gives_the_same_map(corpus: Corpus) -> None:
    papers, citations = list(corpus[0]), list(corpus[1])
    Random(5).shuffle(papers)
    Random(5).shuffle(citations)
    assert map_of_papers(papers, citations) == map_of_papers(*corpus)


@pytest.mark.parametrize("view", [MapView(), MapView(limit=None), MapView(as_of=2016), MapView(width_px=600)])
def test_the_shipped_ideas_are_drawn_readably(catalogue: Catalogue, view: MapView) -> None:
    drawn = map_of_ideas(
        catalogue.concepts, catalogue.edges, papers=catalogue.papers, citations=catalogue.citations, view=view
    )
    check_drawing(drawn, view.width_px)
    assert len(drawn.points) + drawn.hidden <= len(catalogue.concepts)
    assert {link.layer for link in drawn.links} >= {"cited", "claimed"}
    assert sum(point.labelled for point in drawn.points) >= 0.75 * len(drawn.points)


def test_the_weightiest_shipped_ideas_keep_their_labels(catalogue: Catalogue) -> None:
    points = map_of_ideas(catalogue.concepts, catalogue.edges, view=MapView(limit=None)).points
    weightiest = sorted(points, key=lambda point: -point.weight)[:20]
    assert all(point.labelled for point in weightiest)
