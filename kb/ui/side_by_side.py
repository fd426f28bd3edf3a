"""Two sources next to one another, with the lines marked in which they differ. Pure: text in, HTML out.

On a narrow screen there is one column: what both have stands once, what one has alone above what the other has.
"""

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from itertools import zip_longest

from kb.ui.links import escape

Block = tuple[list[str], list[str], bool]
"""Lines of the one and of the other that stand level, and whether they are equal."""
_ALIKE = 0.5
"""Two lines of which at least so much is equal are one line that was changed: their differing words are marked."""
_WORD = re.compile(r"\w+|\s+|.")


def without_header(code: str) -> str:
    """Return the code without its literate header, which says the same in words."""
    return re.sub(r'\A\s*r?"""(?:.|\n)*?"""\n+', "", code)


def build_side_by_side(left: str, right: str, names: tuple[str, str]) -> str:
    """Return two texts in two columns, equal lines level with each other."""
    one, other = map(escape, names)
    blocks = list(align_blocks(left.splitlines(), right.splitlines()))
    if all(same for _, _, same in blocks):
        told = "Both are the same, line by line."
    else:
        told = f'<span class="left">Only in {one}</span> <span class="right">Only in {other}</span>'
    rows = "".join(_build_block(*block) for block in blocks)
    return (
        f'<p class="sources-key quiet">{told}</p><div class="sources"><div class="block names">'
        f"<div>{one}</div><div>{other}</div></div>{rows}</div>"
    )


def align_blocks(left: Sequence[str], right: Sequence[str]) -> Iterator[Block]:
    """Yield blocks of lines, those that both have together; lines are equal whatever their indentation."""
    matcher = SequenceMatcher(None, [line.strip() for line in left], [line.strip() for line in right], autojunk=False)
    for kind, i, i_end, j, j_end in matcher.get_opcodes():
        yield list(left[i:i_end]), list(right[j:j_end]), kind == "equal"


def mark_words(one: str, other: str) -> tuple[str, str]:
    """Return two lines as HTML with the words marked that differ; unmarked where they have little in common."""
    words, others = _WORD.findall(one), _WORD.findall(other)
    matcher = SequenceMatcher(None, words, others, autojunk=False)
    if matcher.ratio() < _ALIKE:
        return escape(one), escape(other)
    told: tuple[list[str], list[str]] = ([], [])
    for kind, i, i_end, j, j_end in matcher.get_opcodes():
        for side, part in zip(told, ("".join(words[i:i_end]), "".join(others[j:j_end])), strict=True):
            side.append(escape(part) if kind == "equal" or not part.strip() else f"<mark>{escape(part)}</mark>")
    return "".join(told[0]), "".join(told[1])


def _build_block(left: Sequence[str], right: Sequence[str], same: bool) -> str:
    if same:
        lines = "".join(_build_line(escape(line)) for line in left)
        # the twin is for the eye only: read aloud, and on a narrow screen, it would be said twice
        return f'<div class="block"><div>{lines}</div><div class="twin" aria-hidden="true">{lines}</div></div>'
    pairs = [
        (escape(one or ""), escape(other or "")) if one is None or other is None else mark_words(one, other)
        for one, other in zip_longest(left, right)
    ]
    sides = (
        f'<div class="{side}">{"".join(_build_line(pair[place]) for pair in pairs[: len(lines)])}</div>'
        for place, (side, lines) in enumerate((("left", left), ("right", right)))
    )
    return f'<div class="block differs">{"".join(sides)}</div>'


def _build_line(line: str) -> str:
    return f"<div>{line or '&nbsp;'}</div>"
