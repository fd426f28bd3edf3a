"""Local files: whatever their compression and shape, and however damaged."""

import bz2
import gzip
import hashlib
import json
import lzma
import tracemalloc
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pyarrow
import pytest

from ingest.files import detect_format, stream_records
from ingest.streams import fingerprint
from kb.errors import InvalidQueryError, MalformedDataError, NotFoundError, UnavailableError
from kb.records import PaperRecord, Skipped
from tests.ingest.replay import HEAD, write_entry

PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "plain": bytes,
    "gz": gzip.compress,
    "xz": lzma.compress,
    "bz2": lambda content: bz2.compress(content, 1),  # blocks of 100 kB: what is cut is lost by the block
    "zst": lambda content: pyarrow.compress(content, codec="zstd", asbytes=True),
}


def make_line(number: int) -> str:
    references = [{"paperId": f"{number * 7 + one:040x}", "title": f"Cited, {one}"} for one in range(30)]
    return json.dumps({"paperId": f"{number:040x}", "title": f"Paper {{{number}]", "references": references})


def write(tmp_path: Path, content: bytes, name: str = "papers") -> Path:
    file = tmp_path / name
    file.write_bytes(content)
    return file


def titles(path: Path, format: str = "auto") -> list[str]:
    """The titles of what is taken, and the word skipped where something is not; each behind its place."""
    return [
        f"{place} {one.paper.title if isinstance(one, PaperRecord) else 'skipped'}"
        for place, one in stream_records(path, format)
    ]


@pytest.mark.parametrize("packer", PACKERS)
def test_compression_is_told_by_content(tmp_path: Path, recorded: Path, packer: str) -> None:
    for name, found in (("s2-papers.jsonl", "s2"), ("arxiv-lookup.xml", "arxiv")):
        file = write(tmp_path, PACKERS[packer]((recorded / name).read_bytes()))
        assert detect_format(file) == found
        assert titles(file) == titles(recorded / name)
        assert len(titles(file)) == 3


@pytest.mark.parametrize("packer", ["gz", "xz", "bz2", "zst"])
def test_files_packed_in_pieces_are_read_to_the_end(tmp_path: Path, packer: str) -> None:
    pieces = [PACKERS[packer](f"{make_line(number)}\n".encode()) for number in (1, 2, 3)]
    assert len(titles(write(tmp_path, b"".join(pieces)))) == 3


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("size", [1, 3, 700])
def test_an_array_is_streamed_item_by_item(tmp_path: Path, indent: int | None, size: int) -> None:
    items = [json.loads(make_line(number)) for number in range(1, size + 1)]
    file = write(tmp_path, json.dumps(items, indent=indent).encode())
    assert titles(file) == [f"{number} Paper {{{number}]" for number in range(1, size + 1)]


def test_an_array_with_nulls_as_the_batch_address_answers(tmp_path: Path) -> None:
    content = f"[null, {make_line(2)}, null, null,{make_line(5)},null]"
    assert [line.split()[1] for line in titles(write(tmp_path, content.encode()))] == [
        "skipped",
        "Paper",
        "skipped",
        "skipped",
        "Paper",
        "skipped",
    ]


def test_one_bad_item_of_an_array_does_not_cost_the_others(tmp_path: Path) -> None:
    bad = b'{"paperId": "\xff", "title": }'
    content = b"[" + make_line(1).encode() + b"," + bad + b"," + make_line(3).encode() + b"]"
    assert titles(write(tmp_path, content)) == ["1 Paper {1]", "2 skipped", "3 Paper {3]"]


HARD = ['a "quoted" [ ] { } title', "back\\slash at the end\\", '\\"', "注意力 “x”", "]" * 5000, "{"]


@pytest.mark.parametrize("chunk", [1, 2, 3, 7, 64, 1 << 20])
def test_strings_do_not_end_an_item_wherever_reading_pauses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chunk: int
) -> None:
    monkeypatch.setattr("ingest.json_stream.CHUNK", chunk)
    items = [{"paperId": f"{number:040x}", "title": title} for number, title in enumerate(HARD)]
    for content in (json.dumps(items), "\n".join(json.dumps(one, ensure_ascii=False) for one in items)):
        file = write(tmp_path, content.encode())
        assert [one.paper.title for _, one in stream_records(file) if isinstance(one, PaperRecord)] == HARD


def test_a_single_object_on_one_line_or_printed_out(tmp_path: Path) -> None:
    for content in (make_line(1), json.dumps(json.loads(make_line(1)), indent=4)):
        assert titles(write(tmp_path, content.encode())) == ["1 Paper {1]"]


def test_empty_array(tmp_path: Path) -> None:
    assert titles(write(tmp_path, b"[]"), "s2") == []


def test_lines_that_cannot_be_taken_are_skipped_with_their_number(tmp_path: Path) -> None:
    broken = [
        make_line(1).encode(),
        b"",
        b"{not json}",
        b'{"paperId": "' + b"\xff" * 40 + b'", "title": "x"}',
        b'{"paperId": null, "title": "nameless"}',
        b"[1, 2]",
        make_line(7).encode(),
        make_line(8).encode()[:100],
    ]
    found = list(stream_records(write(tmp_path, b"\r\n".join(broken))))
    assert [place for place, _ in found] == list(range(1, 9))
    assert [place for place, one in found if isinstance(one, Skipped)] == [2, 3, 4, 5, 6, 8]
    assert all(one.place == place and one.reason for place, one in found if isinstance(one, Skipped))


def test_a_byte_order_mark_and_blank_lines_before_the_first_record(tmp_path: Path) -> None:
    content = b"\xef\xbb\xbf" + make_line(1).encode()
    assert titles(write(tmp_path, content)) == ["1 Paper {1]"]
    assert titles(write(tmp_path, b"\n \n" + make_line(3).encode())) == ["1 skipped", "2 skipped", "3 Paper {3]"]


@pytest.mark.parametrize("packer", ["gz", "xz", "bz2", "zst"])
@pytest.mark.parametrize("part", [0.3, 0.7, 0.99])
def test_a_packed_file_cut_short_gives_what_is_whole_and_says_so(tmp_path: Path, packer: str, part: float) -> None:
    whole = "\n".join(make_line(number) for number in range(1, 801)).encode()
    packed = PACKERS[packer](whole)
    found = list(stream_records(write(tmp_path, packed[: int(len(packed) * part)]), "s2"))
    *records, (place, last) = found
    assert isinstance(last, Skipped)
    assert "damaged" in last.reason
    assert place == last.place == len(records) + 1
    assert all(isinstance(one, PaperRecord) for _, one in records)
    if packer == "gz":
        assert len(records) > 800 * part * 0.5


@pytest.mark.parametrize("packer", ["gz", "xz", "bz2", "zst"])
def test_a_packed_file_with_a_flipped_byte_never_fails_otherwise(tmp_path: Path, packer: str) -> None:
    packed = PACKERS[packer]("\n".join(make_line(number) for number in range(1, 101)).encode())
    for place in range(0, len(packed), max(1, len(packed) // 25)):
        damaged = packed[:place] + bytes([packed[place] ^ 0x5A]) + packed[place + 1 :]
        file = write(tmp_path, damaged)
        with suppress(MalformedDataError, InvalidQueryError):
            assert list(stream_records(file))


def test_an_array_cut_short_says_so(tmp_path: Path) -> None:
    whole = f"[{make_line(1)},{make_line(2)}]"
    assert titles(write(tmp_path, whole[:-100].encode())) == ["1 Paper {1]", "2 skipped"]
    assert titles(write(tmp_path, f"[{make_line(1)},".encode())) == ["1 Paper {1]", "2 skipped"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"  \n\n",
        b'{"paperId": "cut sh',
        b"[1, 2, 3]",
        gzip.compress(b'{"paperId": "' + b"0" * 40 + b'"}')[:15],
        b"\x1f\x8b\x08\x00garbage that is no gzip",
        b"\xfd7zXZ\x00garbage",
        b"BZhgarbage",
        b"\x28\xb5\x2f\xfdgarbage",
    ],
    ids=["empty", "blank", "cut", "numbers", "cut gz", "no gz", "no xz", "no bz2", "no zst"],
)
def test_where_nothing_can_be_read_there_is_one_clear_error(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(MalformedDataError, match="papers"):
        list(stream_records(write(tmp_path, content)))


@pytest.mark.parametrize("format", ["s2", "arxiv"])
def test_damage_before_the_first_record_is_an_error_whatever_the_format_is_said_to_be(
    tmp_path: Path, format: str
) -> None:
    with pytest.raises(MalformedDataError, match="papers is damaged before its first record"):
        list(stream_records(write(tmp_path, b"\x1f\x8b\x08\x00garbage that is no gzip"), format))


@pytest.mark.parametrize(
    "content",
    [b"@article{a, title={A}}", b"%PDF-1.7", b"<rss></rss>", b'{"id": "https://openalex.org/W1"}', b"\x00\x01"],
)
def test_an_unknown_format_lists_the_known_ones(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(InvalidQueryError, match=r"papers.*arxiv, s2"):
        stream_records(write(tmp_path, content))


def test_a_web_page_is_an_article_and_holds_no_records(tmp_path: Path) -> None:
    page = write(tmp_path, b"\n<!DOCTYPE html><html><p>Text.</p></html>")
    assert detect_format(page) == "article"
    with pytest.raises(InvalidQueryError, match="is an article, which holds no records"):
        stream_records(page)


def test_records_that_quote_markup_are_still_records(tmp_path: Path) -> None:
    quoting = b'{"paperId": "1", "title": "Pages", "abstract": "We parse <html> and <body > tags."}\n'
    assert detect_format(write(tmp_path, quoting)) == "s2"


def test_a_format_that_does_not_exist_is_refused(recorded: Path) -> None:
    with pytest.raises(InvalidQueryError, match="arxiv, s2"):
        stream_records(recorded / "s2-papers.jsonl", "word")


def test_a_format_named_wrongly_is_one_error_and_not_one_a_line(recorded: Path) -> None:
    with pytest.raises(MalformedDataError, match="s2-papers"):
        list(stream_records(recorded / "s2-papers.jsonl", "arxiv"))
    with pytest.raises(MalformedDataError, match="arxiv-lookup"):
        list(stream_records(recorded / "arxiv-lookup.xml", "s2"))


def test_a_file_that_is_not_there_or_no_file(tmp_path: Path) -> None:
    for format in ("auto", "s2", "arxiv"):
        with pytest.raises(NotFoundError, match="nowhere"):
            list(stream_records(tmp_path / "nowhere.jsonl", format))
        with pytest.raises(UnavailableError):
            list(stream_records(tmp_path, format))


def test_fingerprint_is_that_of_the_bytes(tmp_path: Path) -> None:
    content = b"x" * 3_000_000
    assert fingerprint(write(tmp_path, content)) == hashlib.sha256(content).hexdigest()
    with pytest.raises(NotFoundError):
        fingerprint(tmp_path / "nowhere")


@pytest.mark.parametrize("shape", ["lines", "array", "feed"])
def test_memory_does_not_grow_with_the_file(tmp_path: Path, shape: str) -> None:
    start, between, end = {"lines": ("", "\n", ""), "array": ("[", ",", "]"), "feed": (HEAD, "\n", "</feed>")}[shape]
    abstract = "x" * 20_000
    with gzip.open(tmp_path / "large.gz", "wt", compresslevel=1) as file:
        file.write(start)
        for number in range(1200):
            item = json.dumps({"paperId": f"{number:040x}", "title": "A", "abstract": abstract})
            entry = write_entry(f"2001.{number:05d}v1", "A", more=f"<x>{abstract}</x>")
            file.write((between if number else "") + (entry if shape == "feed" else item))
        file.write(end)
    tracemalloc.start()
    try:
        assert sum(isinstance(one, PaperRecord) for _, one in stream_records(tmp_path / "large.gz")) == 1200
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # The files unpack to 24 MB.
    assert peak < 9_000_000


def test_the_corpus_streams_from_gzip(shared: Path) -> None:
    found = list(stream_records(shared / "corpora" / "lm-architectures" / "s2-papers.jsonl.gz"))
    assert [place for place, _ in found] == list(range(1, 4574))
    assert all(isinstance(one, PaperRecord) for _, one in found)


def test_recorded_feeds_stream(shared: Path) -> None:
    file = shared / "http" / "arxiv-2026" / "api-idlist-2-of-5.xml"
    assert titles(file) == ["1 Attention Is All You Need", "2 Quantum Computing in the NISQ era and beyond"]
    assert titles(shared / "http" / "arxiv-2026" / "api-search-error-400.xml") == ["1 skipped"]
