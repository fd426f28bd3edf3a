"""A claim's figures on a logarithmic scale with its bound: a dot a draw, the side that keeps it shaded.

Pure: numbers in, an SVG out.
"""

import math
from collections.abc import Sequence

from kb.records import Holds
from kb.ui.numbers import show_number

_WIDTH, _HEIGHT = 640, 104
_LEFT, _RIGHT, _LINE, _TOP = 24, 616, 62, 22
_MARGIN = 1.0
"""Powers of ten left free on both sides."""
_MOST_TICKS = 8


def build_scale(figures: Sequence[float | None], bound: float, holds: Holds, *, keeps: bool) -> str:
    """Return the SVG; empty where there is no finite figure, or where the bound is not above zero.

    Parameters
    ----------
    keeps : whether the figures keep the bound: then they are drawn green, otherwise red
    """
    found = [abs(one) for one in figures if one is not None and math.isfinite(one)]
    if not found or bound <= 0:
        return ""
    # zero has no place on such a scale: it stands at the left end, two powers of ten below whatever is smallest
    smallest = min([one for one in found if one > 0] + [bound])
    zero = smallest / 100 if min(found) == 0 else smallest
    low = math.log10(zero) - _MARGIN
    high = max(math.log10(max([bound, *found])) + _MARGIN, low + 2)

    def place(value: float) -> float:
        share = (math.log10(max(value, zero)) - low) / (high - low)
        return round(_LEFT + share * (_RIGHT - _LEFT), 1)

    edge = place(bound)
    kept = (_LEFT, edge) if holds == "at most" else (edge, _RIGHT)
    colour = "#2e8b57" if keeps else "#c8443c"
    dots = "".join(
        f'<circle cx="{place(one)}" cy="{_LINE}" r="5" fill="{colour}" fill-opacity="0.45" stroke="{colour}"/>'
        for one in found
    )
    ticks = "".join(_draw_tick(place(10.0**power), f"10{_raise(power)}") for power in _ticks(low, high))
    if min(found) == 0:
        ticks += _draw_tick(place(0), "0")
    anchor = "start" if edge < _WIDTH / 2 else "end"
    shift = 6 if anchor == "start" else -6
    return (
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" class="scale" '
        f'aria-label="{_describe(found, bound, holds)}">'
        f'<rect x="{kept[0]}" y="{_TOP}" width="{kept[1] - kept[0]}" height="{_LINE - _TOP}" fill="#2e8b57" '
        f'fill-opacity="0.10"/><line x1="{_LEFT}" x2="{_RIGHT}" y1="{_LINE}" y2="{_LINE}" stroke="currentColor" '
        f'stroke-opacity="0.5"/>{ticks}'
        f'<line x1="{edge}" x2="{edge}" y1="{_TOP - 6}" y2="{_LINE + 6}" stroke="currentColor" stroke-width="2"/>'
        f'<text x="{edge + shift}" y="{_TOP - 8}" text-anchor="{anchor}" fill="currentColor" font-size="13">'
        f"bound {show_number(bound)}</text>{dots}</svg>"
    )


def _draw_tick(x: float, label: str) -> str:
    return (
        f'<line x1="{x}" x2="{x}" y1="{_LINE}" y2="{_LINE + 5}" stroke="currentColor" stroke-opacity="0.5"/>'
        f'<text x="{x}" y="{_LINE + 22}" text-anchor="middle" fill="currentColor" fill-opacity="0.64" '
        f'font-size="12">{label}</text>'
    )


def _ticks(low: float, high: float) -> list[int]:
    powers = range(math.ceil(low), math.floor(high) + 1)
    step = max(1, -(-len(powers) // _MOST_TICKS))
    return [power for power in powers if power % step == 0]


def _raise(power: int) -> str:
    return str(power).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))


def _describe(found: Sequence[float], bound: float, holds: Holds) -> str:
    span = (
        show_number(min(found))
        if min(found) == max(found)
        else (f"{show_number(min(found))} to {show_number(max(found))}")
    )
    return f"Measured {span}; {holds} {show_number(bound)} keeps the statement"
