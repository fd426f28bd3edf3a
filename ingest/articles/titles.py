"""Where an article names a paper by its title: in quotation marks, on a line of its own, or in running text. Pure.

What stands in quotation marks may be a paper that the library does not have; whether it is one at all is told by its
words and by what stands around it. In doubt it is none: books, newspapers, films and the author's other articles
stand in the same marks.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher

from ingest.articles.index import PaperIndex, Title
from ingest.articles.spans import Spans
from ingest.articles.unlisted import SMALL_WORDS, Mark, looks_like_title, rate_unlisted
from ingest.articles.words import Paragraph, fold_words
from kb.chinese import is_cjk

_BOOK = re.compile(r"《\s*([^《》]{2,300}?)\s*》")
_QUOTED = re.compile(
    r"“\s*([^“”]{3,300}?)\s*”|「\s*([^「」]{3,300}?)\s*」|『\s*([^『』]{3,300}?)\s*』|(?<!\w)\"([^\"\n]{3,300}?)\"(?!\w)"
)
_LEADING = re.compile(
    r"^\s*(?:[#>*•·-]+\s+|#+|\d{1,2}(?:\.\d{1,2})+\s+|\d{1,2}[.)、]\s*|\[\d{1,3}\]\s*|[(（]\d{1,2}[)）]\s*)+"
)
_YEAR_BEHIND = re.compile(r"(?:\s*[(（\[]|[,，])\s*((?:19|20)\d\d)\s*[)）\]]?\s*$")
_LINK_BEHIND = re.compile(r"[\s:：,，(（\[—–-]*https?://\S+\s*$")
_YEAR_NEAR = re.compile(r"[\s»”\"》)]{0,3}[(（]\s*(?:\w+(?: et al\.?)?,? )?((?:19|20)\d\d)\s*[)）]")
#: A heading of a text has at most so many words.
_LONGEST_LINE, _LONGEST_TITLE = 30, 300
#: In running text a title has at least so many words; from more of them on it is no phrase, however it is written.
_LEAST_RUNNING, _NO_PHRASE = 4, 7
_LEAST_CHINESE = 10
#: A title of no more words, or characters, may be any phrase.
_SHORT, _SHORT_CHINESE = 3, 6
_RAREST, _MOST_COUNTED, _COMPARED = 4, 800, 8
#: Words that turn what a title says into something else.
_NEGATIONS = frozenset({"not", "no", "without", "beyond", "non", "un", "less"})
#: How like each other two words, and two whole titles, are that are one but for slips.
_LIKE_WORDS, _LIKE_TITLES = 0.7, 0.87


@dataclass(frozen=True, slots=True)
class Titled:
    """A place of a text that holds a title."""

    start: int
    end: int
    text: str
    key: str
    """Empty where the library has no such paper."""
    confidence: float


@dataclass(frozen=True, slots=True)
class _Candidate:
    start: int
    end: int
    text: str
    mark: Mark
    year: int | None = None


def list_titled(paragraph: Paragraph, index: PaperIndex) -> Iterator[Titled]:
    """Give the places of a paragraph that hold a title, in order, without overlap."""
    text, folded = paragraph.text, paragraph.folded
    found: list[Titled] = []
    for candidate in (*_list_quoted(text), *_list_line(text)):
        # Lines are many, and to look for what is like a title takes time.
        is_exact = candidate.mark == "line" and not looks_like_title(candidate.text)
        known = find_title(candidate.text, index, year=candidate.year, is_exact=is_exact)
        if known is not None and (confidence := _temper(known[1], candidate)):
            found.append(Titled(candidate.start, candidate.end, candidate.text, known[0], confidence))
        elif confidence := rate_unlisted(
            folded, candidate.start, candidate.end, mark=candidate.mark, year=candidate.year
        ):
            found.append(Titled(candidate.start, candidate.end, candidate.text, "", confidence))
    # What stands in quotation marks says more of itself than what only stands there.
    found += _list_running(paragraph, index)
    taken = Spans()
    ranked = sorted(found, key=lambda one: (not one.key, one.start - one.end))
    return iter(sorted((one for one in ranked if taken.take(one.start, one.end)), key=lambda one: one.start))


def find_title(
    text: str, index: PaperIndex, *, year: int | None = None, is_exact: bool = False
) -> tuple[str, float] | None:
    """Return the key of the paper that bears a title, and how sure that is; None where the library has none.

    Parameters
    ----------
    year     : that the text gives beside the title; another than the paper's lowers the confidence
    is_exact : whether slips are not forgiven
    """
    words = fold_words(text)
    title, confidence = index.titles.get(words), 0.95
    if title is None:
        title, confidence = (None, 0.0) if is_exact else _find_near(words, index)
    elif title.part != "whole":
        confidence = 0.85 if title.part == "subtitle" else 0.8
    if title is None:
        return None
    if year and title.year and abs(year - title.year) > 2:
        confidence -= 0.15
    return title.key, round(confidence, 2)


def _find_near(words: tuple[str, ...], index: PaperIndex) -> tuple[Title | None, float]:
    """Return the title that is this one but for slips and a word more or less, with .7 to .9."""
    if len(words) < _LEAST_RUNNING:
        return None, 0.0
    # What is like this title shares most of its words, so also some of the rarest.
    rarest = sorted((len(index.by_word[word]), word) for word in set(words) - SMALL_WORDS if word in index.by_word)
    shared = Counter[tuple[str, ...]]()
    for count, word in rarest[:_RAREST]:
        if shared.total() + count > _MOST_COUNTED and shared:
            break
        shared.update(title.words for title in index.by_word[word])
    best, best_likeness = None, 0.0
    for other, _ in shared.most_common(_COMPARED):
        likeness = _compare(words, other)
        if likeness > best_likeness:
            best, best_likeness = index.titles[other], likeness
    if best is None or best_likeness < _LIKE_TITLES or (best.part == "head" and len(best.words) < _LEAST_RUNNING):
        return None, 0.0
    return best, 0.7 + (best_likeness - _LIKE_TITLES) / (1 - _LIKE_TITLES) * (0.2 if best.part == "whole" else 0.1)


def _compare(one: tuple[str, ...], other: tuple[str, ...]) -> float:
    """Return how like two titles are, 0 where a word of one is really another word or changes what it says."""
    if abs(len(one) - len(other)) > 2 or len({*one} & {*other}) * 2 < len(one):
        return 0.0
    added = 0
    for kind, a, b, c, d in SequenceMatcher(None, one, other, autojunk=False).get_opcodes():
        left, right = one[a:b], other[c:d]
        if kind == "equal":
            continue
        if any(word in _NEGATIONS or any(letter.isdigit() for letter in word) for word in (*left, *right)):
            return 0.0
        if SequenceMatcher(None, "".join(left), "".join(right), autojunk=False).ratio() >= _LIKE_WORDS:
            continue
        if left and right:
            return 0.0
        added += len(left) + len(right)
    # A word more or less is a slip in a long title only; in a short one it makes another.
    if added > 1 or (added and min(len(one), len(other)) < 8):
        return 0.0
    return SequenceMatcher(None, " ".join(one), " ".join(other), autojunk=False).ratio()


def _temper(confidence: float, candidate: _Candidate) -> float:
    """Return less confidence for a title that is short enough to be an ordinary phrase, or a heading on a subject."""
    text, length = candidate.text, len(fold_words(candidate.text))
    if candidate.mark == "book":
        return confidence
    if length <= (_SHORT_CHINESE if is_cjk(text) else _SHORT):
        return min(confidence, 0.8 if candidate.mark == "quote" and text[0].isupper() else 0.5) if length > 1 else 0.0
    if is_cjk(text) or candidate.year or length >= _NO_PHRASE or looks_like_title(text):
        return confidence
    return min(confidence, 0.7 if length > _LEAST_RUNNING and text[0].isupper() else 0.5)


def _list_quoted(text: str) -> Iterator[_Candidate]:
    marks: tuple[tuple[re.Pattern[str], Mark], ...] = ((_BOOK, "book"), (_QUOTED, "quote"))
    for pattern, mark in marks:
        for found in pattern.finditer(text):
            group = found.lastindex or 1
            year = _YEAR_NEAR.match(text, found.end(group))
            yield _Candidate(found.start(group), found.end(group), found[group], mark, int(year[1]) if year else None)


def _list_line(text: str) -> Iterator[_Candidate]:
    """Give the text itself where it is short enough to be a heading or an entry of a list."""
    if len(text) > 2 * _LONGEST_TITLE:
        return
    start = found.end() if (found := _LEADING.match(text)) else 0
    core = _LINK_BEHIND.sub("", text[start:])
    year = _YEAR_BEHIND.search(core)
    core = (core[: year.start()] if year else core).strip().strip('"“”「」*_ ')
    start = text.find(core, start)
    if core and len(core) <= _LONGEST_TITLE and len(core.split()) <= _LONGEST_LINE and not set("》|") & set(core):
        yield _Candidate(start, start + len(core), core, "line", int(year[1]) if year else None)


def _list_running(paragraph: Paragraph, index: PaperIndex) -> Iterator[Titled]:
    """Give the whole titles that stand in running text, whatever stands around them."""
    text, words, keys = paragraph.text, paragraph.words, paragraph.keys
    for place in range(len(words) - 2):
        for title in index.openings.get(keys[place : place + 3], ()):
            length = len(title.words)
            if length < _LEAST_RUNNING or keys[place : place + length] != title.words:
                continue
            start, end = words[place].start, words[place + length - 1].end
            if confidence := _rate_running(text[start:end], length):
                yield Titled(start, end, text[start:end], title.key, confidence)


def _rate_running(text: str, length: int) -> float:
    """Return how surely a title without quotation marks is one, and no phrase of the same words."""
    if is_cjk(text):
        return 0.9 if length >= _LEAST_CHINESE else 0.0
    if length >= _NO_PHRASE or looks_like_title(text):
        return 0.9
    if length == _LEAST_RUNNING:
        return 0.0
    return 0.7 if text[0].isupper() else 0.5
