"""The warped axis: order, room, ticks; columns within a year."""

from kb.graph.timeline import MARGIN_PX, build_timeline, place_columns
from kb.records import MapLink, NetworkNode

ROOM = {"attention": 2, "recurrence": 2}


def _node(key: str, year: int = 2017, family: str = "attention") -> NetworkNode:
    return NetworkNode(key, "concept", key, year, family, weight=0.5)


def _link(older: str, younger: str) -> MapLink:
    return MapLink(older, younger, "claimed", "extends")


def test_full_years_are_wide_and_empty_decades_narrow() -> None:
    years = {"a": 1950, "b": 2000} | {f"c{n}": 2020 for n in range(20)}
    spans = build_timeline(dict.fromkeys(years, 0), years, 1000).spans
    assert spans[1950][0] == MARGIN_PX
    assert spans[2020][1] == 1000 - MARGIN_PX
    empty = spans[2000][0] - spans[1950][1]
    alone, full = (end - begin for begin, end in (spans[1950], spans[2020]))
    assert empty < 2 * alone
    assert full > 5 * alone


def test_a_tick_stands_where_its_year_begins() -> None:
    timeline = build_timeline({"a": 0, "b": 0}, {"a": 1990, "b": 2000}, 1000)
    assert timeline.ticks() == [(timeline.spans[1990][0], 1990), (timeline.spans[2000][0], 2000)]
    assert timeline.spans[1990][0] < timeline.place(1990, 0) < timeline.spans[2000][0]


def test_where_ticks_would_touch_the_fullest_year_keeps_its_own() -> None:
    years = {f"{year}": year for year in range(1990, 2020)} | {f"full{n}": 2005 for n in range(5)}
    ticks = [year for _, year in build_timeline(dict.fromkeys(years, 0), years, 300).ticks()]
    assert {1990, 2005, 2019} <= set(ticks)
    assert len(ticks) < 10


def test_no_dots_no_ticks() -> None:
    assert build_timeline({}, {}, 1000).ticks() == []


def test_within_a_year_a_descendant_stands_right_of_its_ancestors() -> None:
    links = [_link("c", "a"), _link("a", "b"), _link("c", "b")]
    assert place_columns([_node(key) for key in "abc"], links, ROOM) == {"c": 0, "a": 1, "b": 2}


def test_a_full_column_moves_what_follows_to_the_next_within_its_lane_only() -> None:
    nodes = [_node(key) for key in "abc"] + [_node("d", family="recurrence"), _node("e", 2018)]
    assert place_columns(nodes, [], ROOM) == {"a": 0, "b": 0, "c": 1, "d": 0, "e": 0}


def test_a_cycle_within_a_year_is_taken_by_key() -> None:
    links = [_link("a", "b"), _link("b", "a"), _link("b", "c")]
    assert place_columns([_node(key) for key in "cab"], links, ROOM) == {"a": 0, "b": 0, "c": 1}
