"""Addresses and identifiers in running text, and the papers that they stand for. Pure.

``kb.ids`` says what is an identifier; here stands where one may be hidden: mirrors of arXiv, a DOI inside a
publisher's address, the old address of the ACL Anthology.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import unquote

from ingest.articles.spans import Spans
from kb.errors import InvalidIdError
from kb.ids import PaperId, find_id, parse_id

_ADDRESS = re.compile(
    r"""(?<![A-Za-z])https?://[^\s<>"'`|\\^{}，。；、（）【】《》〈〉「」“”‘’\u3400-\u9fff]+""", re.IGNORECASE
)
_BRACKETS = {")": "(", "]": "["}
#: Places of an address that hold an identifier which ``parse_id`` would not see there.
_HIDDEN = tuple(
    (re.compile(pattern, re.IGNORECASE), scheme)
    for pattern, scheme in (
        (r"(?:huggingface\.co|hf\.co)/papers/([\d.]+)", "arxiv"),
        (r"ar5iv(?:\.labs\.arxiv)?\.org/(?:abs|html|pdf)/([^?#\s]+)", "arxiv"),
        (r"(?:alphaxiv|arxiv-vanity|scirate|arxiv)\.(?:org|com)/(?:abs|pdf|papers|arxiv|html)/([^?#\s]+)", "arxiv"),
        (r"semanticscholar\.org/(?:paper/(?:[^/\s]+/)?|p/)([0-9a-f]{40})", "s2"),
        (r"(?:aclweb\.org/anthology|aclanthology\.info)/(?:papers/)?(?:[A-Z]/[A-Z]\d\d/)?([^/?#\s]+)", "acl"),
        (r"/(10\.\d{4,9}(?:/|%2F)[^?#\s]+)", "doi"),
    )
)
_OPENREVIEW = re.compile(r"openreview\.net/(?:forum|pdf|references/pdf)\?id=[\w-]{6,}", re.IGNORECASE)
_PAGE_ENDING = re.compile(r"(?:\.pdf|\.html?|/(?:full|abstract|pdf|epdf|html|meta))+/?$", re.IGNORECASE)

_ARXIV_NUMBER = r"\d{2}(?:0[1-9]|1[0-2])\.\d{4,5}(?:v\d+)?(?!\d)"
_ARXIV_OLD = r"[a-z]+(?:-[a-z]+)*(?:\.[A-Z]{2})?/\d{7}(?:v\d+)?(?!\d)"
_NAMED = re.compile(
    rf"(?<![A-Za-z])arxiv(?:\s*(?:preprint|id|identifier))?\s*[:：]?\s*(?:arxiv\s*[:：]\s*)?({_ARXIV_NUMBER}|{_ARXIV_OLD})",
    re.IGNORECASE,
)
_DOI = re.compile(
    r"""(?:(?<![A-Za-z])doi\s*[:：]?\s*)?(?<![\w./])(10\.\d{4,9}/[^\s"'<>，。；、（）【】《》“”]+)""", re.IGNORECASE
)
_BARE = re.compile(rf"(?<![\w./:-])({_ARXIV_NUMBER})(?![\w/-])(?!\.\d)")
_WRITTEN = ((_NAMED, "arxiv", "identifier"), (_DOI, "doi", "identifier"), (_BARE, "arxiv", "number"))


@dataclass(frozen=True, slots=True)
class Identified:
    """A place of a text that names a paper by an address or an identifier."""

    start: int
    end: int
    named: str
    how: str
    """``link`` or ``identifier``; ``number`` where it may be a mere number."""
    id: PaperId | None
    """None for a page of OpenReview, which has no identifier elsewhere."""


def list_addresses(text: str) -> Iterator[tuple[int, str]]:
    """Give the place and the address of everything in a text that begins as one, closing punctuation left out.

    Examples
    --------
    >>> list(list_addresses("见(https://arxiv.org/abs/1706.03762)。"))
    [(2, 'https://arxiv.org/abs/1706.03762')]
    """
    for found in _ADDRESS.finditer(text):
        yield found.start(), _trim(found[0])


def identify(address: str) -> PaperId | None:
    """Return the identifier of the paper that an address leads to; None where it leads to none, or not by its words.

    Examples
    --------
    >>> str(identify("https://huggingface.co/papers/2305.13048"))
    'arxiv:2305.13048'
    >>> identify("https://github.com/example/code")
    """
    try:
        return parse_id(address)
    except InvalidIdError:
        pass
    for pattern, scheme in _HIDDEN:
        if (found := pattern.search(address)) and (one := find_id(scheme, _PAGE_ENDING.sub("", unquote(found[1])))):
            return one
    return None


def is_paper_page(address: str) -> bool:
    """Tell whether an address is the page of a paper without an identifier."""
    return bool(_OPENREVIEW.search(address))


def list_identified(text: str) -> Iterator[Identified]:
    """Give the places of a text that name a paper by an address or an identifier, in order, without overlap."""
    taken = [(start, start + len(address), address) for start, address in list_addresses(text)]
    found = [
        Identified(start, end, address, "link", one)
        for start, end, address in taken
        if (one := identify(address)) or is_paper_page(address)
    ]
    spans = Spans((start, end) for start, end, _ in taken)
    for pattern, scheme, how in _WRITTEN:
        for match in pattern.finditer(text):
            value = _trim(match[1])
            start, end = match.start(), match.start(1) + len(value)
            if (one := find_id(scheme, value)) and spans.take(start, end):
                found.append(Identified(start, end, text[start:end], how, one))
    return iter(sorted(found, key=lambda place: place.start))


def _trim(address: str) -> str:
    """Return an address without the punctuation of the sentence that it stands in."""
    while True:
        shorter = address.rstrip(".,;:!?*_~")
        opening = _BRACKETS.get(shorter[-1:], "")
        if opening and shorter.count(shorter[-1]) > shorter.count(opening):
            shorter = shorter[:-1]
        if shorter == address:
            return address
        address = shorter
