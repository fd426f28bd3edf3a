"""Heat maps, curves and tables of figures: plain values in, ECharts options or HTML out."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from kb.ui.map_chart import INKS, Ink
from kb.ui.numbers import show_number

Rows = Sequence[Sequence[float | None]]

#: Below zero, zero, above zero; told apart by colour-blind readers, with the theme's paper in the middle.
_BELOW, _ABOVE = "#2166ac", "#b2462b"
_CURVES = ("#1f77b4", "#c06c2b", "#2e8b57", "#b04f9e", "#8c6d31", "#d1495b", "#4aa3c7", "#7f7f7f")
_DASHES = ("solid", "dashed", "dotted")


def draw(option: dict[str, Any], *, key: str, height_px: int = 320) -> None:
    """Draw an ECharts option."""
    # It registers its component when it is imported, which must happen inside a running app.
    from streamlit_echarts import st_echarts

    st_echarts(option, height=f"{height_px}px", key=key)


def current_ink() -> Ink:
    """Return the neutral colours of the reader's theme."""
    return INKS[st.context.theme.type == "dark"]


def build_heat_map(rows: Rows, ink: Ink, *, across: str, down: str, diverging: bool = True) -> dict[str, Any]:
    """Return a heat map, first row on top; a cell that is not finite stays empty.

    Parameters
    ----------
    diverging : whether zero is the middle of the colours, or their beginning
    """
    cells = [[x, y, "-" if value is None else value] for y, row in enumerate(rows) for x, value in enumerate(row)]
    sizes = [abs(value) for row in rows for value in row if value is not None]
    most = max(sizes, default=0.0) or 1.0
    width, height = max((len(row) for row in rows), default=0), len(rows)
    axis = {"type": "category", "axisTick": {"show": False}, "axisLabel": {"color": ink.quiet, "fontSize": 11}}
    axis |= {"axisLine": {"show": False}, "nameTextStyle": {"color": ink.quiet, "fontSize": 12}}
    middle = {"nameLocation": "middle"}
    colours = [_BELOW, ink.paper, _ABOVE] if diverging else [ink.paper, _ABOVE]
    return {
        "animation": False,
        "grid": {"left": 46, "right": 92, "top": 8, "bottom": 40},
        "tooltip": {"confine": True},
        "xAxis": {**axis, **middle, "nameGap": 26, "name": across, "data": [str(n) for n in range(width)]},
        "yAxis": {
            **axis,
            **middle,
            "nameGap": 30,
            "name": down,
            "data": [str(n) for n in range(height)],
            "inverse": True,
        },
        "visualMap": {
            "min": -most if diverging else 0,
            "max": most,
            "calculable": False,
            "orient": "vertical",
            "right": 0,
            "top": "middle",
            "itemHeight": 150,
            "precision": _precision(most),
            "inRange": {"color": colours},
            "text": [show_number(most), show_number(-most) if diverging else "0"],
            "textStyle": {"color": ink.quiet, "fontSize": 11},
        },
        "series": [{"type": "heatmap", "data": cells, "itemStyle": {"borderColor": ink.band, "borderWidth": 0.5}}],
    }


def build_curves(
    curves: Mapping[str, Sequence[tuple[float, float]]], ink: Ink, *, across: str, up: str, log: str = ""
) -> dict[str, Any]:
    """Return lines through points (x, y), each with its name; told apart by dashes as well as by colour.

    Parameters
    ----------
    log : which axes double or grow tenfold at equal steps: ``up``, ``both`` or none
    """
    axis = {"nameLocation": "middle", "splitLine": {"lineStyle": {"color": ink.rule}}}
    axis |= {"axisLabel": {"color": ink.quiet, "fontSize": 11}, "nameTextStyle": {"color": ink.quiet, "fontSize": 12}}
    return {
        "animation": False,
        "grid": {"left": 76, "right": 24, "top": 40, "bottom": 46},
        "tooltip": {"trigger": "axis", "confine": True},
        "legend": {"top": 0, "left": 0, "type": "scroll", "textStyle": {"color": ink.text, "fontSize": 12}},
        "xAxis": {
            **axis,
            "type": "log" if log == "both" else "value",
            "name": across,
            "nameGap": 28,
            "logBase": 2,
            "min": "dataMin",
            "max": "dataMax",
        },
        "yAxis": {**axis, "type": "log" if log else "value", "name": up, "nameGap": 58, "scale": True},
        "series": [
            {
                "type": "line",
                "name": name,
                "data": [list(point) for point in points],
                "showSymbol": len(points) <= 8,
                "symbolSize": 7,
                "lineStyle": {"width": 2, "type": _DASHES[place % len(_DASHES)]},
                "itemStyle": {"color": _CURVES[place % len(_CURVES)]},
            }
            for place, (name, points) in enumerate(curves.items())
        ],
    }


def build_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return an HTML table: names on the left, figures set right; cells are HTML already."""
    cells = "padding:.22rem 1.4rem .22rem 0;border-bottom:1px solid var(--rule);vertical-align:baseline"
    top = "".join(
        f'<th scope="col" style="{cells};font-weight:600;text-align:{"left" if not n else "right"}">{cell}</th>'
        for n, cell in enumerate(head)
    )
    body = "".join(
        "<tr>"
        + "".join(
            f'<td class="num" style="{cells};text-align:{"left" if not n else "right"}">{cell}</td>'
            for n, cell in enumerate(row)
        )
        + "</tr>"
        for row in rows
    )
    return f'<div style="overflow-x:auto"><table style="border-collapse:collapse"><tr>{top}</tr>{body}</table></div>'


def _precision(most: float) -> int:
    return max(0, 3 - math.floor(math.log10(most))) if most > 0 else 3
