"""Papers from arXiv over a real connection: look-ups, queries, pages, and what arXiv does wrong."""

import re
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from ingest.arxiv_api import PAGE, fetch_arxiv_papers, fetch_arxiv_query
from kb.errors import InvalidQueryError, MalformedDataError, RateLimitedError, UnavailableError
from kb.ids import PaperId, parse_id
from kb.settings import Settings
from tests.ingest.replay import ReplayServer, Reply, write_entry, write_feed

Make = Callable[..., Settings]


def ids(*texts: str) -> list[PaperId]:
    return [parse_id(text) for text in texts]


def test_one_paper_by_its_identifier(server: ReplayServer, make_settings: Make) -> None:
    (record,) = fetch_arxiv_papers(ids("1706.03762"), make_settings()).records
    paper = record.paper
    assert (paper.key, paper.title) == ("arxiv:1706.03762", "Attention Is All You Need")
    assert (paper.year, paper.published_on) == (2017, date(2017, 6, 12))
    assert paper.authors[0] == "Ashish Vaswani"
    assert len(paper.authors) == 8
    assert paper.abstract.endswith("with neither recurrence nor convolution.")
    assert "\n" not in paper.abstract
    assert (paper.origin, dict(paper.ids), record.cites) == ("arxiv", {"arxiv": "1706.03762"}, ())


def test_what_is_asked_for(server: ReplayServer, make_settings: Make) -> None:
    fetch_arxiv_papers(ids("1706.03762v2", "quant-ph/0201082"), make_settings())
    (request,) = server.seen
    assert request.query["id_list"] == "1706.03762,quant-ph/0201082"
    assert request.query["max_results"] == "2"


def test_doi_and_journal_are_taken(server: ReplayServer, make_settings: Make) -> None:
    (record,) = fetch_arxiv_papers(ids("1801.00862"), make_settings()).records
    assert record.paper.key == "arxiv:1801.00862"
    assert record.paper.ids["doi"] == "10.22331/q-2018-08-06-79"
    assert record.paper.venue == "Quantum 2, 79 (2018)"


def test_several_come_in_the_order_asked_for(server: ReplayServer, make_settings: Make) -> None:
    parsed = fetch_arxiv_papers(ids("quant-ph/0201082v1", "1706.03762", "1801.00862"), make_settings())
    assert [one.paper.key for one in parsed.records] == [
        "arxiv:quant-ph/0201082",
        "arxiv:1706.03762",
        "arxiv:1801.00862",
    ]
    assert parsed.skipped == ()


def test_what_arxiv_does_not_know_is_skipped_with_its_place(server: ReplayServer, make_settings: Make) -> None:
    parsed = fetch_arxiv_papers(ids("0808.05394", "1706.03762", "2103.00001"), make_settings())
    assert [one.paper.key for one in parsed.records] == ["arxiv:1706.03762"]
    assert [(one.place, "0808.05394" in one.reason) for one in parsed.skipped] == [(1, True), (3, False)]
    # It announces three results and has one: no reason to ask for a second page.
    assert len(server.seen) == 1


def test_nothing_found_is_no_error(server: ReplayServer, make_settings: Make) -> None:
    parsed = fetch_arxiv_papers(ids("0808.05394"), make_settings())
    assert parsed.records == ()
    assert len(parsed.skipped) == 1


def test_nothing_asked_for_asks_nobody(server: ReplayServer, make_settings: Make) -> None:
    assert fetch_arxiv_papers([], make_settings()).records == ()
    assert server.seen == []


def test_what_is_no_arxiv_identifier_is_skipped_unasked(server: ReplayServer, make_settings: Make) -> None:
    asked = [*ids("10.1162/neco.1997.9.8.1735"), PaperId("arxiv", "abc"), *ids("1706.03762")]
    parsed = fetch_arxiv_papers(asked, make_settings())
    assert [one.place for one in parsed.skipped] == [1, 2]
    assert "doi:10.1162/neco.1997.9.8.1735" in parsed.skipped[0].reason
    assert server.seen[0].query["id_list"] == "1706.03762"


def test_an_identifier_given_twice_counts_once(server: ReplayServer, make_settings: Make) -> None:
    parsed = fetch_arxiv_papers(ids("1706.03762v1", "1706.03762v7"), make_settings())
    assert len(parsed.records) == 1
    assert parsed.skipped == ()


def test_one_refused_identifier_does_not_cost_the_others(server: ReplayServer, make_settings: Make) -> None:
    # Well formed for us, and yet refused: the server looks at it as if it were "abc".
    known = [f"2001.{number:05d}" for number in range(1, 7)]
    server.load_feed("".join(write_entry(f"{one}v1", f"Paper {one}") for one in known))
    refused = "2001.00004"
    real = server.choose_reply

    def choose(query: dict[str, str]) -> Reply:
        if refused in query["id_list"].split(","):
            return real({**query, "id_list": "abc"})
        return real(query)

    server.choose_reply = choose  # type: ignore[method-assign]
    parsed = fetch_arxiv_papers(ids(*known), make_settings())
    assert [one.paper.ids["arxiv"] for one in parsed.records] == [one for one in known if one != refused]
    assert [one.place for one in parsed.skipped] == [4]


def test_many_are_asked_for_by_the_page(server: ReplayServer, make_settings: Make) -> None:
    known = [f"2001.{number:05d}" for number in range(1, PAGE + 51)]
    server.load_feed("".join(write_entry(f"{one}v1", f"Paper {one}") for one in known))
    parsed = fetch_arxiv_papers(ids(*known), make_settings())
    assert [one.paper.ids["arxiv"] for one in parsed.records] == known
    assert [len(one.query["id_list"].split(",")) for one in server.seen] == [PAGE, 50]


def test_a_query_pages_until_it_has_enough(server: ReplayServer, make_settings: Make) -> None:
    server.load_feed("".join(write_entry(f"2001.{number:05d}v1", f"Paper {number}") for number in range(1, 301)))
    parsed = fetch_arxiv_query("all:paper", 250, make_settings())
    assert len({one.paper.key for one in parsed.records}) == len(parsed.records) == 250
    assert [(one.query["start"], one.query["max_results"]) for one in server.seen] == [
        ("0", "100"),
        ("100", "100"),
        ("200", "100"),
    ]
    assert server.seen[0].query["search_query"] == "all:paper"


def test_a_query_ends_where_the_results_end(server: ReplayServer, make_settings: Make) -> None:
    parsed = fetch_arxiv_query("attention", 10, make_settings())
    assert len(parsed.records) == 3
    assert [one.query["max_results"] for one in server.seen] == ["10"]


def test_an_empty_page_that_announces_results_is_asked_for_again(server: ReplayServer, make_settings: Make) -> None:
    server.reply_next(Reply(body=write_feed([], total=3)))
    assert len(fetch_arxiv_query("attention", 10, make_settings()).records) == 3


def test_a_query_without_results_is_no_error(server: ReplayServer, make_settings: Make) -> None:
    server.reply_next(Reply(body=write_feed([], total=0)))
    assert fetch_arxiv_query("ti:nothing", 10, make_settings()).records == ()


@pytest.mark.parametrize(("text", "most"), [("", 10), ("  ", 10), ("attention", 0), ("attention", 30_001)])
def test_a_query_that_cannot_be_asked(make_settings: Make, server: ReplayServer, text: str, most: int) -> None:
    with pytest.raises(InvalidQueryError):
        fetch_arxiv_query(text, most, make_settings())
    assert server.seen == []


def test_a_query_that_arxiv_does_not_understand_says_what_arxiv_says(
    server: ReplayServer, make_settings: Make
) -> None:
    entry = (
        "<entry><id>https://arxiv.org/api/errors</id><title>Error</title>"
        "<summary>Invalid query string: '('</summary></entry>"
    )
    for status in (400, 200):
        server.reply_next(Reply(status, write_feed([entry], total=1)))
        with pytest.raises(InvalidQueryError, match=re.escape("Invalid query string: '('")):
            fetch_arxiv_query("(", 10, make_settings())
    assert len(server.seen) == 2


@pytest.mark.parametrize(
    "body",
    [b"", b"<html><body>Rate exceeded.</body></html>", b"<feed", b"\x00\xff garbage"],
    ids=["empty", "html", "cut short", "garbage"],
)
def test_an_answer_that_is_no_feed_is_malformed_after_the_attempts(
    server: ReplayServer, make_settings: Make, body: bytes
) -> None:
    server.reply_next(*[Reply(body=body)] * 2)
    with pytest.raises(MalformedDataError) as caught:
        fetch_arxiv_papers(ids("1706.03762"), make_settings(attempts=2))
    assert caught.value.attempt == 2
    assert server.url in caught.value.url


@pytest.mark.parametrize("length", [300, 900, 1500, -10])
def test_half_a_feed_is_never_taken_for_a_whole_one(
    server: ReplayServer, make_settings: Make, recorded: Path, length: int
) -> None:
    whole = (recorded / "arxiv-lookup.xml").read_bytes()
    server.reply_next(Reply(body=whole[:length]))
    assert len(fetch_arxiv_papers(ids("1706.03762", "1801.00862"), make_settings()).records) == 2
    assert len(server.seen) == 2


def test_a_date_that_cannot_be_read_is_malformed(server: ReplayServer, make_settings: Make) -> None:
    server.reply_next(Reply(body=write_feed([write_entry("2001.00001v1", "A", published="some day")], total=1)))
    with pytest.raises(MalformedDataError, match="date"):
        fetch_arxiv_papers(ids("2001.00001"), make_settings())


def test_a_withdrawn_paper_is_a_paper(server: ReplayServer, make_settings: Make) -> None:
    more = '<arxiv:comment xmlns:arxiv="http://arxiv.org/schemas/atom">This paper has been withdrawn</arxiv:comment>'
    server.load_feed(write_entry("2001.00001v2", "A withdrawn one", more=more))
    (record,) = fetch_arxiv_papers(ids("2001.00001"), make_settings()).records
    assert record.paper.title == "A withdrawn one"


def test_transport_errors_arrive_as_ours(server: ReplayServer, make_settings: Make) -> None:
    server.reply_next(Reply(429, headers={"Retry-After": "600"}))
    with pytest.raises(RateLimitedError):
        fetch_arxiv_papers(ids("1706.03762"), make_settings())
    server.reply_next(Reply(500), Reply(500))
    with pytest.raises(UnavailableError):
        fetch_arxiv_query("attention", 5, make_settings(attempts=2))


def test_what_was_fetched_before_a_failure_is_not_fetched_again(server: ReplayServer, make_settings: Make) -> None:
    known = [f"2001.{number:05d}" for number in range(1, 2 * PAGE + 1)]
    server.load_feed("".join(write_entry(f"{one}v1", f"Paper {one}") for one in known))
    server.reply_next(Reply(right=True), Reply(500))
    with pytest.raises(UnavailableError):
        fetch_arxiv_papers(ids(*known), make_settings(attempts=1))
    assert len(fetch_arxiv_papers(ids(*known), make_settings()).records) == 2 * PAGE
    assert [one.query["id_list"][:10] for one in server.seen] == ["2001.00001", "2001.00101", "2001.00101"]


@pytest.mark.parametrize(
    ("asked", "key", "day"),
    [
        ("1605.08386", "arxiv:1605.08386", date(2016, 5, 26)),
        ("2104.12255v1", "arxiv:2104.12255", date(2021, 4, 20)),
        ("quant-ph/0201082v1", "arxiv:quant-ph/0201082", date(2002, 1, 18)),
    ],
)
def test_recorded_look_ups(
    server: ReplayServer, make_settings: Make, shared: Path, asked: str, key: str, day: date
) -> None:
    server.load_exchanges(shared / "http" / "arxiv")
    (record,) = fetch_arxiv_papers(ids(asked), make_settings()).records
    assert (record.paper.key, record.paper.published_on) == (key, day)
    assert record.paper.abstract


def test_recorded_look_up_of_one_known_and_one_unknown(
    server: ReplayServer, make_settings: Make, shared: Path
) -> None:
    server.load_exchanges(shared / "http" / "arxiv")
    parsed = fetch_arxiv_papers(ids("0808.05394", "1707.08567"), make_settings())
    assert [one.paper.key for one in parsed.records] == ["arxiv:1707.08567"]
    assert [one.place for one in parsed.skipped] == [1]
    assert len(parsed.records[0].paper.authors) > 1


@pytest.mark.parametrize("most", [10, 15, 100])
def test_recorded_queries(server: ReplayServer, make_settings: Make, shared: Path, most: int) -> None:
    server.load_exchanges(shared / "http" / "arxiv")
    parsed = fetch_arxiv_query("testing", most, make_settings())
    assert len(parsed.records) == most
    assert parsed.records[0].paper.key == "arxiv:2202.12139"
    assert parsed.records[0].paper.ids["doi"] == "10.1109/icstw55395.2022.00035"


def test_recorded_look_up_of_five_of_which_two_exist(server: ReplayServer, make_settings: Make, shared: Path) -> None:
    body = (shared / "http" / "arxiv-2026" / "api-idlist-2-of-5.xml").read_bytes()
    server.reply_next(Reply(body=body))
    asked = ids("1706.03762", "1801.00862", "2103.00001", "2609.28534", "2502.20357")
    parsed = fetch_arxiv_papers(asked, make_settings())
    assert [one.paper.key for one in parsed.records] == ["arxiv:1706.03762", "arxiv:1801.00862"]
    assert [one.place for one in parsed.skipped] == [3, 4, 5]
    assert len(server.seen) == 1


def test_recorded_older_version_has_the_date_of_the_first(
    server: ReplayServer, make_settings: Make, shared: Path
) -> None:
    server.reply_next(Reply(body=(shared / "http" / "arxiv-2026" / "api-idlist-1706.03762v2.xml").read_bytes()))
    (record,) = fetch_arxiv_papers(ids("1706.03762v2"), make_settings()).records
    assert (record.paper.key, record.paper.published_on) == ("arxiv:1706.03762", date(2017, 6, 12))


def test_recorded_refusals(server: ReplayServer, make_settings: Make, shared: Path) -> None:
    server.reply_next(Reply(400, (shared / "http" / "arxiv-2026" / "api-search-error-400.xml").read_bytes()))
    with pytest.raises(InvalidQueryError, match="Invalid query string"):
        fetch_arxiv_query("(", 10, make_settings())
    server.load_exchanges(shared / "http" / "arxiv")
    server.reply_next(server.choose_reply({"id_list": "abc", "start": "0"}))
    parsed = fetch_arxiv_papers(ids("1706.03762"), make_settings())
    assert [one.place for one in parsed.skipped] == [1]
