"""Texts and their words: what is found, by what, and that nothing stale is left behind."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from kb.records import Document, SearchFilter
from kb.store import Store
from kb.store.documents import Owner, delete_documents, list_keys, save_documents
from kb.store.health import find_problems
from kb.store.lookup import allowed_keys, find_by_name, get_documents, match_lexical
from kb.store.saving import save_record, save_records
from kb.store.splitting import fts_query
from tests.dumps import dump_library
from tests.factories import make_record, s2_key

ANY = SearchFilter()


def find(store: Store, *words: str, wanted: SearchFilter = ANY) -> list[str]:
    with store.read() as session:
        return [one.key for one in match_lexical(session, fts_query(words, "and"), wanted, 10)]


def test_words_of_title_abstract_summary_authors_and_chinese_title_are_found(store: Store) -> None:
    with store.write() as session:
        save_record(
            session,
            make_record(
                title="Gated retention",
                title_zh="门控保持网络",
                abstract="Networks with exponential decay",
                summary="A parallel scan",
                summary_zh="带指数衰减的并行扫描",
                authors=("José Martínez",),
            ),
        )
    for word in ("retention", "NETWORKS", "decaying", "scan", "martinez", "José", "门控保持", "指数衰减", "衰"):
        assert find(store, word) == ["arxiv:1706.03762"], word
    for word in ("absent", "控门", "衰指"):
        assert find(store, word) == [], word


def test_a_machine_made_summary_is_shown_but_neither_indexed_nor_embedded(store: Store, file: Path) -> None:
    with store.write() as session:
        save_record(session, make_record(title="Title", abstract="Abstract", tldr="Zanzibar"))
        view = get_documents(session, ["arxiv:1706.03762"])["arxiv:1706.03762"]
        assert "Zanzibar" not in f"{view.title} {view.body} {view.names}"
        document = Document(view.key, view.kind, view.title, view.body)
    assert find(store, "zanzibar") == []
    assert "Zanzibar" not in document.embedded
    assert not [row for row in dump_library(file)["words"] if row[2] == "zanzibar"]


def test_a_changed_text_leaves_no_stale_words(store: Store, file: Path) -> None:
    with store.write() as session:
        save_record(session, make_record(title="Old words 线性注意力", abstract="Gone", authors=("Former",)))
    with store.write() as session:
        save_record(session, make_record(title="New words 循环网络", abstract="Here", authors=("Latter",)))
    for word in ("old", "gone", "former", "线性"):
        assert find(store, word) == [], word
    for word in ("new", "here", "latter", "循环"):
        assert find(store, word) == ["arxiv:1706.03762"], word
    with store.read() as session:
        assert find_by_name(session, "Old words 线性注意力") == []
        assert find_problems(session) == []
    terms = {row[2] for row in dump_library(file)["words"]}
    assert not terms & {"old", "gone", "former", "线性"}


def test_a_text_taken_out_takes_its_words_along(store: Store, file: Path) -> None:
    with store.write() as session:
        save_records(session, [make_record(s2_key(1), title="Zanzibar"), make_record(s2_key(2), title="Other")])
    with store.write() as session:
        delete_documents(session, [s2_key(1), "absent"])
    assert find(store, "zanzibar") == []
    assert dump_library(file)["words"] == [(s2_key(2), "title", "other", 1)]


def test_a_text_whose_number_is_used_again_is_its_own(store: Store) -> None:
    with store.write() as session:
        save_documents(session, [(Document("code:a", "code", "Alpha", "one"), Owner())])
        delete_documents(session, ["code:a"])
        save_documents(session, [(Document("code:b", "code", "Beta", "two"), Owner())])
    assert (find(store, "alpha"), find(store, "beta")) == ([], ["code:b"])


def test_unchanged_texts_are_not_written_again(store: Store, file: Path) -> None:
    documents = [(Document(f"code:{name}", "code", name, "body", names=(name.upper(),)), Owner()) for name in "abc"]
    with store.write() as session:
        save_documents(session, documents)
    with store.write() as session:
        before = session.connection().connection.driver_connection.total_changes  # type: ignore[union-attr]
        save_documents(session, documents)
        assert session.connection().connection.driver_connection.total_changes == before  # type: ignore[union-attr]
        assert list_keys(session, "code") == ["code:a", "code:b", "code:c"]


@pytest.mark.parametrize(
    "name", ["Pre-LN", "pre ln", "PRE—LN", "préln", "前置归一化", "pre_ln", "Attention: all, you need?"]
)
def test_exact_names_apart_from_case_accents_and_punctuation(store: Store, name: str) -> None:
    document = Document("code:pre-ln", "code", "Attention all you need", "", names=("pre-ln", "前置归一化"))
    with store.write() as session:
        save_documents(session, [(document, Owner())])
        assert find_by_name(session, name) == ["code:pre-ln"]


@pytest.mark.parametrize("name", ["", "?!", "pre", "pre-ln block"])
def test_what_is_no_name_finds_nothing(store: Store, name: str) -> None:
    with store.write() as session:
        save_documents(session, [(Document("code:x", "code", "???", ""), Owner())])
        save_documents(session, [(Document("code:pre-ln", "code", "Pre-LN", ""), Owner())])
        assert find_by_name(session, name) == []


def test_the_best_match_comes_first_and_ties_go_by_key(store: Store) -> None:
    with store.write() as session:
        save_records(
            session,
            [
                make_record(s2_key(3), title="Something else", abstract="about retention"),
                make_record(s2_key(2), title="Retention"),
                make_record(s2_key(1), title="Retention"),
            ],
        )
    assert find(store, "retention") == [s2_key(1), s2_key(2), s2_key(3)]
    with store.read() as session:
        (first, second, third) = match_lexical(session, fts_query(["retention"], "and"), ANY, 10)
        assert first.bm25 == second.bm25 < third.bm25 < 0
        assert [one.key for one in match_lexical(session, fts_query(["retention"], "and"), ANY, 1)] == [s2_key(1)]


def test_years_and_authors_filter(store: Store) -> None:
    with store.write() as session:
        save_records(
            session,
            [
                make_record(s2_key(1), title="One word", year=1990, authors=("Ann Lee",)),
                make_record(s2_key(2), title="Two word", year=2000, authors=("Bob_Ray", "Ann Lee")),
                make_record(s2_key(3), title="Three word", authors=("Cy",)),
            ],
        )
    expected = {
        SearchFilter(year_from=1991): {2},
        SearchFilter(year_to=1990): {1},
        SearchFilter(year_from=1990, year_to=2000): {1, 2},
        SearchFilter(author="ann lee"): {1, 2},
        SearchFilter(author="_"): {2},
        SearchFilter(author="%"): set(),
        SearchFilter(author="Lee", year_from=2000): {2},
        SearchFilter(kinds=("concept",)): set(),
        SearchFilter(kinds=("concept", "paper")): {1, 2, 3},
        SearchFilter(concept="unheard-of"): set(),
        SearchFilter(has_code=True): set(),
    }
    with store.read() as session:
        assert allowed_keys(session, ANY) is None
        for wanted, numbers in expected.items():
            keys = {s2_key(number) for number in numbers}
            assert allowed_keys(session, wanted) == keys, wanted
            assert set(find(store, "word", wanted=wanted)) == keys, wanted


def test_a_text_is_shown_whole_with_the_papers_identifiers(store: Store) -> None:
    with store.write() as session:
        save_record(session, make_record(ids={"doi": "10.1000/x"}, title="T", abstract="A", summary="S", year=2017))
        views = get_documents(session, ["arxiv:1706.03762", "absent"])
    (view,) = views.values()
    assert (view.title, view.body, view.year, view.kind) == ("T", "S\nA", 2017, "paper")
    assert view.ids == {"arxiv": "1706.03762", "doi": "10.1000/x"}


def test_a_word_index_that_lost_a_text_is_a_problem(store: Store, file: Path) -> None:
    with store.write() as session:
        save_record(session, make_record())
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("INSERT INTO documents_fts(documents_fts) VALUES ('delete-all')")
        connection.commit()
    with store.read() as session:
        assert find_problems(session) == ["the word index holds 0 texts of 1; run 'stemma build'"]
