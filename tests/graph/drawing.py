"""What must hold of any map that is drawn: checked with the geometry of circles and boxes, not with rows."""

from itertools import combinations, pairwise
from math import hypot

from kb.graph.labels import width_of
from kb.records import FAMILIES, LineageMap, MapPoint

TEXT_PX = 14.0
"""Height of a line of text at 11 px."""
ROUNDING_PX = 1e-3

Box = tuple[float, float, float, float]
"""Left, top, right, bottom in pixels."""


def check_drawing(drawn: LineageMap, width_px: float) -> None:
    """Fail unless dots, labels, ticks and lanes of the map can all be read at this width."""
    check_dots(drawn, width_px)
    check_labels(drawn, width_px)
    check_ticks(drawn, width_px)
    check_lanes(drawn)


def check_dots(drawn: LineageMap, width_px: float) -> None:
    for one, other in combinations(drawn.points, 2):
        distance = hypot((one.x - other.x) * width_px, (one.y - other.y) * drawn.height_px)
        assert distance >= one.radius_px + other.radius_px - ROUNDING_PX, (one, other)
    for point in drawn.points:
        assert point.radius_px <= point.x * width_px <= width_px - point.radius_px
        assert 0 < point.y < 1


def check_labels(drawn: LineageMap, width_px: float) -> None:
    boxes = [(point, box_of(point, drawn, width_px)) for point in drawn.points if point.labelled]
    for (one, here), (other, there) in combinations(boxes, 2):
        assert not _overlap(here, there), (one.label, other.label)
    for point, box in boxes:
        assert box[0] >= -ROUNDING_PX
        assert box[2] <= width_px + ROUNDING_PX
        for dot in drawn.points:
            x, y, radius = dot.x * width_px, dot.y * drawn.height_px, dot.radius_px
            assert not _overlap(box, (x - radius, y - radius, x + radius, y + radius)), (point.label, dot.key)


def check_ticks(drawn: LineageMap, width_px: float) -> None:
    for (x, year), (next_x, next_year) in pairwise(drawn.ticks):
        assert year < next_year
        assert (next_x - x) * width_px >= 4 * 6.2 + 4
    for point in drawn.points:
        for x, year in drawn.ticks:
            assert (point.year >= year) == (point.x > x), (point, year)


def check_lanes(drawn: LineageMap) -> None:
    names = [lane.family for lane in drawn.lanes]
    assert names == sorted(names, key=lambda name: FAMILIES.index(name) if name in FAMILIES else 99)
    assert set(names) == {point.family for point in drawn.points}
    bounds = {lane.family: lane for lane in drawn.lanes}
    assert all(bounds[point.family].top < point.y < bounds[point.family].bottom for point in drawn.points)
    assert all(one.bottom == other.top for one, other in pairwise(drawn.lanes))


def box_of(point: MapPoint, drawn: LineageMap, width_px: float) -> Box:
    x, y, away = point.x * width_px, point.y * drawn.height_px, point.radius_px + 4
    left = x - away - width_of(point.label) if point.label_left else x + away
    return left, y - TEXT_PX / 2, left + width_of(point.label), y + TEXT_PX / 2


def _overlap(one: Box, other: Box) -> bool:
    across = min(one[2], other[2]) - max(one[0], other[0])
    down = min(one[3], other[3]) - max(one[1], other[1])
    return across > ROUNDING_PX and down > ROUNDING_PX
