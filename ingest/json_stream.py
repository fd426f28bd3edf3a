"""JSON documents one at a time, in constant memory: a line each, the items of one array, or a single object.

A document that cannot be read is a ``Skipped`` with its place, and the stream goes on behind it. Places are 1-based:
lines where there is a document a line, indices in an array.
"""

import re
from collections.abc import Iterator

import orjson

from ingest.streams import CHUNK, ByteStream
from kb.records import Skipped

#: The longest document, in bytes: beyond it a file is not what it seems, and memory is not for it.
LONGEST = 64 << 20

#: What an array's items are made of as far as their ends are concerned; a lone quote begins a string that goes on
#: beyond what has been read.
_TOKEN = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"|["{}\[\]]', re.DOTALL)


def stream_json(stream: ByteStream) -> Iterator[tuple[int, object | Skipped]]:
    """Yield each document, or why it cannot be read, with its place."""
    first, lines = _find_start(stream)
    if first.startswith(b"["):
        for place, raw in enumerate(_split_array(stream, first), start=1):
            yield place, _load(raw, place)
    elif first.endswith(b"\n") and first.strip() == b"{":
        # Only a printed-out object has a line with nothing but its brace; it is one document.
        yield 1, _load(first + _read_rest(stream), 1)
    else:
        yield from _stream_lines(stream, first, lines)


def _find_start(stream: ByteStream) -> tuple[bytes, int]:
    """Return the first line that is not blank, without byte order mark, and its number."""
    number = 0
    while line := stream.readline(CHUNK):
        number += 1
        text = line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line
        if text.strip():
            return text.lstrip(), number
    return b"", number


def _stream_lines(stream: ByteStream, line: bytes, number: int) -> Iterator[tuple[int, object | Skipped]]:
    yield from ((blank, Skipped(blank, "blank line")) for blank in range(1, number))
    while line:
        while not line.endswith(b"\n") and len(line) <= LONGEST and (more := stream.readline(CHUNK)):
            line += more
        if len(line) > LONGEST:
            yield number, Skipped(number, f"longer than {LONGEST >> 20} MB; nothing behind it is read")
            return
        yield number, _load(line, number) if line.strip() else Skipped(number, "blank line")
        line, number = stream.readline(CHUNK), number + 1


def _split_array(stream: ByteStream, head: bytes) -> Iterator[bytes]:
    """Yield the raw items of an array; what cannot be an item, such as the end of a file cut short, as it is."""
    buffer, begin, at, depth = head, 0, 0, 0
    while True:
        for token in _TOKEN.finditer(buffer, at):
            mark = token[0]
            if mark == b'"':
                break
            at = token.end()
            if mark in b"{[":
                depth += 1
                if depth <= 2:
                    yield from _split_plain(buffer[begin : token.start()])
                    begin = at if depth == 1 else token.start()
            elif mark in b"}]":
                depth -= 1
                if depth == 1:
                    yield buffer[begin:at]
                    begin = at
                elif depth == 0:
                    yield from _split_plain(buffer[begin : token.start()])
                    return
        more = stream.read1(CHUNK) if len(buffer) - begin <= LONGEST else b""
        if not more:
            yield buffer[begin:].lstrip(b", \r\n\t")
            return
        buffer, begin, at = buffer[begin:] + more, 0, at - begin


def _split_plain(between: bytes) -> Iterator[bytes]:
    """Yield what stands between the objects of an array: null for a paper that was not found, mostly nothing."""
    return (part for part in between.split(b",") if part.strip())


def _read_rest(stream: ByteStream) -> bytes:
    parts, length = [], 0
    while length <= LONGEST and (more := stream.read1(CHUNK)):
        parts.append(more)
        length += len(more)
    return b"".join(parts)


def _load(raw: bytes, place: int) -> object | Skipped:
    try:
        document: object = orjson.loads(raw)
        return document
    except orjson.JSONDecodeError as error:
        return Skipped(place, f"no readable JSON: {error}")
