"""Semantic Scholar's paper objects: the real shapes, every null, and the whole corpus."""

import gzip
import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.semantic_scholar import parse_s2_record
from kb.errors import MalformedDataError
from kb.ids import parse_id
from kb.records import OpenCitation, PaperRecord

S2 = "0eedbc38bc215fdbe4e5bcde8aeac08fb3ce9f44"
OTHER = "204e3073870fae3d05bcbc2f6a8e263d9b72e776"


def parse(**fields: object) -> PaperRecord:
    return parse_s2_record({"paperId": S2, "title": "A paper"} | fields)


@pytest.fixture
def lines(recorded: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (recorded / "s2-papers.jsonl").read_text("utf-8").splitlines()]


def test_a_record_with_everything(lines: list[dict[str, Any]]) -> None:
    record = parse_s2_record(lines[0])
    paper = record.paper
    assert (paper.key, paper.year, paper.origin) == ("arxiv:1409.0473", 2014, "s2")
    assert dict(paper.ids) == {"arxiv": "1409.0473", "s2": "fa72afa9b2cbc8f0d7b05d52548906610ffbb9c5"}
    assert paper.authors == ("Dzmitry Bahdanau", "Kyunghyun Cho", "Yoshua Bengio")
    assert paper.venue == "International Conference on Learning Representations"
    assert paper.tldr == "Learning where to look while translating."
    assert paper.abstract == "A translator that looks back at every word of its source, and learns where to look."
    assert (paper.citation_count, paper.listed_count) == (25766, 33)
    assert record.cites[1] == OpenCitation("s2:2e9d221c206e9503ceb452302d68d10e293f2a10", "Long Short-Term Memory")
    assert record.cites[2] == OpenCitation(None, "The new state si of the RNN employing n gated hidden units8")


def test_a_record_full_of_nulls(lines: list[dict[str, Any]]) -> None:
    record = parse_s2_record(lines[1])
    assert record.paper.key == "doi:10.1162/neco.1997.9.8.1735"
    assert (record.paper.abstract, record.paper.tldr, record.cites) == ("", "", ())


def test_an_arxiv_doi_is_the_arxiv_identifier(lines: list[dict[str, Any]]) -> None:
    record = parse_s2_record(lines[2])
    assert record.paper.key == "arxiv:2212.10947"
    assert "doi" not in record.paper.ids
    assert record.paper.authors == ()


@pytest.mark.parametrize(
    ("external", "key"),
    [
        ({"ArXiv": "1409.0473", "DOI": "10.1/a"}, "arxiv:1409.0473"),
        ({"DOI": "10.1162/NECO.1997.9.8.1735", "ACL": "P18-1031"}, "doi:10.1162/neco.1997.9.8.1735"),
        ({"ACL": "P18-1031"}, "acl:P18-1031"),
        ({"ArXiv": "1409.0473", "DOI": "10.48550/arXiv.1409.0999"}, "arxiv:1409.0473"),
        ({"DOI": "10.1109/TSP.2008.925261; 10.1109/TSP.2008.925259"}, f"s2:{S2}"),
        ({"ArXiv": None, "DOI": "", "ACL": 7, "CorpusId": 11212020}, f"s2:{S2}"),
        (None, f"s2:{S2}"),
    ],
)
def test_the_key_is_the_strongest_identifier(external: object, key: str) -> None:
    record = parse(externalIds=external)
    assert record.paper.key == key
    assert record.paper.ids["s2"] == S2


@pytest.mark.parametrize(
    ("arxiv", "year", "expected"),
    [
        ("1607.06450", 2017, 2016),  # the venue's year
        ("1607.06450", 2016, 2016),
        ("1607.06450", 2009, 2009),  # public long before it came to arXiv
        ("1607.06450", None, 2016),
        ("cs/0211012", 2003, 2002),
        ("hep-th/9901001", 2000, 1999),
        (None, 2017, 2017),
        (None, None, None),
        (None, "2017", None),
        (None, True, None),
        (None, 0, None),
    ],
)
def test_the_year_is_that_of_the_first_public_version(arxiv: str | None, year: object, expected: int | None) -> None:
    assert parse(externalIds={"ArXiv": arxiv}, year=year).paper.year == expected


@pytest.mark.parametrize(
    ("arxiv", "day", "expected"),
    [
        (None, "2017-06-12", date(2017, 6, 12)),
        ("1706.03762", "2017-06-12", date(2017, 6, 12)),
        ("1706.03762", "2017-12-04", None),
        ("1706.03762", "2018-01-01", None),
        (None, "2017", None),
        (None, None, None),
        (None, "2016-01-01", None),
    ],
)
def test_a_date_is_taken_only_where_it_can_be_the_first(
    arxiv: str | None, day: object, expected: date | None
) -> None:
    assert parse(externalIds={"ArXiv": arxiv}, year=2017, publicationDate=day).paper.published_on == expected


def test_a_cited_work_is_named_by_its_strongest_identifier() -> None:
    cited = {"paperId": OTHER, "externalIds": {"ArXiv": "1706.03762"}, "title": "Attention is All you Need"}
    assert parse(references=[cited]).cites == (OpenCitation("arxiv:1706.03762", "Attention is All you Need"),)


def test_works_listed_twice_the_paper_itself_and_nothing_at_all_are_left_out() -> None:
    references = [
        {"paperId": OTHER, "title": "Twice"},
        {"paperId": OTHER, "title": "Twice, again"},
        {"paperId": S2, "title": "A paper"},
        {"paperId": None, "title": "By title"},
        {"paperId": None, "title": "by  Title "},
        {"paperId": None, "title": None},
        {"paperId": "not hex", "title": ""},
        None,
        "text",
        {"paperId": OTHER.replace("2", "3"), "title": None},
    ]
    assert parse(references=references).cites == (
        OpenCitation(f"s2:{OTHER}", "Twice"),
        OpenCitation(None, "By title"),
        OpenCitation(f"s2:{OTHER.replace('2', '3')}", ""),
    )


@pytest.mark.parametrize(
    ("item", "why"),
    [
        (None, "NoneType"),
        ([], "list"),
        ({}, "nothing else either"),
        ({"paperId": S2}, f"title: {S2}"),
        ({"paperId": S2, "title": " "}, "title"),
        ({"title": "A paper"}, "identifier: A paper"),
        ({"title": "A paper", "paperId": "xyz", "externalIds": {"CorpusId": 1}}, "identifier: xyz"),
    ],
)
def test_what_cannot_be_taken_says_why(item: object, why: str) -> None:
    with pytest.raises(MalformedDataError, match=why):
        parse_s2_record(item)


junk = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12) | st.lists(st.none(), max_size=2)
)
identifiers = st.fixed_dictionaries(
    {},
    optional={
        "ArXiv": junk | st.sampled_from(["1706.03762", "cs/0211012v2", "hep-th/9901001"]),
        "DOI": junk | st.sampled_from(["10.1162/neco.1997.9.8.1735", "10.48550/arXiv.1706.03762"]),
        "ACL": junk | st.sampled_from(["P18-1031", "2020.acl-main.1"]),
        "CorpusId": junk,
    },
)
hexes = junk | st.sampled_from([S2, OTHER, S2.upper()])
titles = junk | st.just("A title")
references = st.lists(
    junk | st.fixed_dictionaries({}, optional={"paperId": hexes, "title": titles, "externalIds": junk | identifiers}),
    max_size=4,
)
papers = st.fixed_dictionaries(
    {},
    optional={
        "paperId": hexes,
        "externalIds": junk | identifiers,
        "title": titles,
        "abstract": junk,
        "venue": junk,
        "journal": junk | st.fixed_dictionaries({"name": junk}),
        "year": junk | st.integers(1900, 2030),
        "publicationDate": junk | st.dates().map(str),
        "tldr": junk | st.fixed_dictionaries({"text": junk}),
        "citationCount": junk,
        "referenceCount": junk,
        "authors": junk | st.lists(junk | st.fixed_dictionaries({"name": junk}), max_size=3),
        "references": junk | references,
    },
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(papers)
def test_any_shape_of_nulls_gives_a_sound_record_or_says_why_not(item: dict[str, Any]) -> None:
    try:
        record = parse_s2_record(item)
    except MalformedDataError:
        return
    paper = record.paper
    assert str(parse_id(paper.key)) == paper.key
    scheme, _, value = paper.key.partition(":")
    assert paper.ids[scheme] == value
    assert paper.title == " ".join(paper.title.split()) != ""
    assert all(paper.authors)
    assert paper.year is None or 1000 <= paper.year <= 2999
    assert paper.published_on is None or paper.published_on.year == paper.year
    assert paper.citation_count is None or paper.citation_count >= 0
    assert all(one.key or one.title for one in record.cites)
    assert all(one.key is None or str(parse_id(one.key)) == one.key for one in record.cites)
    keys = [one.key for one in record.cites if one.key]
    assert len(keys) == len(set(keys))
    assert paper.key not in keys


def test_the_whole_corpus_is_taken(shared: Path) -> None:
    """4,573 records, against counts made without our parser."""
    with gzip.open(shared / "corpora" / "lm-architectures" / "s2-papers.jsonl.gz", "rt", encoding="utf-8") as file:
        items = [json.loads(line) for line in file]
    records = [parse_s2_record(item) for item in items]
    assert len(records) == len({record.paper.ids["s2"] for record in records}) == 4573
    folded = sum("10.48550/arxiv" in (item["externalIds"].get("DOI") or "").lower() for item in items)
    by_scheme = {name: sum(name in one.paper.ids for one in records) for name in ("s2", "arxiv", "doi")}
    either = sum(
        "ArXiv" in item["externalIds"] or "10.48550/arxiv" in (item["externalIds"].get("DOI") or "").lower()
        for item in items
    )
    # One record has three DOIs in the field: of the parts that the paper appeared in, none its own.
    dois = sum("DOI" in item["externalIds"] and ";" not in item["externalIds"]["DOI"] for item in items) - folded
    assert by_scheme == {"s2": 4573, "arxiv": either, "doi": dois}
    named = sum(len({one["paperId"] for one in item["references"]} - {None}) for item in items)
    nameless = ([one for one in item["references"] if not one["paperId"]] for item in items)
    by_title = [{one["title"].casefold() for one in references} for references in nameless]
    assert sum(one.key is not None for record in records for one in record.cites) == named
    assert sum(one.key is None for record in records for one in record.cites) == sum(map(len, by_title))
    assert sum(record.paper.year is None for record in records) == sum(item["year"] is None for item in items)
    assert sum(bool(record.paper.abstract) for record in records) == sum(bool(item["abstract"]) for item in items)
    assert sum(len(record.paper.authors) for record in records) == sum(len(item["authors"]) for item in items)
