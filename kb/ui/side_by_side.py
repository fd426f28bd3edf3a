"""Two sources next to one another, with the lines marked in which they differ. Pure: text in, HTML out."""

from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from itertools import zip_longest

from kb.ui.links import escape

Line = tuple[str, bool]
"""A line's text, and whether it has no equal on the other side."""

_CELL = "padding:0 .8rem;white-space:pre-wrap;overflow-wrap:anywhere;vertical-align:top;width:50%"
_MARK = "background:color-mix(in srgb, #e0b23c 22%, transparent)"


def build_side_by_side(left: str, right: str, names: tuple[str, str]) -> str:
    """Return two texts as a table of two columns, equal lines level with each other."""
    head = "".join(f'<th scope="col" style="{_CELL};text-align:left">{escape(name)}</th>' for name in names)
    rows = "".join(
        f"<tr>{_cell(mine)}{_cell(other)}</tr>" for mine, other in align_lines(left.splitlines(), right.splitlines())
    )
    return (
        '<div style="overflow-x:auto">'
        '<table style="border-collapse:collapse;table-layout:fixed;min-width:44rem;width:100%">'
        f'<tr>{head}</tr><tbody style="font-family:var(--st-code-font, monospace);font-size:.72rem;line-height:1.5">'
        f"{rows}</tbody></table></div>"
    )


def align_lines(left: Sequence[str], right: Sequence[str]) -> Iterator[tuple[Line | None, Line | None]]:
    """Yield lines in pairs: equal ones together, then what stands on one side only; None where a side has none."""
    matcher = SequenceMatcher(None, [line.strip() for line in left], [line.strip() for line in right], autojunk=False)
    for kind, i, i_end, j, j_end in matcher.get_opcodes():
        differs = kind != "equal"
        for mine, other in zip_longest(left[i:i_end], right[j:j_end]):
            yield (
                None if mine is None else (mine, differs and bool(mine.strip())),
                None if other is None else (other, differs and bool(other.strip())),
            )


def _cell(line: Line | None) -> str:
    if line is None:
        return f'<td style="{_CELL}"></td>'
    text, differs = line
    marked = f";{_MARK}" if differs else ""
    # a mark that is read aloud and survives without colour
    sign = '<span class="quiet" aria-label="differs">· </span>' if differs else "  "
    return f'<td style="{_CELL}{marked}">{sign}{escape(text)}</td>'
