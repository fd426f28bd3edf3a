"""What a view selects, and the links of each layer."""

from dataclasses import replace

import pytest

from kb.errors import InvalidQueryError, NotFoundError
from kb.graph.networks import network_of_ideas, network_of_papers
from kb.records import Citation, Executed, MapLink, MapView, Network
from tests.graph.examples import dag_17, make_claim, make_concept, make_edge, make_paper, make_verdict

CONCEPTS = [
    make_concept("old", 1990, by="p-old"),
    make_concept("mid", 2000, by="p-mid"),
    make_concept("new", 2010, by="p-new"),
    make_concept("lone", 2015, by="p-lone"),
]
EDGES = [make_edge("old", "mid", "equals", claims=("c",)), make_edge("mid", "new", "fixes")]
CITATIONS = [Citation("p-mid", "p-old"), Citation("p-new", "p-old"), Citation("p-lone", "p-new")]
EXECUTED = Executed(
    frozenset({"new"}), (make_claim("c", "old", "mid"),), (make_verdict("c", "verified", stale=True),)
)


def _network(view: MapView) -> Network:
    return network_of_ideas(CONCEPTS, EDGES, executed=EXECUTED, citations=CITATIONS, view=view)


def _slugs(network: Network) -> list[str]:
    return [node.key.removeprefix("concept:") for node in network.nodes]


def test_three_layers_are_told_apart() -> None:
    assert tuple(replace(link, layers=None) for link in _network(MapView()).links) == (
        MapLink("concept:mid", "concept:new", "claimed", "fixes"),
        MapLink("concept:new", "concept:lone", "cited", "cites"),
        MapLink("concept:old", "concept:mid", "executed", "equals", "verified", True),
        MapLink("concept:old", "concept:new", "cited", "cites"),
    )


def test_a_link_of_the_lineage_knows_its_three_layers() -> None:
    found = {(link.older, link.younger): link.layers for link in _network(MapView()).links}
    assert found["concept:new", "concept:lone"] is None
    tested, untested = found["concept:old", "concept:mid"], found["concept:mid", "concept:new"]
    assert tested is not None
    assert (tested.verdict, tested.verified, tested.stale) == ("verified", 1, True)
    assert untested is not None
    assert (untested.verdict, untested.citing) == ("", 0)


@pytest.mark.parametrize(
    ("layer", "kinds"), [("executed", ["equals"]), ("claimed", ["fixes", "equals"]), ("cited", ["cites", "cites"])]
)
def test_one_layer_alone(layer: str, kinds: list[str]) -> None:
    links = _network(MapView(layers=(layer,))).links  # type: ignore[arg-type]
    assert [link.kind for link in links] == kinds
    assert {link.layer for link in links} == {layer}
    assert {link.verdict for link in links} == ({"verified"} if layer == "executed" else {""})


def test_kin_follow_the_lineage_not_the_citations() -> None:
    network = _network(MapView(focus="concept:new"))
    assert [(node.key, node.generation) for node in network.nodes] == [
        ("concept:old", -2),
        ("concept:mid", -1),
        ("concept:new", 0),
    ]


def test_kin_follow_citations_where_nothing_else_is_asked_for() -> None:
    network = _network(MapView(focus="concept:new", layers=("cited",)))
    assert [node.generation for node in network.nodes] == [-1, 0, 1]
    assert _slugs(network) == ["old", "new", "lone"]


def test_generations_are_limited_each_way() -> None:
    assert _slugs(_network(MapView(focus="concept:mid", up=0))) == ["mid", "new"]
    assert _slugs(_network(MapView(focus="concept:mid", down=0))) == ["old", "mid"]


def test_as_of_a_year_shows_what_was_known() -> None:
    network = _network(MapView(as_of=2009))
    assert _slugs(network) == ["old", "mid"]
    assert [link.kind for link in network.links] == ["equals"]


def test_a_focus_that_was_not_known_is_refused_with_its_year() -> None:
    with pytest.raises(NotFoundError, match=r"not known in 2009, as it is of 2010.*concept:new$"):
        _network(MapView(focus="concept:new", as_of=2009))
    with pytest.raises(NotFoundError, match="has no year"):
        network_of_papers([make_paper("a", None)], [], view=MapView(focus="a", as_of=2000))


def test_an_unknown_focus_is_refused() -> None:
    with pytest.raises(NotFoundError, match=r"concept:nowhere$"):
        _network(MapView(focus="concept:nowhere"))


@pytest.mark.parametrize(
    ("view", "named"),
    [
        (MapView(limit=0), "limit"),
        (MapView(up=-1), "up"),
        (MapView(width_px=10), "width_px"),
        (MapView(layers=("read",)), "read"),  # type: ignore[arg-type]
    ],
)
def test_a_view_that_cannot_be_drawn_is_refused(view: MapView, named: str) -> None:
    with pytest.raises(InvalidQueryError, match=named):
        _network(view)


def test_beyond_the_limit_the_nearest_kin_stay_then_the_weightiest() -> None:
    papers, citations = dag_17()
    everyone = network_of_papers(papers, citations, view=MapView(focus="H"))
    few = network_of_papers(papers, citations, view=MapView(focus="H", limit=6))
    assert {node.key for node in few.nodes} == {"H", "C", "F", "G", "K", "B"}
    assert few.hidden == len(everyone.nodes) - 6 > 0
    assert all({link.older, link.younger} <= {node.key for node in few.nodes} for link in few.links)


def test_without_a_focus_the_most_cited_papers_stay() -> None:
    network = network_of_papers(*dag_17(), view=MapView(limit=1))
    assert [(node.key, node.weight, node.generation) for node in network.nodes] == [("B", 1.0, None)]
    assert network.hidden == 13


def test_code_weighs_as_much_as_two_connections_and_the_focus_weighs_most() -> None:
    weights = {node.key: node.weight for node in _network(MapView()).nodes}
    assert weights["concept:new"] == 1.0
    assert weights["concept:mid"] == pytest.approx((2 / 3) ** 0.5)
    assert weights["concept:lone"] == 0.0
    focused = {node.key: node.weight for node in _network(MapView(focus="concept:old")).nodes}
    assert focused["concept:old"] == 1.0


def test_code_and_verdicts_reach_the_nodes() -> None:
    executed = replace(EXECUTED, claims=(make_claim("c", "old"),))
    nodes = {node.key: node for node in network_of_ideas(CONCEPTS, EDGES, executed=executed).nodes}
    assert nodes["concept:new"].has_code
    assert not nodes["concept:old"].has_code
    assert (nodes["concept:old"].verdict, nodes["concept:old"].stale) == ("verified", True)
    assert nodes["concept:mid"].verdict == ""


def test_a_tested_edge_without_a_verdict_is_not_run() -> None:
    assert [link.verdict for link in network_of_ideas(CONCEPTS, EDGES[:1]).links] == ["not_run"]


def test_on_a_cycle_of_citations_a_paper_is_drawn_once_on_its_nearer_side() -> None:
    ring = [Citation("b", "a"), Citation("c", "b"), Citation("d", "c"), Citation("a", "d")]
    network = network_of_papers([make_paper(key) for key in "abcd"], ring, view=MapView(focus="a"))
    assert {node.key: node.generation for node in network.nodes} == {"a": 0, "b": 1, "c": -2, "d": -1}


def test_papers_that_introduce_ideas_and_cite_each_other_both_ways_draw_both_links() -> None:
    both = [Citation("p-lone", "p-new"), Citation("p-new", "p-lone")]
    links = network_of_ideas(CONCEPTS, [], citations=both).links
    assert [(link.older[8:], link.younger[8:]) for link in links] == [("lone", "new"), ("new", "lone")]
