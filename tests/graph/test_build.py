"""Graphs from records: direction, what is dropped, what is merged."""

from kb.graph.build import build_citations, build_joint, build_lineage
from kb.records import Citation, Evidence, LineageEdge, Paper
from tests.graph.examples import make_concept, make_edge, make_paper


def test_lineage_runs_from_ancestor_to_descendant() -> None:
    graph = build_lineage([make_concept("old"), make_concept("new")], [make_edge("old", "new")])
    assert list(graph.edges) == [("concept:old", "concept:new")]


def test_citations_run_from_cited_to_citing() -> None:
    graph = build_citations([make_paper("a"), make_paper("b")], [Citation(citing="b", cited="a")])
    assert list(graph.edges) == [("a", "b")]


def test_a_self_citation_is_dropped_and_its_paper_kept() -> None:
    graph = build_citations([make_paper("a")], [Citation("a", "a")])
    assert list(graph) == ["a"]
    assert not graph.edges


def test_an_idea_is_not_its_own_ancestor() -> None:
    assert not build_lineage([make_concept("a")], [make_edge("a", "a")]).edges


def test_a_citation_given_by_two_origins_is_one_arc_with_both_and_the_note() -> None:
    doubled = [Citation("b", "a", ("s2",), "a preprint went round"), Citation("b", "a", ("catalogue", "s2"))]
    for given in (doubled, doubled[::-1]):
        graph = build_citations([make_paper("a"), make_paper("b")], given)
        assert graph.number_of_edges() == 1
        assert graph.edges["a", "b"]["origins"] == ("catalogue", "s2")
        assert graph.edges["a", "b"]["note"] == "a preprint went round"


def test_two_kinds_between_one_pair_share_an_arc_and_an_equal_edge_counts_once() -> None:
    edges = [make_edge("a", "b", "fixes"), make_edge("a", "b", "extends"), make_edge("a", "b", "fixes")]
    graph = build_lineage([make_concept("a"), make_concept("b")], edges)
    assert [edge.kind for edge in graph.edges["concept:a", "concept:b"]["edges"]] == ["extends", "fixes"]


def test_links_to_records_that_are_not_here_are_left_out() -> None:
    assert list(build_citations([make_paper("a")], [Citation("b", "a"), Citation("a", "c")])) == ["a"]
    assert list(build_lineage([make_concept("a")], [make_edge("a", "b")])) == ["concept:a"]


def test_cycles_and_unknown_years_are_kept() -> None:
    papers = [make_paper("a", None), make_paper("b")]
    graph = build_citations(papers, [Citation("a", "b"), Citation("b", "a")])
    assert set(graph.edges) == {("a", "b"), ("b", "a")}
    assert graph.nodes["a"]["year"] is None


def test_an_edge_is_known_since_its_earliest_evidence() -> None:
    edge = LineageEdge("a", "b", "equals", (Evidence("late", "1"), Evidence("early", "2"), Evidence("lost", "3")))
    papers = [make_paper("late", 2021), make_paper("early", 2020)]
    graph = build_lineage([make_concept("a", 1991), make_concept("b", 1995)], [edge], papers)
    assert graph.edges["concept:a", "concept:b"]["since"] == 2020


def test_the_joint_graph_joins_a_paper_to_what_it_introduces_by_either_record() -> None:
    papers = [make_paper("p", introduces=("listed",)), make_paper("q")]
    concepts = [make_concept("listed"), make_concept("named", by="q"), make_concept("orphan", by="gone")]
    graph = build_joint(concepts, [], papers, [])
    joined = {("p", "concept:listed"), ("q", "concept:named")}
    assert set(graph.edges) == joined | {(head, tail) for tail, head in joined}


def test_the_whole_corpus_is_taken_as_it_is(corpus: tuple[list[Paper], list[Citation]]) -> None:
    graph = build_citations(*corpus)
    assert graph.number_of_nodes() == 4_573
    assert graph.number_of_edges() == 65_816
    assert sum(year is None for _, year in graph.nodes(data="year")) == 16
