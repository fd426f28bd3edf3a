"""A claim's figures on a scale with its bound: a dot a draw, the side that keeps it shaded.

Logarithmic, as bounds are mostly about rounding; linear where the bound is zero or below, or a figure is. Pure:
numbers in, HTML out. Places are percentages, so that it is as wide as the page.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from kb.records import Holds
from kb.ui.links import escape
from kb.ui.numbers import show_number

_LINE_PX, _HEIGHT_PX = 44, 78
_MARGIN = 1.0
"""Powers of ten left free on both sides."""
_MOST_TICKS = 6
_GOOD, _BAD = "#2e8b57", "#c8443c"


@dataclass(frozen=True, slots=True)
class _Axis:
    """From figures to percent of the width; ``zero`` is where a logarithmic axis, which has no zero, shows it."""

    low: float
    high: float
    is_log: bool
    zero: float = 0.0

    def place(self, value: float) -> float:
        at = math.log10(max(value, self.zero)) if self.is_log else value
        return round(100 * (at - self.low) / (self.high - self.low), 2)

    def ticks(self) -> list[tuple[float, str]]:
        if self.is_log:
            return [(self.place(10.0**power), f"10{_raise(power)}") for power in _powers(self.low, self.high)]
        step = 10 ** math.floor(math.log10((self.high - self.low) / 2))
        first, last = math.ceil(self.low / step), math.floor(self.high / step)
        every = max(1, -(-(last - first + 1) // _MOST_TICKS))
        return [(self.place(n * step), show_number(n * step)) for n in range(first, last + 1) if n % every == 0]


def build_scale(figures: Sequence[float | None], bound: float, holds: Holds, *, keeps: bool) -> str:
    """Return the scale as HTML; empty where no figure is finite.

    Parameters
    ----------
    keeps : whether the figures keep the bound: then they are drawn green, otherwise red
    """
    found = [one for one in figures if one is not None and math.isfinite(one)]
    if not found:
        return ""
    axis = _lay_axis(found, bound)
    edge = axis.place(bound)
    left, width = (0.0, edge) if holds == "at most" else (edge, round(100 - edge, 2))
    parts = [
        _box(f"left:{left}%;width:{width}%;top:18px;height:{_LINE_PX - 18}px;background:{_GOOD};opacity:.1"),
        _box(f"left:0;right:0;top:{_LINE_PX}px;border-top:1px solid;opacity:.5"),
        _box(f"left:{edge}%;top:12px;height:{_LINE_PX - 6}px;border-left:2px solid"),
        _tell_bound(edge, bound),
        *(_draw_tick(*tick) for tick in axis.ticks()),
        *(_draw_dot(axis.place(one), _GOOD if keeps else _BAD) for one in found),
    ]
    if axis.is_log and min(found) == 0:
        parts.append(_draw_tick(axis.place(0), "0"))
    label = escape(_describe(found, bound, holds))
    return (
        f"<div role='img' aria-label='{label}' style='position:relative;height:{_HEIGHT_PX}px;max-width:42rem;"
        f"margin:.4rem 1rem .4rem 0'>{''.join(parts)}</div>"
    )


def _lay_axis(found: Sequence[float], bound: float) -> _Axis:
    if bound <= 0 or min(found) < 0:
        low, high = min([*found, bound]), max([*found, bound])
        spare = 0.12 * (high - low) or max(abs(bound), 1.0)
        return _Axis(low - spare, high + spare, False)
    # zero stands at the left end, two powers of ten below whatever is smallest
    smallest = min([one for one in found if one > 0] + [bound])
    zero = smallest / 100 if min(found) == 0 else smallest
    low = math.log10(zero) - _MARGIN
    return _Axis(low, max(math.log10(max([bound, *found])) + _MARGIN, low + 2), True, zero)


def _box(style: str, text: str = "") -> str:
    return f"<span style='position:absolute;{style}'>{text}</span>"


def _tell_bound(edge: float, bound: float) -> str:
    side = f"left:calc({edge}% + 6px)" if edge < 50 else f"right:calc({round(100 - edge, 2)}% + 6px)"
    return _box(f"{side};top:-6px;font-size:.8rem;white-space:nowrap", f"bound {show_number(bound)}")


def _draw_tick(x: float, label: str) -> str:
    mark = _box(f"left:{x}%;top:{_LINE_PX}px;height:5px;border-left:1px solid;opacity:.5")
    place = f"left:{x}%;top:{_LINE_PX + 8}px;transform:translateX(-50%);font-size:.75rem;opacity:.64"
    return mark + _box(f"{place};white-space:nowrap", label)


def _draw_dot(x: float, colour: str) -> str:
    place = f"left:calc({x}% - 5px);top:{_LINE_PX - 5}px;width:10px;height:10px;border-radius:50%"
    return _box(f"{place};border:1px solid {colour};background:{colour}73")


def _powers(low: float, high: float) -> list[int]:
    powers = range(math.ceil(low), math.floor(high) + 1)
    every = max(1, -(-len(powers) // _MOST_TICKS))
    return [power for power in powers if power % every == 0]


def _raise(power: int) -> str:
    return str(power).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))


def _describe(found: Sequence[float], bound: float, holds: Holds) -> str:
    least, most = show_number(min(found)), show_number(max(found))
    span = least if least == most else f"{least} to {most}"
    return f"Measured {span}; {holds} {show_number(bound)} keeps the statement"
