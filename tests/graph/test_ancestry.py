"""Ancestors and descendants by generation, and graphs as of a year."""

import pytest

from kb.errors import InvalidQueryError, NotFoundError
from kb.graph.ancestry import ancestors, as_of, descendants
from kb.graph.build import build_citations, build_lineage
from kb.records import Citation
from tests.graph.examples import dag_17, make_concept, make_edge, make_paper


def test_descendants_have_the_length_of_the_shortest_way() -> None:
    assert descendants(build_citations(*dag_17()), "D") == {"F": 1, "I": 1, "H": 2, "L": 2, "M": 2, "K": 3, "N": 3}


def test_ancestors_have_the_length_of_the_shortest_way() -> None:
    found = ancestors(build_citations(*dag_17()), "H")
    assert found == {"C": 1, "F": 1, "G": 1, "A": 2, "B": 2, "D": 2, "E": 2}


def test_nearest_come_first_and_ties_by_key() -> None:
    assert list(ancestors(build_citations(*dag_17()), "H")) == ["C", "F", "G", "A", "B", "D", "E"]


def test_generations_are_limited() -> None:
    graph = build_citations(*dag_17())
    assert ancestors(graph, "H", 1) == {"C": 1, "F": 1, "G": 1}
    assert descendants(graph, "D", 2).keys() == {"F", "I", "H", "L", "M"}
    assert ancestors(graph, "H", 0) == {}


def test_on_a_cycle_a_record_is_not_its_own_ancestor() -> None:
    ring = [Citation("a", "b"), Citation("b", "c"), Citation("c", "a")]
    graph = build_citations([make_paper(key) for key in "abc"], ring)
    assert ancestors(graph, "a") == {"b": 1, "c": 2}
    assert descendants(graph, "a") == {"c": 1, "b": 2}


def test_an_unknown_key_is_refused_by_name() -> None:
    graph = build_citations(*dag_17())
    for walk in (ancestors, descendants):
        with pytest.raises(NotFoundError, match=r"nowhere$"):
            walk(graph, "nowhere")


def test_a_negative_number_of_generations_is_refused() -> None:
    with pytest.raises(InvalidQueryError, match="-1"):
        ancestors(build_citations(*dag_17()), "H", -1)


def test_as_of_leaves_out_what_is_younger_and_what_has_no_year() -> None:
    papers = [make_paper("a", 1990), make_paper("b", 2000), make_paper("c", 2001), make_paper("d", None)]
    graph = build_citations(papers, [Citation("b", "a"), Citation("c", "b"), Citation("d", "a")])
    known = as_of(graph, 2000)
    assert list(known) == ["a", "b"]
    assert list(known.edges) == [("a", "b")]
    assert len(graph) == 4


def test_as_of_leaves_out_a_relation_that_nobody_had_seen() -> None:
    concepts = [make_concept("programmer", 1991), make_concept("linear", 2020)]
    edge = make_edge("programmer", "linear", "equals", paper="schlag")
    graph = build_lineage(concepts, [edge], [make_paper("schlag", 2021)])
    assert list(as_of(graph, 2020)) == ["concept:linear", "concept:programmer"]
    assert not as_of(graph, 2020).edges
    assert len(as_of(graph, 2021).edges) == 1
