"""Which papers an article mentions: all the ways of naming one put together. Pure.

How sure a mention is:

=========  ==========================================================================================================
1.0        an address or an identifier
.95        the title, in quotation marks or on a line of its own
.9         the title in running text; the number of an arXiv identifier that is a paper's of the library
.8 - .85   a part of the title; the name that a paper bears in its title ("RWKV: ..."); a title that is not in the
           library and that the text calls a paper
.7 - .9    a title that is not quite the same, by how like it is
.7         another name that is like no other word ("RMSNorm")
.3 - .5    abbreviations of methods, names that are words as well, those that their context has to settle; what stands
           in 《》 as titles of papers do
=========  ==========================================================================================================
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import zip_longest

from ingest.articles.index import PaperIndex
from ingest.articles.links import Identified, identify, is_paper_page, list_addresses, list_identified
from ingest.articles.names import list_named
from ingest.articles.shapes import fold_phrase, holds
from ingest.articles.spans import Spans
from ingest.articles.titles import find_title, list_titled
from ingest.articles.unlisted import looks_like_title
from ingest.articles.words import cut_paragraph, fold, fold_words
from kb.records import ArticleText, PaperMention

__all__ = ["PaperIndex", "find_mentions"]

_WAYS = ("link", "identifier", "title", "name")
#: What may stand between a title and the address that belongs to it: "》(Gu and Dao, 2023, arXiv: https://...".
_BETWEEN = re.compile(
    r"(?:[\s》”\"」』)）(（,，:：\[\]—–*_-]|见|论文|链接|地址|原文|arxiv|paper|preprint|link|available|at|pdf|url|doi"
    r"|(?:19|20)\d\d|[A-Z][\w'’-]+ (?:(?:and|&) [A-Z][\w'’-]+|et al\.?)){0,16}",
    re.IGNORECASE,
)
_FARTHEST = 60
_KNOWN_NUMBER = 0.9
#: What is less sure than a whole title does not stand against an address that says otherwise.
_TITLE_DECIDES = 0.9
_POINTER = re.compile(
    r"(?:\W*\b(?:here|this|the|link|paper|article|preprint|pdf|arxiv|abs|html|full|text|source|original|论文|链接|原文|这里|此处"
    r"|地址|\d+)\b)+\W*$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class _Spot:
    """One place of an article that names a paper."""

    place: int
    start: int
    end: int
    mention: PaperMention


def find_mentions(article: ArticleText, index: PaperIndex) -> tuple[PaperMention, ...]:
    """Return the papers that an article mentions, each once, the surest first.

    A paper that is named in several ways has the strongest of them, and all of its places are counted. A paper of the
    library has its key; another one the identifier that the article gives, or none where it gives a title only.
    """
    texts = [article.title, *article.paragraphs]
    everything = fold_phrase("\n".join(texts))

    def holds_elsewhere(phrase: str) -> bool:
        return holds(everything, phrase)

    spots: list[_Spot] = []
    for place, text in enumerate(texts):
        spots += _find_spots(place, text, index, holds_elsewhere)
    spots += _find_links(article, index, spots, len(texts))
    own = fold_words(article.title)
    return _merge(spot for spot in spots if spot.mention.key or fold_words(spot.mention.title) != own)


def _find_spots(place: int, text: str, index: PaperIndex, holds_elsewhere: Callable[[str], bool]) -> list[_Spot]:
    """Return what a paragraph names, in order; what stands inside an address or a title is not looked at again."""
    identified = [(one, found) for one in list_identified(text) if (found := _make_identified(one, index))]
    spots = [_Spot(place, one.start, one.end, mention) for one, mention in identified]
    taken = Spans((start, start + len(address)) for start, address in list_addresses(text))
    for one, _ in identified:
        taken.take(one.start, one.end)
    paragraph = cut_paragraph(text)
    for titled in list_titled(paragraph, index):
        if taken.take(titled.start, titled.end):
            mention = PaperMention(titled.text, "title", titled.confidence, key=titled.key, title=titled.text)
            spots.append(_Spot(place, titled.start, titled.end, mention))
    for named in list_named(paragraph, index, holds_elsewhere):
        if taken.take(named.start, named.end):
            mention = PaperMention(named.named, "name", named.confidence, key=named.key)
            spots.append(_Spot(place, named.start, named.end, mention))
    return _pair(sorted(spots, key=lambda spot: spot.start), text, index)


def _make_identified(one: Identified, index: PaperIndex) -> PaperMention | None:
    given = str(one.id) if one.id else ""
    key = index.keys.get(given, "")
    if one.how == "number":
        return PaperMention(one.named, "identifier", _KNOWN_NUMBER, key=key) if key else None
    return PaperMention(one.named, one.how, 1.0, key=key or given)


def _pair(spots: list[_Spot], text: str, index: PaperIndex) -> list[_Spot]:
    """Return the spots with a title and the address right behind it as one."""
    paired: list[_Spot] = []
    for spot in spots:
        before = paired[-1] if paired else None
        gap = text[before.end : spot.start] if before else ""
        is_beside = len(gap) <= _FARTHEST and bool(_BETWEEN.fullmatch(fold(gap)))
        joined = None
        if before and before.mention.title and spot.mention.how in ("link", "identifier") and is_beside:
            joined = _join(before.mention, spot.mention, index)
        if before and joined:
            paired[-1] = _Spot(spot.place, before.start, spot.end, joined)
        else:
            paired.append(spot)
    return paired


def _join(title: PaperMention, link: PaperMention, index: PaperIndex) -> PaperMention | None:
    """Return a title and an address as one mention, None where they are of two papers."""
    if title.key in ("", link.key) or (link.key and title.confidence < _TITLE_DECIDES):
        return replace(link, named=title.named, title=title.title)
    scheme = link.key.partition(":")[0]
    if link.key in index.schemes or scheme in index.schemes.get(title.key, ()):
        return None
    # The library does not know this identifier of the paper: the title says which one it is.
    return replace(title, how=link.how)


def _find_links(article: ArticleText, index: PaperIndex, spots: list[_Spot], place: int) -> Iterator[_Spot]:
    """Give the papers that words of the article, or captions, link to."""
    standing = {address for text in article.paragraphs for _, address in list_addresses(text)}
    for number, (address, words) in enumerate(zip_longest(article.links, article.link_texts, fillvalue="")):
        one = identify(address)
        if (not words and address in standing) or not (one or is_paper_page(address)):
            continue
        given = str(one) if one else ""
        named = address if not words or _POINTER.match(fold(words)) else words
        link = PaperMention(named, "link", 1.0, key=index.keys.get(given, given))
        known = find_title(words, index) if words else None
        if known is not None:
            title = PaperMention(words, "title", known[1], key=known[0], title=words)
            link = _join(title, link, index) or link
        elif looks_like_title(words):
            link = replace(link, title=words)
        # The words of a link stand in the text as well, and may have been counted there.
        counted = any(spot.mention.key == link.key and _is_same(spot.mention.named, words) for spot in spots)
        yield _Spot(place, number, number, replace(link, count=0 if counted and link.key else 1))


def _is_same(named: str, words: str) -> bool:
    return bool(words) and (named in words or words in named)


def _merge(spots: Iterable[_Spot]) -> tuple[PaperMention, ...]:
    """Return one mention a paper, the surest first, ties in the order of the text."""
    merged: dict[object, PaperMention] = {}
    keys: dict[tuple[str, ...], str] = {}
    ordered = list(spots)
    for spot in ordered:
        if spot.mention.key and spot.mention.title:
            keys.setdefault(fold_words(spot.mention.title), spot.mention.key)
    for spot in ordered:
        one = spot.mention
        words = fold_words(one.title)
        key = one.key or keys.get(words, "")
        name = key or words or one.named
        known = merged.get(name)
        merged[name] = _add(known, replace(one, key=key)) if known else replace(one, key=key)
    found = [replace(one, count=max(1, one.count)) for one in merged.values()]
    return tuple(sorted(found, key=lambda one: -one.confidence))


def _add(known: PaperMention, other: PaperMention) -> PaperMention:
    return replace(
        known,
        how=min(known.how, other.how, key=_WAYS.index),
        confidence=max(known.confidence, other.confidence),
        count=known.count + other.count,
        title=known.title or other.title,
    )
