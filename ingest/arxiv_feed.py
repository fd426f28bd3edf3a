"""Parse what arXiv says: Atom feeds and their entries. Pure.

A paper's date is that of its first version (``published``); its identifier loses the version. A withdrawn paper is a
paper like any other: its abstract or comment says that it was withdrawn.

Format: arXiv API user's manual, "Details of Atom Results Returned" (info.arxiv.org/help/api/user-manual.html).
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from xml.etree import ElementTree

import arxiv

from ingest.streams import CHUNK, ByteStream
from kb.errors import InvalidIdError, InvalidQueryError, MalformedDataError
from kb.ids import PaperId, find_id
from kb.records import Paper, PaperRecord, Skipped

_ATOM, _ARXIV = "{http://www.w3.org/2005/Atom}", "{http://arxiv.org/schemas/atom}"
_TOTAL = "{http://a9.com/-/spec/opensearch/1.1/}totalResults"
_START = "{http://a9.com/-/spec/opensearch/1.1/}startIndex"
_ERROR = re.compile(r"https?://arxiv\.org/api/errors")
_ABSTRACT_PAGE = re.compile(r"https?://arxiv\.org/abs/(.+)")


def parse_arxiv_result(result: arxiv.Result) -> PaperRecord:
    """Return the paper that an entry of a feed describes; arXiv lists no citations.

    Raises
    ------
    MalformedDataError : no arXiv identifier, no title or no date
    """
    page = _ABSTRACT_PAGE.fullmatch(result.entry_id)
    own = find_id("arxiv", page[1]) if page else None
    if own is None:
        raise MalformedDataError(f"not the entry of a paper: {result.entry_id[:80]!r}")
    title = _collapse(result.title)
    if not title or result.published.year == datetime.min.year:
        raise MalformedDataError(f"{own} has no {'date' if title else 'title'}")
    names = (_collapse(author.name) for author in result.authors)
    return PaperRecord(
        Paper(
            key=str(own),
            title=title,
            authors=tuple(name for name in names if name),
            year=result.published.year,
            published_on=result.published.date(),
            venue=_collapse(result.journal_ref),
            ids=_collect_ids(own, result.doi),
            abstract=_collapse(result.summary),
            origin="arxiv",
        )
    )


def check_feed(content: bytes) -> None:
    """Make sure that an answer is a whole feed; the ``arxiv`` package would silently take half of one.

    Raises
    ------
    MalformedDataError                : not XML, not all of it, or no Atom feed
    InvalidIdError, InvalidQueryError : the feed is a refusal
    """
    if refusal := _find_refusal(_parse_root(content)):
        raise refusal


def check_page(content: bytes) -> None:
    """Make sure, like ``check_feed``, that an answer is a whole page of a query's results.

    arXiv sometimes answers with an empty page where it has results: that is no answer.
    """
    check_feed(content)
    root = _parse_root(content)
    total, start = (_text(root, name).strip() for name in (_TOTAL, _START))
    if total.isdecimal() and start.isdecimal() and int(total) > int(start) and root.find(f"{_ATOM}entry") is None:
        raise MalformedDataError(f"an empty page, although {total} results are announced")


def has_entries(content: bytes) -> bool:
    """Tell whether a feed lists anything."""
    return b"<entry" in content


def parse_refusal(content: bytes) -> InvalidIdError | InvalidQueryError | None:
    """Return why arXiv refuses a request, in its own words, or None where the content does not say so."""
    try:
        return _find_refusal(_parse_root(content))
    except MalformedDataError:
        return None


def stream_feed(stream: ByteStream) -> Iterator[tuple[int, PaperRecord | Skipped]]:
    """Yield the entries of a feed file with their 1-based index, one at a time in constant memory.

    Raises
    ------
    MalformedDataError : the file is no XML, or no Atom feed
    """
    parser: ElementTree.XMLPullParser[Any] = ElementTree.XMLPullParser(("start", "end"))
    root: ElementTree.Element | None = None
    place = 0
    try:
        while chunk := stream.read1(CHUNK):
            parser.feed(chunk)
            events: Iterator[Any] = parser.read_events()
            for event, element in events:
                root = _check_root(element) if root is None else root
                if event == "end" and element.tag == f"{_ATOM}entry":
                    place += 1
                    yield place, _take_entry(element, place)
                    root.clear()
        parser.close()
    except ElementTree.ParseError as error:
        if root is None:
            raise MalformedDataError(f"no XML ({error})") from error
        yield place + 1, Skipped(place + 1, f"the feed is damaged or cut short from here on: {error}")


def _take_entry(entry: ElementTree.Element, place: int) -> PaperRecord | Skipped:
    if _ERROR.match(_text(entry, f"{_ATOM}id")):
        return Skipped(place, f"arXiv says: {_collapse(_text(entry, f'{_ATOM}summary'))}")
    try:
        return parse_arxiv_result(_read_result(entry))
    except MalformedDataError as error:
        return Skipped(place, error.message)


def _read_result(entry: ElementTree.Element) -> arxiv.Result:
    """Return an entry of a file as the object that the arXiv client makes of one from the network."""
    try:
        published = datetime.fromisoformat(_text(entry, f"{_ATOM}published").strip())
    except ValueError:
        published = datetime.min
    return arxiv.Result(
        entry_id=_text(entry, f"{_ATOM}id"),
        published=published if published == datetime.min else published.astimezone(UTC),
        title=_text(entry, f"{_ATOM}title"),
        authors=[arxiv.Result.Author(name.text or "") for name in entry.iterfind(f"{_ATOM}author/{_ATOM}name")],
        summary=_text(entry, f"{_ATOM}summary"),
        journal_ref=_text(entry, f"{_ARXIV}journal_ref"),
        doi=_text(entry, f"{_ARXIV}doi"),
    )


def _find_refusal(root: ElementTree.Element) -> InvalidIdError | InvalidQueryError | None:
    refused = (entry for entry in root.iterfind(f"{_ATOM}entry") if _ERROR.match(_text(entry, f"{_ATOM}id")))
    why = next((_collapse(_text(entry, f"{_ATOM}summary")) for entry in refused), None)
    if why is None:
        return None
    if "id format" in why:
        return InvalidIdError(f"arXiv does not know this form of identifier; correct it: {why}")
    return InvalidQueryError(f"arXiv refuses the request; correct the query: {why}")


def _parse_root(content: bytes) -> ElementTree.Element:
    try:
        return _check_root(ElementTree.fromstring(content))
    except ElementTree.ParseError as error:
        raise MalformedDataError(f"the answer is no XML, or not all of it ({error})") from error


def _check_root(root: ElementTree.Element) -> ElementTree.Element:
    if root.tag != f"{_ATOM}feed":
        raise MalformedDataError(f"no Atom feed but {root.tag[:80]!r}")
    return root


def _collect_ids(own: PaperId, dois: str | None) -> dict[str, str]:
    # The field may hold several, of parts or errata: none of them is the paper's own then, and it is no identifier.
    journal = find_id("doi", (dois or "").strip())
    both = (own, journal) if journal and journal.scheme == "doi" else (own,)
    return {one.scheme: one.value for one in both}


def _text(element: ElementTree.Element, name: str) -> str:
    return element.findtext(name) or ""


def _collapse(text: str | None) -> str:
    return " ".join((text or "").split())
