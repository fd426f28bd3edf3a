"""The file of an article as its text: decoded, mended, and freed from what stands around it. Pure."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import PurePath

from ingest.articles.bylines import read_byline
from ingest.articles.decoding import decode_text, is_html
from ingest.articles.furniture import is_sentence, strip_marks
from ingest.articles.layout import Line, find_title, sort_lines
from ingest.articles.links import list_addresses
from ingest.articles.mending import count_lost, mend_encoding, mend_text
from ingest.articles.page import Page, read_page
from ingest.articles.plain import read_plain
from kb.chinese import CJK, to_simplified
from kb.errors import MalformedDataError
from kb.records import ArticleText

_LETTERS = re.compile(f"[{CJK}]")
_ENDINGS = re.compile(r"(?:\.[a-z-]{1,8})+$", re.IGNORECASE)
_WORDS = re.compile(r"[A-Za-z]{2,}")
#: Share of Chinese words among all: below the first a text is English, above the second Chinese with some names.
_ENGLISH, _CHINESE = 0.1, 0.4
#: Characters of a Chinese word, on the average.
_WORD_LENGTH = 1.7
#: From this share on, the characters of the rarer script make a text a mixed one.
_MIXED = 0.1


@dataclass(frozen=True, slots=True)
class _Parts:
    """An article's lines as they were sorted."""

    title: str
    text: tuple[Line, ...]
    captions: tuple[Line, ...]
    out: tuple[str, ...]


def parse_article(content: bytes, name: str) -> ArticleText:
    """Return what a file of an article says: the text or the HTML of a blog post or news page, English or Chinese.

    Captions are left out, but what they link to is among the links. The title is the page's, or the first line of a
    text, or what a closing line says it is, or the file's name.

    Parameters
    ----------
    name : of the file; it stands in messages, and for a title that is nowhere else

    Raises
    ------
    MalformedDataError : the file is empty, no text, or holds nothing but navigation
    """
    decoded = mend_encoding(decode_text(content, name))
    if is_html(decoded.text):
        page = read_page(decoded.text)
        lines, places = _mend_lines(page.lines)
        title = mend_text(page.title, entities=False).text
    else:
        page, title = Page(), ""
        plain = mend_text(decoded.text)
        lines, places = read_plain(plain.text), plain.places
    parts = _sort(lines, title, page.others)
    if not any(is_sentence(line.text) for line in parts.text):
        raise MalformedDataError(
            f"{name} holds no text of an article, only navigation or titles; save the whole page or its text again"
        )
    return _assemble(parts, page, decoded.places + places, name)


def tell_language(text: str) -> str:
    """Return ``en``, ``zh-Hans``, ``zh-Hant``, or ``mixed`` where two scripts have a good part each.

    Examples
    --------
    >>> tell_language("線性注意力與循環網路"), tell_language("Linear attention (线性注意力) is a recurrent network")
    ('zh-Hant', 'mixed')
    """
    letters = Counter(_LETTERS.findall(text))
    words = letters.total() / _WORD_LENGTH
    chinese = words / max(1, words + len(_WORDS.findall(text)))
    if chinese < _ENGLISH:
        return "en"
    if chinese < _CHINESE:
        return "mixed"
    traditional = sum(count for letter, count in letters.items() if to_simplified(letter) != letter)
    # Big5 has the traditional characters only: what it lacks is a simplified one.
    simplified = sum(count for letter, count in letters.items() if not _is_in_big5(letter))
    if min(traditional, simplified) > _MIXED * (traditional + simplified):
        return "mixed"
    return "zh-Hant" if traditional > simplified else "zh-Hans"


def _mend_lines(lines: Sequence[Line]) -> tuple[list[Line], int]:
    """Return the lines of a page mended, and how many places were garbled."""
    if not lines:
        return [], 0
    # All at once: what is garbled throughout is told from what is so in one place.
    mended = mend_text("\n".join(line.text for line in lines), entities=False)
    better = zip(lines, mended.text.split("\n"), strict=True)
    return [replace(line, text=text.strip()) for line, text in better if text.strip()], mended.places


def _sort(lines: Sequence[Line], title: str, others: Iterable[str]) -> _Parts:
    kinds = sort_lines(lines)
    place = -1
    if title:
        folded = "".join(title.split()).casefold()
        same = (i for i, line in enumerate(lines) if "".join(line.text.split()).casefold() == folded)
        place = next(same, -1)
    else:
        title, place = find_title(lines, kinds)
    sorted_lines = [(line, kind) for i, (line, kind) in enumerate(zip(lines, kinds, strict=True)) if i != place]
    return _Parts(
        title=title,
        text=tuple(line for line, kind in sorted_lines if kind == "text"),
        captions=tuple(line for line, kind in sorted_lines if kind == "caption"),
        out=(*(line.text for line, kind in sorted_lines if kind != "text"), *others),
    )


def _assemble(parts: _Parts, page: Page, repaired: int, name: str) -> ArticleText:
    paragraphs = tuple(strip_marks(line.text) for line in parts.text)
    byline = read_byline(parts.out)
    links = [link for line in (*parts.text, *parts.captions) for link in _list_links(line)]
    return ArticleText(
        title=parts.title or _name_title(name),
        paragraphs=paragraphs,
        language=tell_language("\n".join(paragraphs)),
        url=page.url,
        site=page.site or byline.site,
        authors=page.authors or byline.authors,
        published_on=_read_day(page.day) or byline.published_on,
        left_out=parts.out,
        repaired=repaired,
        lost=sum(map(count_lost, paragraphs)),
        links=tuple(address for address, _ in links),
        link_texts=tuple(words for _, words in links),
    )


def _list_links(line: Line) -> list[tuple[str, str]]:
    linked = {address for address, _ in line.links}
    return [*line.links, *((address, "") for _, address in list_addresses(line.text) if address not in linked)]


def _name_title(name: str) -> str:
    stem = _ENDINGS.sub("", PurePath(name).name)
    return re.sub(r"[-_\s]+", " ", stem).strip() or name


def _read_day(day: str) -> date | None:
    try:
        return date.fromisoformat(day[:10]) if day else None
    except ValueError:
        return None


def _is_in_big5(letter: str) -> bool:
    try:
        letter.encode("big5")
    except UnicodeEncodeError:
        return False
    return True
