"""Verdicts: kept as history with all that belongs to them, stale where the code has changed."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from kb.records import Example, Verdict
from kb.store import Store
from kb.store.verdicts import list_history, list_verdicts, save_verdict

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
    figures=(1e-9, 0.0, None),
    example=Example({"x": [[1.0, -2.0]]}, {"one": 0.5, "other": [[0.25]]}),
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


def test_what_was_not_refuted_has_no_example(store: Store, file: Path) -> None:
    with store.write() as session:
        save_verdict(session, replace(VERDICT, example=None, figures=()))
    with store.read() as session:
        assert list_verdicts(session, {"a": "one"}) == [replace(VERDICT, example=None, figures=())]
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("SELECT figures, example FROM verdicts").fetchone() == ("[]", None)


def test_the_history_of_a_claim_has_its_newest_verdict_first_and_says_which_code_was_another(store: Store) -> None:
    seeds = [(1, "one"), (2, "two"), (3, "two")]
    with store.write() as session:
        for seed, code in seeds:
            save_verdict(session, replace(VERDICT, seed=seed, code_hash=code))
        save_verdict(session, replace(VERDICT, claim="b"))
        told = list_history(session, "a", "two")
        assert [(one.seed, one.stale) for one in told] == [(3, False), (2, False), (1, True)]
        assert [one.seed for one in list_history(session, "a", "two", count=1)] == [3]
        assert list_history(session, "c", "two") == []
