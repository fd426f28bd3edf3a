"""Tell what a local file holds, and stream its records.

A damaged or cut file gives what stands before the damage, and then says so; one that gives nothing is an error.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ingest.arxiv_feed import stream_feed
from ingest.json_stream import stream_json
from ingest.semantic_scholar import parse_s2_record
from ingest.streams import CHUNK, DAMAGE, ByteStream, open_file
from kb.errors import InvalidQueryError, MalformedDataError
from kb.records import PaperRecord, Skipped

#: Bytes. A page with its pictures inlined may reach a tenth of it.
LARGEST_ARTICLE = 16 << 20
Entry = tuple[int, PaperRecord | Skipped]

_ATOM = b"http://www.w3.org/2005/Atom"
_HTML = re.compile(rb"<(?:!doctype\s+html|html|head|body|article)[\s>]", re.IGNORECASE)
#: Endings of files that hold the text of an article where nothing speaks against it.
_PROSE = (".txt", ".md", ".htm", ".html")
_MARK = b"\xef\xbb\xbf"


def stream_records(path: Path, format: str = "auto") -> Iterator[Entry]:
    """Return an iterator over a file's records, in constant memory, each with its 1-based place.

    The place is a line where there is a record a line, otherwise an index. ``Skipped`` stands for what cannot be
    taken: a record without a title, a blank line, invalid UTF-8, the point from which the file is damaged.

    Parameters
    ----------
    format : ``auto``, or one of ``FORMATS``

    Raises
    ------
    InvalidQueryError  : an unknown format, named or found
    NotFoundError      : no such file
    UnavailableError   : the file may not be read
    MalformedDataError : it is empty, or not one record can be read before the damage
    """
    if format not in ("auto", "article", *FORMATS):
        raise InvalidQueryError(f"unknown format {format!r}; choose {_list_formats()}")
    found = detect_format(path) if format == "auto" else format
    if found == "article":
        raise InvalidQueryError(f"{path.name} is an article, which holds no records")
    return _guard(path, FORMATS[found])


def detect_format(path: Path) -> str:
    """Return the name of the format of a file, by content.

    Raises
    ------
    InvalidQueryError  : it is none that we know; the message lists those
    MalformedDataError : the file is empty, or damaged before its first record
    """
    with open_file(path) as stream, _damage_told(path):
        head = stream.peek(1 << 16)
        start = head.removeprefix(_MARK).lstrip()[:1]
        if not start:
            raise MalformedDataError(f"{path.name} is empty; give a file with records")
        if start == b"<" and _ATOM in head:
            return "arxiv"
        # Only where it begins like one: a record may quote markup.
        if start == b"<" and _HTML.search(head):
            return "article"
        if start in (b"{", b"["):
            return _tell_json(path, stream)
    if path.suffix.lower() in _PROSE and b"\0" not in head:
        return "article"
    raise _unknown(path)


def read_whole(path: Path) -> bytes:
    """Return a file's content, unpacked where it is compressed: for a text that is read as a whole.

    Raises
    ------
    NotFoundError      : no such file
    UnavailableError   : the file may not be read
    MalformedDataError : it is damaged, or larger than an article can be
    """
    with open_file(path) as stream, _damage_told(path):
        parts: list[bytes] = []
        while part := stream.read1(CHUNK):
            parts.append(part)
            if sum(map(len, parts)) > LARGEST_ARTICLE:
                raise MalformedDataError(f"{path.name}: more than {LARGEST_ARTICLE >> 20} MiB; that is no article")
    return b"".join(parts)


def _tell_json(path: Path, stream: ByteStream) -> str:
    documents = (document for _, document in stream_json(stream))
    first = next((one for one in documents if isinstance(one, dict)), None)
    if first is None:
        raise MalformedDataError(f"{path.name}: no JSON object in it can be read; it may be cut short")
    if first.keys() & {"paperId", "externalIds"}:
        return "s2"
    raise _unknown(path)


def _guard(path: Path, read: Callable[[ByteStream], Iterator[Entry]]) -> Iterator[Entry]:
    """Yield a file's entries, and where it is damaged say so instead of failing."""
    with open_file(path) as stream:
        place = 0
        try:
            for place, one in read(stream):
                yield place, one
        except MalformedDataError as error:
            raise MalformedDataError(f"{path.name}: {error.message}") from error
        except DAMAGE as error:
            if not place:
                raise _damaged(path, error) from error
            yield place + 1, Skipped(place + 1, f"the file is damaged or cut short from here on: {_reason(error)}")


def _read_s2(stream: ByteStream) -> Iterator[Entry]:
    if stream.peek(1).removeprefix(_MARK).lstrip()[:1] not in (b"", b"{", b"["):
        raise MalformedDataError("no JSON: the file begins neither with an object nor with a list")
    for place, document in stream_json(stream):
        if isinstance(document, Skipped):
            yield place, document
            continue
        try:
            yield place, parse_s2_record(document)
        except MalformedDataError as error:
            yield place, Skipped(place, error.message)


#: The formats that can be read, and how.
FORMATS: dict[str, Callable[[ByteStream], Iterator[Entry]]] = {"s2": _read_s2, "arxiv": stream_feed}


@contextmanager
def _damage_told(path: Path) -> Iterator[None]:
    try:
        yield
    except DAMAGE as error:
        raise _damaged(path, error) from error


def _damaged(path: Path, error: Exception) -> MalformedDataError:
    return MalformedDataError(f"{path.name} is damaged before its first record; get it again: {_reason(error)}")


def _unknown(path: Path) -> InvalidQueryError:
    return InvalidQueryError(
        f"{path.name}: none of the formats that can be imported, which are {_list_formats()}; "
        "for the text of an article give --format article"
    )


def _list_formats() -> str:
    return ", ".join(sorted(["article", *FORMATS]))


def _reason(error: Exception) -> str:
    return str(error) or type(error).__name__
