"""Turns a lineage map into an ECharts option: pure, records in, plain dictionaries out.

Dots stand where the layout has put them: a ``graph`` series on ``cartesian2d`` whose axes run from 0 to 1. Lanes are
mark areas, years are mark lines. Three layers are told apart without colour: cited is thin and faint, claimed is
solid with an arrow, executed is thick and carries the sign of its verdict.
"""

import html
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from math import sqrt
from typing import Any

from kb.library.layer_words import tell_cited, tell_executed
from kb.records import LineageMap, MapLink, MapPoint
from kb.ui.marks import FAMILY_COLOURS, family_name, kind_words, verdict_mark

LEFT_PX, RIGHT_PX, TOP_PX, BOTTOM_PX = 116, 14, 26, 26
"""Margins of the drawing area: names of families on the left, years above and below."""
CLICK = "function(clicked) { if (clicked.dataType === 'node') return clicked.data.id; }"
"""What a click sends to Python: the key of the dot, nothing for a line or a lane."""
_PLAIN_RADIUS_PX = 6.0


@dataclass(frozen=True, slots=True)
class Ink:
    """The neutral colours of a theme."""

    text: str
    quiet: str
    line: str
    band: str
    rule: str
    paper: str
    veil: str
    """The paper, let through a little: behind labels, so that lines do not strike them out."""
    accent: str
    faint: float = 0.2
    """Opacity of a citation's line."""


INKS = {
    False: Ink(
        "#21201c",
        "#6d6a62",
        "#57544d",
        "rgba(60,54,40,0.05)",
        "rgba(60,54,40,0.10)",
        "#fdfcf9",
        "rgba(253,252,249,0.78)",
        "#1d5a86",
    ),
    True: Ink(
        "#e3e1db",
        "#9c9a93",
        "#b9b6ad",
        "rgba(235,230,215,0.055)",
        "rgba(235,230,215,0.10)",
        "#17181a",
        "rgba(23,24,26,0.75)",
        "#8dbbe4",
    ),
}
"""By whether the theme is dark."""


def build_option(
    drawn: LineageMap, *, dark: bool = False, chosen: str = "", path: tuple[str, ...] = ()
) -> dict[str, Any]:
    """Return the ECharts option of a map.

    Parameters
    ----------
    dark   : whether the theme is
    chosen : the key of the record that is open beside the map, drawn with a ring
    path   : keys of a path, ancestor first; everything that is not on it steps back
    """
    # thousands of faint lines add up to a solid one
    ink = replace(INKS[dark], faint=0.2 * min(1.0, sqrt(400 / (len(drawn.links) or 1))))
    titles = {point.key: point.title or point.label for point in drawn.points}
    steps = frozenset(pairwise(path))
    axis = {"type": "value", "min": 0, "max": 1, "show": False}
    return {
        "animation": False,
        "grid": {"left": LEFT_PX, "right": RIGHT_PX, "top": TOP_PX, "bottom": BOTTOM_PX},
        "xAxis": axis,
        "yAxis": {**axis, "inverse": True},
        "tooltip": {"confine": True, "enterable": False, "extraCssText": "max-width:340px;white-space:normal;"},
        "series": [
            _draw_frame(drawn, ink),
            {
                "type": "graph",
                "id": "lineage",
                "coordinateSystem": "cartesian2d",
                "layout": "none",
                "data": [_draw_point(point, ink, chosen, path) for point in drawn.points],
                "links": [_draw_link(link, ink, titles, steps) for link in _faintest_first(drawn.links)],
                "emphasis": {"focus": "adjacency", "scale": 1.15, "lineStyle": {"opacity": 0.9}},
                "blur": {"itemStyle": {"opacity": 0.35}, "lineStyle": {"opacity": 0.05}, "label": {"opacity": 0.35}},
                "edgeSymbol": ["none", "arrow"],
                "edgeSymbolSize": [0, 6],
                "z": 3,
            },
            _draw_signs(drawn),
        ],
    }


def _faintest_first(links: Collection[MapLink]) -> list[MapLink]:
    order = {"cited": 0, "claimed": 1, "executed": 2}
    return sorted(links, key=lambda link: order[link.layer])


def _draw_frame(drawn: LineageMap, ink: Ink) -> dict[str, Any]:
    """Return the lanes with the names of their families, and the years."""
    lanes = [
        [
            {
                "yAxis": lane.top,
                "name": family_name(lane.family),
                "itemStyle": {"color": ink.band if place % 2 == 0 else "transparent"},
                "label": {"color": FAMILY_COLOURS.get(lane.family, ink.quiet)},
            },
            {"yAxis": lane.bottom},
        ]
        for place, lane in enumerate(drawn.lanes)
    ]
    years = [
        {"xAxis": x, "name": str(year), "label": {"position": position}}
        for x, year in drawn.ticks
        for position in ("start", "end")
    ]
    return {
        "type": "scatter",
        "id": "frame",
        "data": [],
        "silent": True,
        "markArea": {
            "silent": True,
            "label": {"position": "left", "distance": 8, "fontSize": 11, "fontWeight": 600},
            "data": lanes,
        },
        "markLine": {
            "silent": True,
            "symbol": "none",
            "lineStyle": {"color": ink.rule, "width": 1, "type": "solid"},
            "label": {"formatter": "{b}", "color": ink.quiet, "fontSize": 11},
            "data": years,
        },
    }


def _draw_point(point: MapPoint, ink: Ink, chosen: str, path: tuple[str, ...]) -> dict[str, Any]:
    colour = FAMILY_COLOURS.get(point.family, ink.quiet)
    radius = point.radius_px
    steps_back = bool(path) and point.key not in path
    is_marked = point.key == chosen or point.key in path
    edge = ink.text if point.key == chosen else colour
    return {
        "id": point.key,
        "name": point.label,
        "value": [point.x, point.y],
        "symbol": "roundRect" if point.has_code else "circle",
        "symbolSize": 2 * radius * (0.92 if point.has_code else 1.0),
        "itemStyle": {
            "color": colour if point.has_code or point.key == chosen else _mix(colour, ink.paper),
            "borderColor": edge,
            "borderWidth": 3 if point.key == chosen else 1.4,
            "opacity": 0.3 if steps_back else 1,
        },
        "label": {
            "show": point.labelled or is_marked,
            "position": "left" if point.label_left else "right",
            "distance": 3,
            "formatter": "{b}",
            "fontSize": 11,
            "fontWeight": 700 if is_marked else 400,
            "color": ink.text,
            "opacity": 0.4 if steps_back else 1,
            "backgroundColor": ink.veil,
            "padding": [1, 2],
        },
        "tooltip": {"formatter": _tell_point(point)},
    }


def _mix(colour: str, paper: str, share: float = 0.55) -> str:
    """Return a colour laid thinly over the paper: a dot without code is paler than one with code."""
    ink, ground = (tuple(int(text[at : at + 2], 16) for at in (1, 3, 5)) for text in (colour, paper))
    return "#" + "".join(f"{round(share * a + (1 - share) * b):02x}" for a, b in zip(ink, ground, strict=True))


def _tell_point(point: MapPoint) -> str:
    sign, word, _ = verdict_mark(point.verdict, point.stale)
    facts = [str(point.year), family_name(point.family)]
    facts += ["has code"] if point.has_code else []
    facts += [f"{sign} {word}"] if point.verdict else []
    return f"<b>{_safe(point.title or point.label)}</b><br>{_safe(' · '.join(facts))}"


def _safe(text: str) -> str:
    """Return text for a tooltip: HTML, in which a brace would begin one of ECharts' own placeholders."""
    return html.escape(text).replace("{", "&#123;").replace("}", "&#125;")


def _draw_link(
    link: MapLink, ink: Ink, titles: Mapping[str, str], steps: Collection[tuple[str, str]]
) -> dict[str, Any]:
    on_path = (link.older, link.younger) in steps
    line = _style_link(link, ink)
    if on_path:
        line |= {"width": max(3.5, line["width"]), "opacity": 1}
        line |= {"color": ink.accent} if link.layer != "executed" else {}
    elif steps:
        line |= {"opacity": line["opacity"] * 0.25}
    drawn: dict[str, Any] = {
        "source": link.older,
        "target": link.younger,
        "lineStyle": {"curveness": 0.12, **line},
        "tooltip": {"formatter": _tell_link(link, titles)},
    }
    if link.layer == "cited":
        return {**drawn, "symbol": ["none", "none"]}
    if link.layer == "executed":
        sign, _, colour = verdict_mark(link.verdict, link.stale)
        sign_style = {"color": colour, "backgroundColor": ink.paper, "borderColor": colour, "borderWidth": 1.2}
        size = {"fontSize": 12, "fontWeight": 700, "lineHeight": 14, "padding": [1, 3, 1, 3], "borderRadius": 8}
        place = {"position": "middle", "distance": 0, "verticalAlign": "middle", "rotate": 0}
        drawn["label"] = {"show": True, "formatter": sign, **place, **sign_style, **size}
    return drawn


def _style_link(link: MapLink, ink: Ink) -> dict[str, Any]:
    if link.layer == "cited":
        return {"color": ink.quiet, "width": 0.7, "opacity": ink.faint, "type": "solid"}
    if link.layer == "claimed":
        return {"color": ink.line, "width": 1.3, "opacity": 0.75, "type": "solid"}
    colour = verdict_mark(link.verdict, link.stale)[2]
    settled = link.verdict not in ("", "not_run") and not link.stale
    return {"color": colour, "width": 3, "opacity": 1, "type": "solid" if settled else "dashed"}


def _tell_link(link: MapLink, titles: Mapping[str, str]) -> str:
    older, younger = _safe(titles.get(link.older, link.older)), _safe(titles.get(link.younger, link.younger))
    told = f"<b>{younger}</b> {_safe(kind_words(link.kind))} <b>{older}</b>"
    if link.layers is None:
        return f"{told}<br>{link.layer}"
    sign, _, _ = verdict_mark(link.layers.verdict, link.layers.stale)
    signed = f"{sign} " if link.layers.verdict else ""
    return f"{told}<br>{_safe(tell_cited(link.layers))} · claimed<br>{signed}{_safe(tell_executed(link.layers))}"


def _draw_signs(drawn: LineageMap) -> dict[str, Any]:
    """Return the signs of verdicts that concern one idea alone, written on its dot."""
    judged = [point for point in drawn.points if point.verdict]
    return {
        "type": "scatter",
        "id": "signs",
        "silent": True,
        "tooltip": {"show": False},
        "symbolSize": 1,
        "itemStyle": {"opacity": 0},
        "data": [
            {"name": verdict_mark(point.verdict, point.stale)[0], "value": [point.x, point.y]} for point in judged
        ],
        "label": {
            "show": True,
            "formatter": "{b}",
            "position": "inside",
            "fontSize": 2 * _PLAIN_RADIUS_PX,
            "fontWeight": 700,
            "color": "#ffffff",
        },
        "z": 5,
    }
