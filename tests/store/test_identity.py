"""The same paper by identifiers: merged, upgraded, or put on the list for a person."""

import pytest

from kb.records import Paper, PaperRecord
from kb.store import Session, Store
from kb.store.citations import list_citations, list_open
from kb.store.identity import find_paper_ids, list_reviews
from kb.store.lookup import get_documents
from kb.store.papers import count_papers, find_paper, get_paper, list_papers
from kb.store.saving import save_records
from kb.store.snippets import list_snippets, save_snippet
from kb.store.vectors import load_vectors, save_vectors
from kb.store.views import get_paper_view, resolve_key
from tests.factories import make_record, s2_key

ARXIV, S2, DOI = "arxiv:1706.03762", s2_key(1), "doi:10.1000/one"
BOTH = {"s2": S2.removeprefix("s2:")}


def save(store: Store, *records: PaperRecord) -> tuple[str, ...]:
    with store.write() as session:
        return save_records(session, records).outcomes


def get(store: Store, key: str) -> Paper:
    with store.read() as session:
        return get_paper(session, key)


def number_of(session: Session, key: str) -> int:
    return find_paper_ids(session, [key])[key]


def test_a_record_is_added_then_unchanged_then_updated(store: Store) -> None:
    first = make_record(ARXIV, title="One", authors=("A", "B"), year=2017)
    assert save(store, first) == ("added",)
    assert save(store, first) == ("unchanged",)
    assert save(store, make_record(ARXIV, title="Two", authors=("B", "C", "A"))) == ("updated",)
    paper = get(store, ARXIV)
    assert (paper.title, paper.authors, paper.year) == ("Two", ("B", "C", "A"), 2017)


def test_a_paper_comes_back_as_it_was_given(store: Store) -> None:
    record = make_record(
        ARXIV, ids=BOTH, authors=("A", "Ł. B"), year=2017, tldr="T", abstract="线性", family="attention"
    )
    save(store, record)
    assert get(store, ARXIV) == record.paper
    assert get(store, S2) == record.paper


def test_the_catalogue_outranks_and_others_fill_gaps(store: Store) -> None:
    save(store, make_record(ARXIV, title="Theirs", authors=("X",), abstract="Long", year=2018))
    save(store, make_record(ARXIV, origin="catalogue", title="Ours", authors=("Y", "Z"), year=2017, shipped=True))
    save(store, make_record(ARXIV, title="Theirs again", authors=("X",), abstract="Longer", venue="V"))
    paper = get(store, ARXIV)
    assert (paper.title, paper.authors, paper.year, paper.origin) == ("Ours", ("Y", "Z"), 2017, "catalogue")
    assert (paper.abstract, paper.venue, paper.shipped) == ("Long", "V", True)


def test_the_order_of_two_origins_does_not_matter_to_titles_and_authors(store: Store) -> None:
    save(store, make_record(ARXIV, origin="arxiv", title="Ours", authors=("Y",)))
    save(store, make_record(ARXIV, title="Theirs", authors=("X",)))
    assert (get(store, ARXIV).title, get(store, ARXIV).authors) == ("Ours", ("Y",))


def test_a_stronger_identifier_becomes_the_key_and_nothing_is_lost(store: Store) -> None:
    save(store, make_record(S2, cites=("arxiv:1409.0473",)), make_record(s2_key(2), cites=(S2,)))
    with store.write() as session:
        document = get_documents(session, [S2])[S2]
        save_vectors(session, "m", "1", [(S2, "hash", b"\0\0")])
        save_snippet(session, S2, "mine", "print(1)")
    assert save(store, make_record(ARXIV, ids=BOTH, cites=("arxiv:1409.0473",))) == ("updated",)
    with store.read() as session:
        assert resolve_key(session, S2) == ARXIV
        assert find_paper(session, S2) == find_paper(session, ARXIV)
        assert get_documents(session, [S2]) == {}
        assert get_documents(session, [ARXIV])[ARXIV].body == document.body
        assert load_vectors(session, "m", "1").keys == (ARXIV,)
        assert [(one.citing, one.cited) for one in list_citations(session)] == [(s2_key(2), ARXIV)]
        assert [one.key for one in list_open(session, number_of(session, ARXIV))] == ["arxiv:1409.0473"]
        assert [one.name for one in list_snippets(session, ARXIV)] == ["mine"]
        assert [one.name for one in get_paper_view(session, S2).snippets] == ["mine"]


def test_a_weaker_identifier_does_not_take_the_key_away(store: Store) -> None:
    save(store, make_record(ARXIV, ids=BOTH))
    assert save(store, make_record(S2)) == ("updated",)
    assert get(store, S2).key == ARXIV
    assert get(store, S2).ids == {"arxiv": "1706.03762"} | BOTH


def test_disagreeing_identifiers_go_to_review(store: Store) -> None:
    save(store, make_record(ARXIV, ids={"doi": "10.1000/one"}, title="One"))
    other = make_record(ARXIV, ids={"doi": "10.1000/two"}, title="Two", cites=(S2,))
    assert save(store, other) == ("review",)
    assert save(store, other) == ("review",)
    with store.read() as session:
        (note,) = list_reviews(session)
        assert (note.existing, note.incoming, note.title, note.origin) == (ARXIV, ARXIV, "Two", "s2")
        assert note.reason == "shares an identifier but doi:10.1000/two is not doi:10.1000/one"
        assert get_paper(session, ARXIV).title == "One"
        assert find_paper(session, "doi:10.1000/two") is None
        assert list_open(session, number_of(session, ARXIV)) == []


def test_identifiers_of_two_papers_go_to_review(store: Store) -> None:
    save(store, make_record(ARXIV), make_record(S2))
    assert save(store, make_record(ARXIV, ids=BOTH)) == ("review",)
    with store.read() as session:
        assert count_papers(session) == 2
        assert list_reviews(session)[0].reason == "its identifiers belong to several papers here"


def test_an_arxiv_doi_is_the_arxiv_paper(store: Store) -> None:
    save(store, make_record(ARXIV))
    record = make_record(S2, ids={"doi": "10.48550/arXiv.1706.03762"})
    assert save(store, record) == ("updated",)
    assert get(store, S2).ids == {"arxiv": "1706.03762"} | BOTH


def test_equal_titles_are_two_papers(store: Store) -> None:
    assert save(store, make_record(ARXIV, title="Same"), make_record(S2, title="Same")) == ("added", "added")


@pytest.mark.parametrize("weaker_last", [True, False])
def test_the_same_paper_twice_in_one_batch_is_one_paper(store: Store, weaker_last: bool) -> None:
    records = [make_record(ARXIV, ids=BOTH, title="Same"), make_record(S2, title="Same")]
    save(store, *(records if weaker_last else reversed(records)))
    with store.read() as session:
        assert [paper.key for paper in list_papers(session)] == [ARXIV]
        assert get_paper(session, ARXIV).ids == {"arxiv": "1706.03762"} | BOTH


def test_the_same_paper_twice_in_one_batch_is_as_one_after_the_other(store: Store) -> None:
    records = [
        make_record(ARXIV, title="First", authors=("A",), cites=(s2_key(7), s2_key(8))),
        make_record(ARXIV, title="Second", authors=("B",), cites=(s2_key(9),)),
    ]
    save(store, *records)
    with store.read() as session:
        assert (get_paper(session, ARXIV).title, get_paper(session, ARXIV).authors) == ("Second", ("B",))
        assert [one.key for one in list_open(session, number_of(session, ARXIV))] == [s2_key(9)]


def test_the_same_record_twice_in_one_batch_counts_once(store: Store) -> None:
    record = make_record(ARXIV, cites=(S2,))
    save(store, record, record)
    with store.read() as session:
        assert count_papers(session) == 1
        assert [one.key for one in list_open(session, number_of(session, ARXIV))] == [S2]
    assert save(store, record, record) == ("unchanged", "unchanged")


def test_years_order_the_list_and_an_unknown_one_is_last(store: Store) -> None:
    save(store, make_record(s2_key(1)), make_record(s2_key(2), year=2020), make_record(s2_key(3), year=1991))
    with store.read() as session:
        assert [paper.year for paper in list_papers(session)] == [1991, 2020, None]
        assert list_papers(session, shipped=True) == []
