"""Feeds as bytes and as files: what an entry becomes, and what is wrong with a feed."""

import io
from datetime import date
from pathlib import Path

import arxiv
import pytest

from ingest.arxiv_feed import check_feed, check_page, has_entries, parse_arxiv_result, parse_refusal, stream_feed
from kb.errors import InvalidIdError, MalformedDataError
from kb.records import PaperRecord, Skipped
from tests.ingest.replay import refuse, write_entry, write_feed


def stream(content: bytes) -> list[tuple[int, PaperRecord | Skipped]]:
    return list(stream_feed(io.BufferedReader(io.BytesIO(content))))  # type: ignore[type-var]


def test_a_feed_file_gives_what_the_network_gives(recorded: Path) -> None:
    content = (recorded / "arxiv-lookup.xml").read_bytes()
    from_network = [parse_arxiv_result(one) for one in arxiv._feed.parse(content).results]
    assert [one for _, one in stream(content)] == from_network
    assert [place for place, _ in stream(content)] == [1, 2, 3]


def test_the_date_is_that_of_the_first_version_in_universal_time() -> None:
    entry = write_entry("2001.00001v3", "Late at night", published="2019-12-31T23:30:00-05:00")
    ((_, record),) = stream(write_feed([entry], total=1))
    assert isinstance(record, PaperRecord)
    assert (record.paper.year, record.paper.published_on) == (2020, date(2020, 1, 1))


@pytest.mark.parametrize(
    ("field", "ids"),
    [
        ("10.1000/ABC", {"doi": "10.1000/abc"}),
        (" 10.1000/abc ", {"doi": "10.1000/abc"}),
        ("10.1000/part.1 10.1000/part.2", {}),
        ("10.48550/arXiv.2001.00001", {}),
        ("10.48550/arXiv.2001.99999", {}),
        ("see the journal", {}),
        ("", {}),
    ],
)
def test_a_doi_is_taken_where_it_is_one(field: str, ids: dict[str, str]) -> None:
    more = f'<doi xmlns="http://arxiv.org/schemas/atom">{field}</doi>'
    ((_, record),) = stream(write_feed([write_entry("2001.00001v1", "A", more=more)], total=1))
    assert isinstance(record, PaperRecord)
    assert dict(record.paper.ids) == {"arxiv": "2001.00001"} | ids


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        (write_entry("2001.00001v1", " "), "title"),
        (write_entry("2001.00001v1", "A", published=""), "date"),
        (write_entry("nonsense", "A"), "not the entry of a paper"),
        ("<entry><title>No identifier</title></entry>", "not the entry of a paper"),
        ("<entry><id>http://arxiv.org/api/errors#x</id><summary>too  fast</summary></entry>", "too fast"),
    ],
)
def test_an_entry_that_cannot_be_taken_says_why(entry: str, why: str) -> None:
    good = write_entry("2001.00002v1", "B")
    ((first, skipped), (second, record)) = stream(write_feed([entry, good], total=2))
    assert isinstance(skipped, Skipped)
    assert isinstance(record, PaperRecord)
    assert (first, skipped.place, second) == (1, 1, 2)
    assert why in skipped.reason


def test_a_feed_cut_short_gives_what_is_whole(recorded: Path) -> None:
    content = (recorded / "arxiv-lookup.xml").read_bytes()
    end = content.index(b"</entry>") + len(b"</entry>")
    (_, record), (place, skipped) = stream(content[: end + 100])
    assert isinstance(record, PaperRecord)
    assert (place, type(skipped)) == (2, Skipped)


@pytest.mark.parametrize("content", [b"no XML at all", b"<feed>without the name space</feed>", b"{}"])
def test_what_is_no_feed_is_an_error(content: bytes) -> None:
    with pytest.raises(MalformedDataError):
        stream(content)
    with pytest.raises(MalformedDataError):
        check_feed(content)


def test_a_page_may_be_empty_only_behind_the_last_result() -> None:
    check_page(write_feed([], total=0))
    check_page(write_feed([], total=10, start=10))
    check_page(write_feed([write_entry("2001.00001v1", "A")], total=10))
    with pytest.raises(MalformedDataError):
        check_page(write_feed([], total=10, start=9))


def test_a_refusal_is_told_from_an_answer() -> None:
    assert isinstance(parse_refusal(refuse("incorrect id format for abc")), InvalidIdError)
    assert parse_refusal(write_feed([write_entry("2001.00001v1", "A")], total=1)) is None
    assert parse_refusal(b"<html>") is None
    with pytest.raises(InvalidIdError, match="incorrect id format for abc"):
        check_feed(refuse("incorrect id format for abc"))


def test_only_a_feed_with_entries_is_worth_keeping() -> None:
    assert has_entries(write_feed([write_entry("2001.00001v1", "A")], total=1))
    assert not has_entries(write_feed([], total=0))


def test_entities_are_not_expanded_without_end() -> None:
    lines = "".join(f'<!ENTITY a{i} "{f"&a{i - 1};" * 10 if i else "ha" * 50}">' for i in range(12))
    bomb = f'<?xml version="1.0"?><!DOCTYPE feed [{lines}]><feed xmlns="http://www.w3.org/2005/Atom">&a11;</feed>'
    with pytest.raises(MalformedDataError):
        check_feed(bomb.encode())
