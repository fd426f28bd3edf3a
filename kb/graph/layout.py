"""Where each record stands on the map, and which labels can be read. Pure: the same network gives the same map.

A lane is a family's strip and is divided into rows; nothing leaves its row, so two things can only collide within
one, and there intervals decide. The weightier record chooses first, a row where its label has room right of the dot,
or else left of it, or else any row, without a label. A dot that finds no room opens a new row: the map grows.
"""

from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, pairwise

from kb.graph.labels import label_of, width_of
from kb.graph.timeline import build_timeline, place_columns
from kb.records import FAMILIES, Lane, LineageMap, MapPoint, Network, NetworkNode

ROW_PX = 22
"""Height of a row: more than the greatest dot (18) or a line of text at 11 px (14)."""
GAP_PX = 4.0
"""Least distance between two things in a row, and between a dot and its label."""
_ROUNDING_PX = 1e-6
_SIDES = ("right", "left", "")


@dataclass(slots=True)
class _Row:
    """What stands in a row: intervals in pixels, sorted and disjoint."""

    taken: list[tuple[float, float]] = field(default_factory=list)

    def has_room(self, begin: float, end: float) -> bool:
        at = bisect_left(self.taken, (begin, end))
        before = at == 0 or self.taken[at - 1][1] + GAP_PX <= begin + _ROUNDING_PX
        return before and (at == len(self.taken) or end + GAP_PX <= self.taken[at][0] + _ROUNDING_PX)

    def take(self, begin: float, end: float) -> None:
        insort(self.taken, (begin, end))


@dataclass(slots=True)
class _Dot:
    """A node on its way to the map: centre and radius in pixels, its row within the lane."""

    node: NetworkNode
    label: str
    x: float
    radius: float
    row: int = 0
    label_side: str = ""

    def label_span(self, side: str) -> tuple[float, float]:
        width = width_of(self.label)
        begin = self.x + self.radius + GAP_PX if side == "right" else self.x - self.radius - GAP_PX - width
        return begin, begin + width


def lay_out(network: Network, *, width_px: int, height_px: int) -> LineageMap:
    """Return the map of a network.

    Nodes without a year cannot stand on a time axis: they are counted as hidden and their links left out.

    Parameters
    ----------
    width_px  : of the drawing area; at this width or a wider one no label covers another label or a dot
    height_px : the height wished for; rows stand between ROW_PX and twice that apart, whatever it is
    """
    nodes = sorted((one for one in network.nodes if one.year is not None), key=lambda one: one.key)
    families = sorted({node.family for node in nodes}, key=_lane_order)
    room = _share_rows(Counter(node.family for node in nodes), families, height_px // ROW_PX)
    columns = place_columns(nodes, network.links, room)
    timeline = build_timeline(columns, {node.key: node.year for node in nodes if node.year is not None}, width_px)
    lanes: dict[str, list[_Dot]] = {family: [] for family in families}
    for node in nodes:
        assert node.year is not None
        x = timeline.place(node.year, columns[node.key])
        lanes[node.family].append(_Dot(node, label_of(node.title, node.kind), x, node.radius_px))
    rows = [_fill_lane(lanes[family], room[family], width_px) for family in families]
    bounds = [0, *accumulate(rows)]
    total = bounds[-1] or 1
    points = [
        _point(dot, dot.x / width_px, (top + dot.row + 0.5) / total)
        for family, top in zip(families, bounds[:-1], strict=True)
        for dot in lanes[family]
    ]
    drawn = {point.key for point in points}
    return LineageMap(
        points=tuple(sorted(points, key=lambda point: (point.x, point.y, point.key))),
        links=tuple(link for link in network.links if link.older in drawn and link.younger in drawn),
        ticks=tuple((begin / width_px, year) for begin, year in timeline.ticks()),
        hidden=network.hidden + len(network.nodes) - len(nodes),
        lanes=tuple(
            Lane(family, top / total, bottom / total)
            for family, (top, bottom) in zip(families, pairwise(bounds), strict=True)
        ),
        height_px=max(bounds[-1] * ROW_PX, min(height_px, 2 * bounds[-1] * ROW_PX)),
    )


def _lane_order(family: str) -> tuple[int, str]:
    """Return the order of FAMILIES, anything else behind it."""
    return (FAMILIES.index(family) if family in FAMILIES else len(FAMILIES), family)


def _share_rows(dots: Mapping[str, int], families: Sequence[str], rows: int) -> dict[str, int]:
    """Return how many rows each lane may use: one at least, the rest in proportion to its dots."""
    spare, total = max(0, rows - len(families)), sum(dots.values())
    return {family: 1 + min(dots[family] - 1, spare * dots[family] // total) for family in families}


def _fill_lane(dots: list[_Dot], room: int, width_px: float) -> int:
    """Give each dot of a lane its row and its label a side, weightiest first; return how many rows the lane needs."""
    rows = [_Row() for _ in range(room)]
    for dot in sorted(dots, key=lambda dot: (-dot.node.weight, dot.node.key)):
        places = [
            (side, len(row.taken), number)
            for number, row in enumerate(rows)
            if (side := _find_side(dot, row, width_px)) is not None
        ]
        if not places:
            rows.append(_Row())
            places = [(_find_side(dot, rows[-1], width_px) or "", 0, len(rows) - 1)]
        dot.label_side, _, dot.row = min(places, key=lambda place: (_SIDES.index(place[0]), *place[1:]))
        rows[dot.row].take(dot.x - dot.radius, dot.x + dot.radius)
        if dot.label_side:
            rows[dot.row].take(*dot.label_span(dot.label_side))
    used = {number: place for place, number in enumerate(n for n, row in enumerate(rows) if row.taken)}
    for dot in dots:
        dot.row = used[dot.row]
    return len(used)


def _find_side(dot: _Dot, row: _Row, width_px: float) -> str | None:
    """Return where the label has room if the dot stands in this row: "right", "left", or "" for nowhere.

    None where there is no room for the dot itself.
    """
    if not row.has_room(dot.x - dot.radius, dot.x + dot.radius):
        return None
    for side in _SIDES[:2]:
        begin, end = dot.label_span(side)
        if begin >= 0 and end <= width_px and row.has_room(begin, end):
            return side
    return ""


def _point(dot: _Dot, x: float, y: float) -> MapPoint:
    node = dot.node
    assert node.year is not None
    return MapPoint(
        key=node.key,
        label=dot.label,
        year=node.year,
        family=node.family,
        x=x,
        y=y,
        weight=node.weight,
        labelled=bool(dot.label_side),
        has_code=node.has_code,
        verdict=node.verdict,
        stale=node.stale,
        title=node.title,
        label_left=dot.label_side == "left",
    )
