"""Verdicts, runs and snippets: kept as history, shown as the newest, stale where the code has changed."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from kb.errors import NotFoundError
from kb.records import RunResult, Verdict
from kb.store import Store
from kb.store.runs import (
    get_snippet,
    hash_code,
    list_snippets,
    list_verdicts,
    save_run,
    save_snippet,
    save_verdict,
)

VERDICT = Verdict(
    claim="a",
    verdict="verified",
    expected="verified",
    measured=1e-9,
    bound=1e-6,
    seconds=0.5,
    seed=3,
    code_hash="one",
    versions={"torch": "2.8"},
    ran_at=datetime(2024, 5, 1, 12, 30, tzinfo=UTC),
    detail="seen",
)


def test_a_verdict_comes_back_as_it_was_given(store: Store) -> None:
    with store.write() as session:
        save_verdict(session, VERDICT)
    with store.read() as session:
        assert list_verdicts(session, {"a": "one"}) == [VERDICT]


def test_the_newest_verdict_of_each_claim_is_shown(store: Store, file: Path) -> None:
    with store.write() as session:
        for verdict in (replace(VERDICT, claim="b"), VERDICT, replace(VERDICT, verdict="refuted", measured=None)):
            save_verdict(session, verdict)
        shown = list_verdicts(session, {"a": "one", "b": "one"})
    assert [(one.claim, one.verdict, one.measured) for one in shown] == [
        ("a", "refuted", None),
        ("b", "verified", 1e-9),
    ]
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("SELECT count(*) FROM verdicts").fetchone() == (3,)


@pytest.mark.parametrize(("current", "stale"), [({"a": "one"}, False), ({"a": "two"}, True), ({}, True)])
def test_a_verdict_on_other_code_is_stale(store: Store, current: dict[str, str], stale: bool) -> None:
    with store.write() as session:
        save_verdict(session, VERDICT)
        assert [one.stale for one in list_verdicts(session, current)] == [stale]


def test_times_are_kept_in_utc_whatever_the_zone(store: Store) -> None:
    local = datetime(2024, 5, 1, 20, 30, tzinfo=timezone(timedelta(hours=8)))
    with store.write() as session:
        save_verdict(session, replace(VERDICT, ran_at=local))
        save_verdict(session, replace(VERDICT, claim="b", ran_at=None))
        first, second = list_verdicts(session, {})
    assert first.ran_at == local
    assert first.ran_at is not None
    assert first.ran_at.tzinfo is UTC
    assert second.ran_at is not None
    assert abs(second.ran_at - datetime.now(UTC)) < timedelta(minutes=1)


def test_a_run_is_recorded(store: Store, file: Path) -> None:
    result = RunResult("ok", stdout="1\n", wall_s=0.25, figures={"loss": [1.0, 0.5]}, confinement="bubblewrap")
    with store.write() as session:
        first = save_run(session, "code:pre-ln", "print(1)", result, parameters={"n": 2}, seed=7)
        second = save_run(session, "code:pre-ln", "x", RunResult("timeout"), parameters={}, seed=0)
    assert second > first
    with closing(sqlite3.connect(file)) as connection:
        row = connection.execute("SELECT key, code_hash, parameters, seed, status, figures FROM runs").fetchone()
    assert row == ("code:pre-ln", hash_code("print(1)"), '{"n": 2}', 7, "ok", '{"loss": [1.0, 0.5]}')


def test_snippets_are_listed_oldest_first_by_what_they_belong_to(store: Store) -> None:
    with store.write() as session:
        first = save_snippet(session, "concept:pre-ln", "one", "print('线性')")
        other = save_snippet(session, "code:pre-ln", "two", "")
        third = save_snippet(session, "concept:pre-ln", "one", "print(3)")
    with store.read() as session:
        assert list_snippets(session, "concept:pre-ln") == [first, third]
        assert list_snippets(session) == [first, other, third]
        assert list_snippets(session, "concept:absent") == []
        assert get_snippet(session, first.id) == first
        with pytest.raises(NotFoundError, match="no snippet 99 in this library"):
            get_snippet(session, 99)


def test_code_that_is_no_unicode_has_a_hash() -> None:
    assert hash_code("\ud800") != hash_code("?")
    assert hash_code("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
