"""Verdicts and runs: kept as history with all that belongs to them, a verdict stale where the code has changed."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from kb.errors import NotFoundError
from kb.records import RunRecord, RunResult
from kb.store import Store
from kb.store.runs import count_runs, get_run, hash_code, list_runs, save_run

RESULT = RunResult(
    "error",
    stdout="1\n",
    stderr="Traceback: 线性\n",
    truncated=True,
    wall_s=0.25,
    exit_code=3,
    figures={"loss": [1.0, 0.5], "rows": [{"T": 1}]},
    confinement="bubblewrap",
    message="left with exit code 3",
    versions={"python": "3.11.7", "torch": "2.13.0"},
)


def test_a_run_comes_back_as_it_was_recorded(store: Store) -> None:
    with store.write() as session:
        note = save_run(session, "code:pre-ln", "print(1)", RESULT, parameters={"n": 2, "form": "dual"}, seed=7)
    with store.read() as session:
        record = get_run(session, int(note.key.removeprefix("run:")))
    assert record == RunRecord(note, "print(1)", replace(RESULT, key=note.key))
    assert (note.of, note.code_hash, note.parameters, note.seed) == (
        "code:pre-ln",
        hash_code("print(1)"),
        {"n": 2, "form": "dual"},
        7,
    )
    assert abs(note.ran_at - datetime.now(UTC)) < timedelta(minutes=1)


def test_a_source_is_kept_once(store: Store, file: Path) -> None:
    with store.write() as session:
        for code in ("print(1)", "print(2)", "print(1)", "x = '\ud800'"):
            save_run(session, "file:mine.py", code, RunResult("ok"), parameters={}, seed=0)
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("SELECT count(*), count(DISTINCT code_hash) FROM runs").fetchone() == (4, 3)
        assert connection.execute("SELECT count(*) FROM codes").fetchone() == (3,)
    with store.read() as session:
        assert [get_run(session, number).code for number in (1, 2, 3, 4)] == [
            *("print(1)", "print(2)", "print(1)", "x = '\\ud800'"),
        ]


def test_runs_are_listed_the_newest_first_a_page_at_a_time(store: Store) -> None:
    with store.write() as session:
        notes = [
            save_run(session, of, "", RunResult("ok", wall_s=n), parameters={}, seed=n)
            for n, of in enumerate(["code:a", "code:b", "code:a", "code:a", "file:a"])
        ]
    with store.read() as session:
        assert list_runs(session) == notes[::-1]
        assert [one.seed for one in list_runs(session, "code:a")] == [3, 2, 0]
        assert [one.seed for one in list_runs(session, "code:a", start=1, count=1)] == [2]
        assert list_runs(session, "code:absent") == []
        assert [count_runs(session, of) for of in ("", "code:a", "file:a", "code:absent")] == [5, 3, 1, 0]


def test_a_run_that_is_not_here_is_said_so(store: Store) -> None:
    with store.read() as session, pytest.raises(NotFoundError, match="no run 99 in this library; 'stemma runs'"):
        get_run(session, 99)


def test_a_run_with_all_that_a_program_may_report_is_recorded_whole(store: Store) -> None:
    figures = {f"f{n}": "x" * 1000 for n in range(2 << 10)}
    result = RunResult("ok", stdout="线" * (64 << 10), stderr="e" * (256 << 10), figures=figures)
    with store.write() as session:
        save_run(session, "file:mine.py", "", result, parameters={}, seed=0)
    with store.read() as session:
        assert get_run(session, 1).result == replace(result, key="run:1")


def test_code_that_is_no_unicode_has_a_hash() -> None:
    assert hash_code("\ud800") != hash_code("?")
    assert hash_code("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
