"""Plain text of an article as lines: paragraphs that were wrapped become one line each. Pure."""

import re

from ingest.articles.layout import Line
from kb.chinese import is_cjk

#: Lines are wrapped at no more than this, and the right edge is no more ragged than that.
_WIDEST, _RAGGED = 100, 24
_NEW = re.compile(r"^(?:#{1,6}\s|[-*•·>]\s|\d{1,2}[.)、]\s|\[\d+\]\s|\s{4,})")


def read_plain(text: str) -> list[Line]:
    """Return the lines of a text with how many empty ones stand before each."""
    lines: list[Line] = []
    block: list[str] = []
    gap = 1
    for row in [*text.replace("\r\n", "\n").replace("\r", "\n").split("\n"), ""]:
        if row.strip():
            block.append(row.rstrip())
            continue
        joined = [Line(" ".join(one.split()), 0 if place else gap) for place, one in enumerate(_unwrap(block))]
        lines += joined
        gap = 1 if joined else gap + 1
        block = []
    return lines


def _unwrap(rows: list[str]) -> list[str]:
    """Return the rows of a block as one where they are a paragraph that was cut at a width."""
    widest = max(map(len, rows), default=0)
    wrapped = (
        len(rows) > 1
        and widest <= _WIDEST
        and widest > _RAGGED * 2
        and all(len(row) >= widest - _RAGGED for row in rows[:-1])
        and not any(_NEW.match(row) for row in rows[1:])
        and not is_cjk("".join(rows))
    )
    return [" ".join(row.strip() for row in rows)] if wrapped else rows
