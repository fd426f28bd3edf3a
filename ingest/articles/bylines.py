"""Who wrote an article, when and where it appeared, as the lines around its text say in passing. Pure."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from kb.chinese import to_simplified

_DAY = re.compile(r"(?<!\d)(19[89]\d|20\d\d)\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})(?!\d)")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = r"(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
_MONTH_DAY = re.compile(rf"\b{_MONTH}\s+(\d{{1,2}})(?:st|nd|rd|th)?,?\s+((?:19|20)\d\d)\b", re.IGNORECASE)
_DAY_MONTH = re.compile(rf"\b(\d{{1,2}})(?:st|nd|rd|th)?\s+{_MONTH},?\s+((?:19|20)\d\d)\b", re.IGNORECASE)
_BY = re.compile(r"^(?i:by|written by|author:)\s+([A-Z][\w.'’-]*(?:\s+[A-Z][\w.'’-]*){0,3})(?:$|\s*[·|,•–—-])")
_AUTHOR = re.compile(r"(?:^|\s)(?:作者|撰文|文)\s*[:：|丨/／]\s*([^\s,，;；|丨:：]{2,24}(?: [A-Z][\w.'’-]*){0,2})")
_SITE = re.compile(
    r"(?:^|\s)(?:文章|稿件|内容|本文)?(?:转载)?(?:来源|转自|来自|出处)\s*[:：]\s*([^\s,，;；|丨:：]{2,24})"
)
_PICTURE = re.compile(r"图片?来源")
_LONGEST = 120


@dataclass(frozen=True, slots=True)
class Byline:
    """What is known of an article beside its text; empty where nothing says it."""

    site: str = ""
    authors: tuple[str, ...] = ()
    published_on: date | None = None


def read_byline(lines: Iterable[str]) -> Byline:
    """Return what short lines say of author, day and site; the first one that says it counts.

    Examples
    --------
    >>> read_byline(["2023-12-31 10:20 来源：某某科技网 作者：张三"])
    Byline(site='某某科技网', authors=('张三',), published_on=datetime.date(2023, 12, 31))
    """
    site, author, day = "", "", None
    for line in lines:
        if len(line) > _LONGEST:
            continue
        # Character for character, so that what is found in the folded line is cut from the line as it stands.
        folded = to_simplified(line)
        if not author and (found := _BY.search(folded) or _AUTHOR.search(folded)):
            author = line[found.start(1) : found.end(1)]
        if not site and not _PICTURE.search(folded) and (found := _SITE.search(folded)):
            site = line[found.start(1) : found.end(1)]
        day = day or find_day(folded)
    return Byline(site, (author,) if author else (), day)


def find_day(line: str) -> date | None:
    """Return the first day that a line names, None where it names none or an impossible one."""
    if found := _DAY.search(line):
        year, month, day = (int(part) for part in found.groups())
    elif found := _MONTH_DAY.search(line):
        year, month, day = int(found[3]), _MONTHS.index(found[1].lower()) + 1, int(found[2])
    elif found := _DAY_MONTH.search(line):
        year, month, day = int(found[3]), _MONTHS.index(found[2].lower()) + 1, int(found[1])
    else:
        return None
    try:
        return date(year, month, day)
    except ValueError:
        return None
