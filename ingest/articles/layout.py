"""Which lines of an article are its text, in a page and in plain text alike. Pure.

What stands before the first paragraph of running text and behind the last one is looked at more strictly than what
stands between: there furniture draws its neighbours with it.
"""

import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from ingest.articles.furniture import Sort, is_prose, sort_line, strip_marks, weigh

Kind = Literal["text", "caption", "out"]

#: A heading is no wider than this, a Chinese character counting as two.
_HEADING = 160
#: A line that is so narrow and has no end may be the words below a picture.
_BELOW_PICTURE = 60
#: A title before which there may be words of navigation is at least so wide, and a fragment beside it no wider.
_LEAST_TITLE, _FRAGMENT = 12, 16
#: From so many headings on that stand apart, a text is taken to set all of them so.
_LEAST_APART = 2
_BARE_COMMENTS = re.compile(r"^(?:comments?|评论|評論)\s*[:：]?$", re.IGNORECASE)
_END = re.compile(r"""[.。!！?？…;；:：,，]["'”’」』)）》]*$""")
_NO_TITLE = re.compile(r"""[.。…;；:：,，]["'”’」』)）]*$""")
_POINT = re.compile(r"^(?:[-*•·]|\d{1,2}[.、)）]|\[\d+\])\s*")
_SUMMED_UP = re.compile(r"^#*\s*以上(?:就)?[是为為](.{4,120}?)的(?:详细|詳細|全部|完整)?[内內]容")
_NAMES_PAPER = re.compile(r"arxiv|doi\.org|10\.\d{4,9}/|openreview|aclanthology", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a file or a block of a page."""

    text: str
    gap: int = 1
    """How many empty lines stand before it."""
    links: tuple[tuple[str, str], ...] = ()
    """Address and words of each link in it."""
    is_caption: bool = False
    """Whether the page itself says that it belongs to a picture."""


def sort_lines(lines: Sequence[Line]) -> list[Kind]:
    """Tell of each line whether it is text, the caption of a picture or something else; the title is text."""
    sorts = [Sort.CAPTION if line.is_caption else sort_line(line.text) for line in lines]
    prose = [place for place, line in enumerate(lines) if sorts[place] is Sort.TEXT and is_prose(line.text)]
    kinds: list[Kind] = [
        "text" if sort in (Sort.TEXT, Sort.WEAK) else "caption" if sort is Sort.CAPTION else "out" for sort in sorts
    ]
    _leave_out_others(lines, sorts, kinds)
    _leave_out_comments(lines, sorts, kinds, prose)
    first, last = (prose[0], prose[-1]) if prose else (len(lines), -1)
    _leave_out_weak(sorts, kinds, first, last)
    _leave_out_head(lines, kinds, first)
    _leave_out_tail(lines, kinds, last)
    _find_captions(lines, kinds, first, last)
    return kinds


def find_title(lines: Sequence[Line], kinds: Sequence[Kind]) -> tuple[str, int]:
    """Return the title and its place among the lines; -1 where it is no line of its own, "" where there is none."""
    for place, line in enumerate(lines):
        if kinds[place] != "text":
            continue
        title = strip_marks(line.text)
        if weigh(title) <= _HEADING and not is_prose(title) and not _NO_TITLE.search(title):
            return title, place
        break
    summed = (found for line in reversed(lines[-20:]) if (found := _SUMMED_UP.search(line.text)))
    return next((found[1].strip() for found in summed), ""), -1


def _leave_out_others(lines: Sequence[Line], sorts: Sequence[Sort], kinds: list[Kind]) -> None:
    """Leave out what follows a heading such as "Related posts", up to the next paragraph of running text."""
    listing = False
    for place, line in enumerate(lines):
        if sorts[place] is Sort.RELATED:
            listing = True
        elif is_prose(line.text) or _NAMES_PAPER.search(
            " ".join((line.text, *(address for address, _ in line.links)))
        ):
            listing = False
        if listing:
            kinds[place] = "out"


def _leave_out_comments(lines: Sequence[Line], sorts: Sequence[Sort], kinds: list[Kind], prose: list[int]) -> None:
    """Leave out everything from where the readers' comments begin."""
    for place, line in enumerate(lines):
        before = bisect_left(prose, place) if sorts[place] is Sort.COMMENTS else 0
        if not before:
            continue
        # One word may be a heading of the author's; at the end of a text it hardly is.
        if not _BARE_COMMENTS.match(strip_marks(line.text)) or before * 2 >= len(prose):
            kinds[place:] = ["out"] * (len(lines) - place)
            prose[before:] = []
            return


def _leave_out_weak(sorts: Sequence[Sort], kinds: list[Kind], first: int, last: int) -> None:
    """Leave out dates, numbers and words of navigation at the edges and beside other furniture."""
    for places in (range(len(kinds)), range(len(kinds) - 1, -1, -1)):
        beside = True
        for place in places:
            if sorts[place] is Sort.WEAK and (beside or not first <= place <= last):
                kinds[place] = "out"
            beside = kinds[place] == "out"


def _leave_out_head(lines: Sequence[Line], kinds: list[Kind], first: int) -> None:
    """Leave out words of navigation before the title, and fragments between furniture behind it."""
    head = {place for place in range(first) if kinds[place] == "text" and not _NO_TITLE.search(lines[place].text)}
    if not head or first == len(lines):
        return
    title = next((place for place in sorted(head) if weigh(lines[place].text) >= _LEAST_TITLE), min(head))
    run: list[int] = []
    for place in range(first):
        if place < title and place in head:
            kinds[place] = "out"
        elif place > title and place in head and weigh(lines[place].text) <= _FRAGMENT:
            run.append(place)
        elif place > title:
            for fragment in run if kinds[place] != "text" else ():
                kinds[fragment] = "out"
            run = []


def _leave_out_tail(lines: Sequence[Line], kinds: list[Kind], last: int) -> None:
    """Leave out what is mixed with furniture behind the last paragraph: titles of other articles, mostly."""
    tail = range(last + 1, len(kinds))
    furniture = [place for place in tail if kinds[place] == "out"]
    if last < 0 or not furniture:
        return
    for place in range(furniture[0], len(kinds)):
        if not _POINT.match(lines[place].text) and not _NAMES_PAPER.search(lines[place].text):
            kinds[place] = "out"


def _find_captions(lines: Sequence[Line], kinds: list[Kind], first: int, last: int) -> None:
    """Take short lines for captions in a text that sets its headings apart: they are the ones that are not."""
    short = [
        place
        for place in range(first + 1, last)
        if kinds[place] == "text"
        and weigh(lines[place].text) <= _BELOW_PICTURE
        and not _END.search(lines[place].text)
        and not _POINT.match(lines[place].text)
    ]
    if sum(lines[place].gap > 1 for place in short) < _LEAST_APART:
        return
    for place in short:
        before, line, behind = lines[place - 1 : place + 2]
        if line.gap == 1 and is_prose(before.text) and (is_prose(behind.text) or behind.gap > 1):
            kinds[place] = "caption"
