"""Whose word counts, and when two records may not be one paper. Pure."""

from dataclasses import replace
from datetime import date

import pytest

from kb.records import OpenCitation, PaperRecord
from kb.store.merging import COLUMNS, ORIGINS, find_disagreement, hash_record, keys_of, merge_values, strength
from tests.factories import make_paper, make_record


def values_of(**fields: object) -> dict[str, object]:
    paper = make_paper(**fields)  # type: ignore[arg-type]
    return {name: getattr(paper, name) for name in COLUMNS}


def test_the_catalogue_is_the_strongest_and_a_stranger_the_weakest() -> None:
    assert [strength(one) for one in ("catalogue", "arxiv", "s2")] == [0, 1, 2]
    assert strength("hearsay") == len(ORIGINS)


@pytest.mark.parametrize(
    ("old", "new", "title", "origin"),
    [
        ("s2", "catalogue", "New", "catalogue"),
        ("s2", "arxiv", "New", "arxiv"),
        ("s2", "s2", "New", "s2"),
        ("catalogue", "s2", "Old", "catalogue"),
        ("arxiv", "openalex", "Old", "arxiv"),
    ],
)
def test_the_stronger_word_counts_and_the_newer_of_equals(old: str, new: str, title: str, origin: str) -> None:
    existing = values_of(title="Old", origin=old)
    merged = existing | merge_values(existing, make_paper(title="New", origin=new))
    assert (merged["title"], merged["origin"]) == (title, origin)


def test_a_weaker_origin_fills_gaps_only() -> None:
    existing = values_of(origin="catalogue", year=2017, authors_more=0, summary="Ours")
    incoming = make_paper(
        origin="s2", year=2018, abstract="Theirs", published_on=date(2017, 6, 12), authors_more=3, citation_count=9
    )
    assert merge_values(existing, incoming) == {
        "abstract": "Theirs",
        "published_on": date(2017, 6, 12),
        "citation_count": 9,
    }


def test_empty_never_overrides() -> None:
    existing = values_of(
        origin="s2", year=2017, abstract="Something", venue="Somewhere", citation_count=9, shipped=True
    )
    assert merge_values(existing, make_paper(title="", origin="arxiv", citation_count=0)) == {"origin": "arxiv"}


@pytest.mark.parametrize(
    ("mine", "its", "reason"),
    [
        ({"arxiv:1", "s2:a"}, {"s2:a"}, ""),
        ({"s2:a"}, {"arxiv:1", "s2:a", "doi:d"}, ""),
        ({"arxiv:1", "doi:d"}, {"arxiv:1", "doi:e"}, "shares an identifier but doi:e is not doi:d"),
        ({"arxiv:1", "s2:a"}, {"arxiv:2", "s2:a"}, "shares an identifier but arxiv:2 is not arxiv:1"),
        ({"arxiv:1", "key:a"}, {"arxiv:1", "key:b"}, ""),
    ],
)
def test_two_values_of_one_scheme_disagree(mine: set[str], its: set[str], reason: str) -> None:
    assert find_disagreement(frozenset(mine), frozenset(its)) == reason


def test_all_identifiers_count_and_an_arxiv_doi_is_the_arxiv_identifier() -> None:
    paper = make_paper("arxiv:1706.03762", ids={"doi": "10.48550/arXiv.1706.03762", "acl": "not one"})
    assert keys_of(paper) == {"arxiv:1706.03762"}


def test_the_hash_follows_the_content_alone() -> None:
    record = make_record(cites=("arxiv:1409.0473",), ids={"s2": "a" * 40, "doi": "10.1000/x"})
    paper = record.paper
    shuffled = replace(record, paper=replace(paper, ids=dict(reversed(paper.ids.items()))))
    assert hash_record(shuffled) == hash_record(record)
    others = [
        replace(record, paper=replace(paper, title="Other")),
        replace(record, paper=replace(paper, authors=("One",))),
        replace(record, paper=replace(paper, introduces=("an-idea",))),
        replace(record, paper=replace(paper, ids={"arxiv": "1706.03762"})),
        replace(record, cites=()),
        replace(record, cites=(OpenCitation("arxiv:1409.0473", "Otherwise called"),)),
        replace(record, cites=(OpenCitation(None, "Cited arxiv:1409.0473"),)),
    ]
    assert len({hash_record(one) for one in [record, *others]}) == len(others) + 1


def test_a_surrogate_in_a_title_can_be_hashed() -> None:
    assert hash_record(PaperRecord(make_paper(title="\ud800"))) != hash_record(PaperRecord(make_paper(title="?")))
