"""Paths: which way is taken, which is refused, and what each hop says."""

import networkx as nx
import pytest

from kb.errors import NotFoundError
from kb.graph.build import build_joint
from kb.graph.paths import find_path
from kb.records import Citation, Concept, LineageEdge, Paper, Path
from tests.graph.examples import make_concept, make_edge, make_paper


def _joint(papers: list[Paper], cites: list[str]) -> nx.DiGraph:
    """Papers with one letter as key; "ba" means b cites a."""
    return build_joint([], [], papers, [Citation(citing=pair[0], cited=pair[1]) for pair in cites])


def _keys(path: Path | None) -> str | None:
    return None if path is None else "".join(path.keys)


def test_a_path_runs_with_time_whichever_end_is_named_first() -> None:
    graph = _joint([make_paper("a", 1990), make_paper("b", 2000), make_paper("c", 2010)], ["ba", "cb"])
    assert _keys(find_path(graph, "a", "c")) == _keys(find_path(graph, "c", "a")) == "abc"


def test_siblings_have_no_path_through_what_they_share() -> None:
    graph = _joint([make_paper("a", 1990), make_paper("b", 2000), make_paper("c", 2001)], ["ba", "ca"])
    assert find_path(graph, "b", "c") is None


def test_the_shortest_path_is_taken_and_ties_go_to_the_smaller_key() -> None:
    papers = [make_paper(key, year) for key, year in zip("abcdz", (1990, 1995, 1995, 1997, 2000), strict=True)]
    graph = _joint(papers, ["ca", "ba", "zc", "zb", "db", "zd"])
    assert _keys(find_path(graph, "a", "z")) == "abz"


def test_a_record_reaches_itself_without_a_hop() -> None:
    assert find_path(_joint([make_paper("a")], []), "a", "a") == Path(("a",), ("Title of a",), ())


def test_an_unknown_end_is_refused_by_name() -> None:
    with pytest.raises(NotFoundError, match=r"nowhere$"):
        find_path(_joint([make_paper("a")], []), "a", "nowhere")


def test_a_citation_that_runs_backward_in_time_is_not_followed() -> None:
    papers = [make_paper("a", 2000), make_paper("b", 1995), make_paper("c", 2005)]
    assert find_path(_joint(papers, ["ba", "cb"]), "a", "c") is None


def test_a_citation_that_runs_backward_in_time_is_followed_where_its_record_says_why() -> None:
    papers = [make_paper("a", 2000), make_paper("b", 1999), make_paper("c", 2005)]
    graph = build_joint([], [], papers, [Citation("b", "a", note="a preprint went round"), Citation("c", "b")])
    path = find_path(graph, "a", "c")
    assert path is not None
    assert path.hops[0].evidence == (
        "Title of b (1999) cites Title of a (2000), according to catalogue; a preprint went round"
    )


def test_a_paper_without_a_year_hides_no_step_backward() -> None:
    papers = [make_paper("a", 2000), make_paper("b", None), make_paper("c", 1990), make_paper("d", 2010)]
    graph = _joint(papers, ["ba", "cb", "db"])
    assert find_path(graph, "a", "c") is None
    assert _keys(find_path(graph, "a", "d")) == "abd"


def test_a_cycle_of_citations_ends() -> None:
    graph = _joint([make_paper(key) for key in "abcd"], ["ab", "bc", "ca"])
    assert _keys(find_path(graph, "a", "b")) == "acb"
    assert find_path(graph, "a", "d") is None


@pytest.fixture
def small_library() -> tuple[list[Concept], list[LineageEdge], list[Paper], list[Citation]]:
    """Idea old begat mid begat new; the paper of new also cites that of old, and introduces a second."""
    papers = [make_paper("p-old", 1990), make_paper("p-mid", 2000), make_paper("p-new", 2010)]
    concepts = [
        make_concept("old", 1990, by="p-old"),
        make_concept("mid", 2000, by="p-mid"),
        make_concept("new", 2010, by="p-new"),
        make_concept("twin", 2010, by="p-new"),
    ]
    edges = [make_edge("old", "mid", "extends", paper="p-mid"), make_edge("mid", "new", "fixes", paper="p-new")]
    return concepts, edges, papers, [Citation("p-new", "p-old", ("catalogue", "s2"))]


_Library = tuple[list[Concept], list[LineageEdge], list[Paper], list[Citation]]


def test_lineage_is_preferred_to_a_citation_even_if_longer(small_library: _Library) -> None:
    path = find_path(build_joint(*small_library), "p-old", "p-new")
    assert path is not None
    assert path.keys == ("p-old", "concept:old", "concept:mid", "concept:new", "p-new")
    assert [hop.kind for hop in path.hops] == ["introduces", "extends", "fixes", "introduces"]
    assert {hop.layer for hop in path.hops} == {"claimed"}


def test_lineage_in_the_other_direction_is_preferred_to_a_citation(small_library: _Library) -> None:
    path = find_path(build_joint(*small_library), "concept:new", "concept:old")
    assert path is not None
    assert path.keys == ("concept:old", "concept:mid", "concept:new")


def test_citations_serve_where_the_lineage_does_not_connect(small_library: _Library) -> None:
    path = find_path(build_joint(*small_library), "concept:twin", "concept:old")
    assert path is not None
    assert path.keys == ("concept:old", "p-old", "p-new", "concept:twin")
    assert path.titles == ("Old", "Title of p-old", "Title of p-new", "Twin")
    assert [hop.evidence for hop in path.hops] == [
        "Title of p-old (1990) introduces Old",
        "Title of p-new (2010) cites Title of p-old (1990), according to catalogue, s2",
        "Title of p-new (2010) introduces Twin",
    ]


def test_two_ideas_of_one_paper_are_siblings(small_library: _Library) -> None:
    assert find_path(build_joint(*small_library), "concept:new", "concept:twin") is None


def test_a_detour_over_a_cycle_does_not_make_siblings_kin() -> None:
    papers = [make_paper("p", 2017), make_paper("q", 2017)]
    concepts = [make_concept("one", 2017, by="p"), make_concept("two", 2017, by="p")]
    graph = build_joint(concepts, [], papers, [Citation("p", "q"), Citation("q", "p")])
    assert find_path(graph, "concept:one", "concept:two") is None


def test_an_idea_dated_before_its_paper_is_no_way_back_in_time() -> None:
    concepts = [make_concept("early", 2014, by="p"), make_concept("next", 2015)]
    graph = build_joint(concepts, [make_edge("early", "next")], [make_paper("p", 2017)], [])
    assert find_path(graph, "p", "concept:next") is None


def test_of_equally_short_paths_the_one_with_fewer_citations_is_taken() -> None:
    papers = [make_paper(key, year) for key, year in zip("sabcz", (1990, 1995, 1996, 1997, 2000), strict=True)]
    concepts = [make_concept("x", 1995, by="a"), make_concept("y", 2000, by="z")]
    citations = [Citation(*pair) for pair in ("as", "ba", "cb", "zc")]
    path = find_path(build_joint(concepts, [make_edge("x", "y")], papers, citations), "s", "z")
    assert path is not None
    assert path.keys == ("s", "a", "concept:x", "concept:y", "z")


def test_two_papers_of_one_idea_are_siblings() -> None:
    papers = [make_paper("p", 1990, introduces=("x",)), make_paper("q", 1991, introduces=("x",))]
    assert find_path(build_joint([make_concept("x", 1990)], [], papers, []), "p", "q") is None


def test_a_lineage_hop_names_kind_paper_and_place() -> None:
    edge = make_edge("old", "new", "special_case_of", paper="p-new")
    concepts = [make_concept("old", 1990), make_concept("new", 2010)]
    path = find_path(build_joint(concepts, [edge], [make_paper("p-new", 2010)], []), "concept:old", "concept:new")
    assert path is not None
    (hop,) = path.hops
    assert (hop.kind, hop.layer) == ("special_case_of", "claimed")
    assert hop.evidence == "New is a special case of Old: Title of p-new (2010), Section 2"


def test_a_tested_edge_is_a_hop_of_the_executed_layer_and_absent_evidence_shows_its_key() -> None:
    concepts = [make_concept("old", 1990), make_concept("new", 2010)]
    graph = build_joint(concepts, [make_edge("old", "new", "equals", paper="gone", claims=("c",))], [], [])
    path = find_path(graph, "concept:new", "concept:old")
    assert path is not None
    assert path.hops[0].layer == "executed"
    assert path.hops[0].evidence == "New equals Old: gone, Section 2"


def test_every_path_of_the_corpus_runs_with_time(corpus: tuple[list[Paper], list[Citation]]) -> None:
    papers, citations = corpus
    graph = build_joint([], [], papers, citations)
    dated = sorted((paper.year, paper.key) for paper in papers if paper.year is not None)
    found = [find_path(graph, dated[place][1], dated[-place - 1][1]) for place in range(0, 400, 40)]
    hops = [hop for path in found if path is not None for hop in path.hops]
    assert len(hops) >= 10
    assert all(hop.end in graph.succ[hop.start] for hop in hops)
    years = graph.nodes(data="year")
    assert all(years[hop.start] <= years[hop.end] for hop in hops if years[hop.start] is not None and years[hop.end])
