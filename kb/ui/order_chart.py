"""An order of ideas as a drawing: special cases below the general ones, tied to them by lines, conditions beside.

Pure: what a search found goes in, an SVG comes out, once for wide windows and once for narrow ones: text in a drawing
does not wrap by itself.
"""

import html
import textwrap
from collections.abc import Iterator, Mapping

from kb.library.discovery_report import tell_tie
from kb.records import Discovery
from kb.ui.links import escape, record_address

_WIDTHS = {"wide": 860, "narrow": 380}
_STEP, _RADIUS, _LEFT, _TOP = 26, 5, 8, 16
_NAME, _LINE, _GAP = 19, 17, 9
_LETTER, _BOLD = 6.4, 8.1
"""How wide a letter is at most on average, in conditions and in names."""


def build_order(one: Discovery, names: Mapping[str, str]) -> str:
    """Return both drawings; the style sheet shows the one that fits."""
    return "".join(f'<div class="order-{which}">{_draw(one, names, width)}</div>' for which, width in _WIDTHS.items())


def _draw(one: Discovery, names: Mapping[str, str], width: int) -> str:
    y, parts = float(_TOP), []
    dots: dict[int, tuple[float, float]] = {}
    for place, depth in _list_rows(one):
        x = _LEFT + depth * _STEP
        if depth:
            above = dots[one.order[place].above[0]]
            parts.append(
                f'<path d="M{above[0]} {above[1] + _RADIUS}V{y - 8}q0 8 8 8H{x - _RADIUS}" fill="none" '
                'stroke="currentColor" stroke-opacity="0.35" stroke-width="1.5"/>'
            )
        dots[place] = (x, y)
        parts.append(f'<circle cx="{x}" cy="{y}" r="{_RADIUS}" fill="var(--accent)"/>')
        for text in _write_names(one, place, names, width - x - 14):
            parts.append(f'<text x="{x + 14}" y="{y + 5}" fill="currentColor" font-size="14">{text}</text>')
            y += _NAME
        for line in _list_conditions(one, place, names, width - x - 14):
            parts.append(
                f'<text x="{x + 14}" y="{y + 4}" fill="currentColor" fill-opacity="0.68" font-size="12.5">'
                f"{escape(line)}</text>"
            )
            y += _LINE
        y += _GAP
    told = html.escape(f"{len(one.ideas)} ideas of the form {one.form}, special cases below what contains them")
    drawn = "".join(parts)
    return f'<svg viewBox="0 0 {width} {round(y)}" role="img" class="order" aria-label="{told}">{drawn}</svg>'


def _list_rows(one: Discovery) -> Iterator[tuple[int, int]]:
    """Yield each class with its indentation: below the first of those of which it is a special case."""

    def below(place: int, depth: int) -> Iterator[tuple[int, int]]:
        yield place, depth
        for other, each in enumerate(one.order):
            if each.above[:1] == (place,):
                yield from below(other, depth + 1)

    # families first, what stands alone behind them
    tops = [place for place, each in enumerate(one.order) if not each.above]
    alone = {place for place in tops if not any(place in each.above for each in one.order)}
    for place in sorted(tops, key=lambda top: top in alone):
        yield from below(place, 0)


def _write_names(one: Discovery, place: int, names: Mapping[str, str], width: float) -> Iterator[str]:
    """Yield lines of names, each a link to the idea."""
    line: list[str] = []
    used = 0.0
    for slug in one.order[place].ideas:
        name = names.get(slug, slug)
        if line and used + len(name) * _BOLD > width:
            yield ", ".join(line)
            line, used = [], 0.0
        href = record_address(slug if slug.startswith("snippet:") else f"concept:{slug}")
        known = slug in names
        text = f'<tspan font-weight="600">{escape(name)}</tspan>'
        line.append(f'<a href="{html.escape(href)}" target="_self">{text}</a>' if known else text)
        used += (len(name) + 2) * _BOLD
    yield ", ".join(line)


def _list_conditions(one: Discovery, place: int, names: Mapping[str, str], width: float) -> Iterator[str]:
    """Yield lines that say under what its ideas are special cases of which."""
    several = len(one.order[place].ideas) > 1
    for relation in one.order[place].relations:
        who = f"{names.get(relation.sides[0].idea, relation.sides[0].idea)}: " if several else ""
        told = tell_tie(relation, names)
        equal = "" if told.startswith("the same") else "= "
        yield from textwrap.wrap(f"{who}{equal}{told}", max(20, int(width / _LETTER)))
