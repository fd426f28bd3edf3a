"""The map: nothing overlaps, time is told truly, the same network gives the same map."""

from dataclasses import replace
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from kb.graph.layout import ROW_PX, lay_out
from kb.records import MapLink, Network, NetworkNode
from tests.graph.drawing import check_drawing

TITLES = (
    "GPT",
    "Long short-term memory",
    "注意力就是你所需要的一切",
    "A title that goes on: and on and on, for ever",
)


@st.composite
def networks(draw: st.DrawFn) -> Network:
    size = draw(st.integers(0, 40))
    years = st.one_of(st.integers(2017, 2024), st.integers(1894, 2024), st.none())
    nodes = tuple(
        NetworkNode(
            key=f"k{number:02}",
            kind=draw(st.sampled_from(("paper", "concept"))),
            title=draw(st.sampled_from(TITLES)),
            year=draw(years),
            family=draw(st.sampled_from(("", "recurrence", "attention", "beyond-text"))),
            weight=draw(st.floats(0, 1)),
        )
        for number in range(size)
    )
    ends = st.integers(0, max(size - 1, 0))
    pairs = draw(st.sets(st.tuples(ends, ends), max_size=size * 2)) if size else set()
    links = tuple(MapLink(f"k{a:02}", f"k{b:02}", "cited", "cites") for a, b in sorted(pairs) if a != b)
    return Network(nodes, links)


@given(networks(), st.sampled_from((320, 700, 1100)), st.sampled_from((200, 640)))
@settings(max_examples=60, deadline=None)
def test_nothing_overlaps_whatever_is_drawn(network: Network, width_px: int, height_px: int) -> None:
    check_drawing(lay_out(network, width_px=width_px, height_px=height_px), width_px)


@given(networks())
@settings(max_examples=20, deadline=None)
def test_nothing_overlaps_when_the_map_is_drawn_wider(network: Network) -> None:
    check_drawing(lay_out(network, width_px=600, height_px=400), 1500)


@given(networks(), st.integers(0, 9))
@settings(max_examples=40, deadline=None)
def test_the_order_of_the_input_does_not_matter(network: Network, seed: int) -> None:
    nodes, links = list(network.nodes), list(network.links)
    Random(seed).shuffle(nodes)
    Random(seed).shuffle(links)
    one = lay_out(network, width_px=700, height_px=400)
    other = lay_out(Network(tuple(nodes), tuple(links)), width_px=700, height_px=400)
    assert other.points == one.points
    assert (other.ticks, other.lanes, other.height_px) == (one.ticks, one.lanes, one.height_px)


@given(networks())
@settings(max_examples=30, deadline=None)
def test_nothing_is_lost_but_what_has_no_year(network: Network) -> None:
    drawn = lay_out(replace(network, hidden=7), width_px=700, height_px=400)
    dated = {node.key for node in network.nodes if node.year is not None}
    assert {point.key for point in drawn.points} == dated
    assert drawn.hidden == 7 + len(network.nodes) - len(dated)
    assert set(drawn.links) == {link for link in network.links if {link.older, link.younger} <= dated}


def _crowd(size: int, weights: dict[int, float]) -> Network:
    """A lane with many long titles in one year."""
    return Network(
        tuple(
            NetworkNode(f"k{n:02}", "concept", f"Long short-term memory {n}", 2020, "recurrence", weights.get(n, 0.1))
            for n in range(size)
        ),
        (),
    )


def test_where_not_all_labels_fit_the_weightier_keep_theirs() -> None:
    drawn = lay_out(_crowd(60, {17: 1.0, 42: 0.9}), width_px=500, height_px=300)
    labelled = {point.key for point in drawn.points if point.labelled}
    assert {"k17", "k42"} <= labelled
    assert len(labelled) < 60


def test_a_map_that_needs_more_height_says_so() -> None:
    drawn = lay_out(_crowd(200, {}), width_px=200, height_px=100)
    assert drawn.height_px > 100
    check_drawing(drawn, 200)


def test_a_small_map_does_not_spread_over_the_whole_height() -> None:
    assert lay_out(_crowd(1, {}), width_px=700, height_px=640).height_px == 2 * ROW_PX


def test_a_label_that_would_leave_the_map_stands_on_the_left() -> None:
    nodes = tuple(
        NetworkNode(key, "concept", "Long short-term memory", year, "recurrence", 0.5)
        for key, year in (("a", 1997), ("b", 2020))
    )
    drawn = {point.key: point for point in lay_out(Network(nodes, ()), width_px=400, height_px=100).points}
    assert [(drawn[key].labelled, drawn[key].label_left) for key in "ab"] == [(True, False), (True, True)]


def test_a_dot_that_opens_a_new_row_has_its_label_there() -> None:
    nodes = tuple(
        NetworkNode(key, "concept", "Forget gates.", year, "recurrence", weight)
        for key, year, weight in (("a", 1997, 0.6), ("b", 1998, 0.5))
    )
    drawn = lay_out(Network(nodes, ()), width_px=200, height_px=ROW_PX)
    assert drawn.height_px == 2 * ROW_PX
    assert [(point.labelled, point.label_left) for point in drawn.points] == [(True, False), (True, True)]


def test_an_empty_network_is_an_empty_map() -> None:
    drawn = lay_out(Network((), ()), width_px=700, height_px=640)
    assert (drawn.points, drawn.ticks, drawn.lanes, drawn.height_px) == ((), (), (), 0)


def test_the_whole_title_stays_beside_the_label() -> None:
    node = NetworkNode("a", "paper", TITLES[3], 2020, "attention", 0.5, has_code=True, verdict="verified", stale=True)
    (point,) = lay_out(Network((node,), ()), width_px=700, height_px=640).points
    assert (point.label, point.title) == ("A title that goes on", TITLES[3])
    assert (point.has_code, point.verdict, point.stale) == (True, "verified", True)
