"""Snippets: kept with what they were before, numbers given once, there still when what they belong to has gone."""

import gzip
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kb.errors import InvalidQueryError, NotFoundError
from kb.records import Catalogue, Concept
from kb.store import Store, open_store
from kb.store.building import build_library
from kb.store.health import find_problems
from kb.store.runs import hash_code
from kb.store.saving import save_records
from kb.store.snippets import (
    change_snippet,
    count_attached,
    delete_snippet,
    find_present,
    get_snippet,
    list_snippets,
    list_versions,
    save_snippet,
)
from tests.factories import make_paper, make_record

PAPER = "arxiv:1706.03762"


def keep(
    store: Store, key: str = "concept:pre-ln", name: str = "mine", code: str = "print('线性')", **more: str
) -> int:
    with store.write() as session:
        return save_snippet(session, key, name, code, **more).id


def test_a_snippet_comes_back_as_it_was_kept(store: Store) -> None:
    with store.write() as session:
        kept = save_snippet(session, "concept:pre-ln", "a 'b' <c>", "x = '线'", parameters="x", like="pre-ln")
    with store.read() as session:
        assert get_snippet(session, kept.id) == kept
    assert (kept.address, kept.version, kept.changed_at) == ("snippet:1", 1, None)
    assert (kept.code_hash, kept.parameters, kept.like) == (hash_code("x = '线'"), "x", "pre-ln")
    assert kept.created_at.tzinfo is UTC


def test_snippets_are_listed_oldest_first_by_what_they_belong_to(store: Store) -> None:
    numbers = [keep(store, name="one"), keep(store, key=PAPER), keep(store, name="two")]
    with store.read() as session:
        assert [one.id for one in list_snippets(session)] == numbers
        assert [one.name for one in list_snippets(session, "concept:pre-ln")] == ["one", "two"]
        assert [one.id for one in list_snippets(session, PAPER)] == numbers[1:2]
        assert list_snippets(session, "concept:absent") == []


def test_what_was_attached_to_the_code_of_an_idea_belongs_to_the_idea(store: Store) -> None:
    keep(store, key="code:pre-ln")
    with store.read() as session:
        assert [one.name for one in list_snippets(session, "concept:pre-ln")] == ["mine"]
    with pytest.raises(InvalidQueryError, match="has a snippet called 'mine' already"):
        keep(store, key="concept:pre-ln")


def test_a_name_stands_once_at_a_record_in_any_case(store: Store) -> None:
    keep(store, name="Slow")
    with pytest.raises(InvalidQueryError, match=r"concept:pre-ln has a snippet called 'Slow' already: .* snippet:1"):
        keep(store, name="slow")
    assert keep(store, key="concept:post-ln", name="slow") == 2


def test_a_change_of_code_or_parameters_keeps_what_was_before(store: Store) -> None:
    number = keep(store, code="a = 1", parameters="a")
    with store.write() as session:
        first = get_snippet(session, number)
        second = change_snippet(session, replace(first, code="a = 2"))
        third = change_snippet(session, replace(second, parameters="a in 0..3"))
    assert (second.version, third.version, third.code, third.code_hash) == (2, 3, "a = 2", hash_code("a = 2"))
    assert third.changed_at is not None
    with store.read() as session:
        versions = list_versions(session, number)
        assert get_snippet(session, number) == third
    assert [(one.version, one.code, one.parameters) for one in versions] == [(2, "a = 2", "a"), (1, "a = 1", "a")]
    assert [one.saved_at for one in versions] == [second.changed_at, first.created_at]


def test_another_name_or_place_is_no_new_version(store: Store) -> None:
    number = keep(store)
    keep(store, name="taken")
    with store.write() as session:
        before = get_snippet(session, number)
        moved = change_snippet(session, replace(before, name="MINE", key=PAPER, like="post-ln"))
        assert (moved.name, moved.key, moved.like, moved.version) == ("MINE", PAPER, "post-ln", 1)
        assert list_versions(session, number) == []
    with pytest.raises(InvalidQueryError, match="called 'taken' already"), store.write() as session:
        change_snippet(session, replace(moved, key="concept:pre-ln", name="taken"))
    with store.read() as session:
        assert get_snippet(session, number) == moved


def test_a_number_is_given_once(store: Store) -> None:
    keep(store)
    number = keep(store, name="two")
    with store.write() as session:
        change_snippet(session, replace(get_snippet(session, number), code="other"))
        delete_snippet(session, number)
        assert list_versions(session, number) == []
        assert find_problems(session) == []
    assert keep(store, name="three") == number + 1
    for ask in (get_snippet, delete_snippet):
        with pytest.raises(NotFoundError, match="no snippet 99 in this library"), store.write() as session:
            ask(session, 99)


def test_a_snippet_follows_a_paper_to_a_stronger_identifier(store: Store) -> None:
    weak = "s2:" + "7" * 40
    with store.write() as session:
        save_records(session, [make_record(weak)])
        number = save_snippet(session, weak, "mine", "1").id
        assert find_present(session, weak) == weak
        save_records(session, [make_record(PAPER, ids={"s2": "7" * 40}, origin="arxiv")])
    with store.read() as session:
        assert find_present(session, weak) == PAPER
        assert count_attached(session) == {PAPER: 1}
        assert [one.id for one in list_snippets(session, PAPER)] == [number]


def test_what_it_belongs_to_may_go_and_come_back(store: Store) -> None:
    def build(*slugs: str) -> None:
        paper = make_paper(PAPER, origin="catalogue", shipped=True)
        concepts = tuple(Concept(slug, slug, "attention", "Said.", introduced_by=PAPER) for slug in slugs)
        build_library(store, Catalogue((paper,), (), concepts, (), (), (), ""), [], " ".join(slugs))

    build("pre-ln", "post-ln")
    number = keep(store)
    build("post-ln")
    with store.read() as session:
        assert [one.id for one in list_snippets(session)] == [number]
        assert (find_present(session, "concept:pre-ln"), count_attached(session)) == ("", {})
    build("pre-ln")
    with store.read() as session:
        assert count_attached(session) == {"concept:pre-ln": 1}


def test_snippets_of_the_first_schema_are_here_and_can_be_changed(file: Path) -> None:
    recorded = Path(__file__).parent / "recorded" / "library-0001.db.gz"
    file.write_bytes(gzip.decompress(recorded.read_bytes()))
    rows = [(3, "concept:pre-ln", "twice", "a = 1\r\n"), (8, "concept:pre-ln", "twice", "def f(:")]
    with closing(sqlite3.connect(file)) as connection:
        for row in rows:
            when = "2025-01-02 03:04:05.000006"
            connection.execute("INSERT INTO snippets VALUES (?, ?, ?, ?, 'hash', ?)", (*row, when))
        connection.commit()
    with open_store(str(file)) as opened:
        with opened.read() as session:
            found = list_snippets(session, "concept:pre-ln")
            assert [(one.id, one.key, one.name, one.code) for one in found] == rows
            assert {(one.parameters, one.like, one.version, one.changed_at) for one in found} == {("", "", 1, None)}
            assert found[0].created_at == datetime(2025, 1, 2, 3, 4, 5, 6, tzinfo=UTC)
        with opened.write() as session:
            changed = change_snippet(session, replace(found[0], name="once", code="a = 2"))
            assert (changed.version, list_versions(session, 3)[0].code) == (2, "a = 1\r\n")
            assert save_snippet(session, "concept:pre-ln", "new", "1").id == 9
