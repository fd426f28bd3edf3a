"""Whatever a user mistypes: exit code 1 or 2, one line on standard error, nothing on standard output."""

import sqlite3
from pathlib import Path

import pytest

from tests.cli.conftest import Stemma

STATED, USAGE = 1, 2


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["frobnicate"], USAGE, "No such command"),
        (["search"], USAGE, "QUERY"),
        (["search", ""], STATED, "query is empty"),
        (["search", "  ", "--json"], STATED, "query is empty"),
        (["search", "x", "--limit", "0"], STATED, "limit is 0"),
        (["search", "x", "--limit", "ten"], USAGE, "--limit"),
        (["search", "x", "--kind", "poem"], USAGE, "concept, code, article"),
        (["search", "x", "--year", "later"], USAGE, "1990:2020"),
        (["search", "x", "--year", ":"], USAGE, "1990:2020"),
        (["search", "x", "--year", "2020:1990"], USAGE, "swap"),
        (["search", "x", "--mode", "guess"], USAGE, "hybrid, dense, lexical"),
        (["search", "x", "--mode", "dense,lexical"], USAGE, "give one of"),
        (["search", "x", "--concept", "no-such-idea"], STATED, "no-such-idea"),
        (["search", "x", "--concept", "1706.03762"], STATED, "is a paper"),
        (["search", "--db", "other", "x"], USAGE, "before the command"),
        (["similar", "1706.03762", "--by", "smell"], USAGE, "co-citation"),
        (["similar", "1706.03762", "--limit", "0"], USAGE, "--limit"),
        (["similar", "linear-attention", "--by", "coupling"], STATED, "linear-attention"),
        (["show", "no-such-idea"], STATED, "no-such-idea"),
        (["show", "2401.99999"], STATED, "stemma add"),
        (["show", "neither an id nor an idea"], STATED, "neither an id"),
        (["show", ""], STATED, "no idea is called ''"),
        (["lineage", "no-such-idea"], STATED, "no-such-idea"),
        (["lineage", "pre-ln", "--up", "-1"], USAGE, "--up"),
        (["lineage", "pre-ln", "--layer", "cited,guessed"], USAGE, "claimed"),
        (["lineage", "pre-ln", "--format", "pdf"], USAGE, "graphml"),
        (["lineage", "pre-ln", "--as-of", "soon"], USAGE, "--as-of"),
        (["path", "pre-ln"], USAGE, "TO"),
        (["path", "pre-ln", "no-such-idea"], STATED, "no-such-idea"),
        (["run", "no-such-idea"], STATED, "no-such-idea"),
        (["run", "linear-attention", "--set", "form"], USAGE, "name=value"),
        (["run", "linear-attention", "--set", "T=4", "--set", "T=8"], USAGE, "twice"),
        (["run", "linear-attention", "--set", "depth=3"], STATED, "depth"),
        (["run", "linear-attention", "--set", "T=-3"], STATED, "whole number"),
        (["run", "linear-attention", "--seed", "-1"], USAGE, "--seed"),
        (["run", "missing.py"], STATED, "no such file"),
        (["run", "{tmp}/folder.py"], STATED, "not a file"),
        (["run", "{tmp}/empty.py"], STATED, "is empty"),
        (["run", "{tmp}/bytes.py"], STATED, "UTF-8"),
        (["run", "{tmp}/large.py"], STATED, "larger than"),
        (["run", "{tmp}/fine.py", "--set", "steps=1"], STATED, "file:fine.py has no parameter 'steps'"),
        (["run", "{tmp}/fine.py", "--seed", "1"], STATED, "leave the seed out"),
        (["run", "{tmp}/fine.py", "--like", "no-such-idea"], STATED, "no-such-idea"),
        (["run", "pre-ln", "--like", "post-ln"], USAGE, "--like"),
        (["run", "snippet:99"], STATED, "no snippet 99"),
        (["run", "snippet:mine"], STATED, "lists them by number"),
        (["compare", "pre-ln"], STATED, "two to four"),
        (["compare", "pre-ln", "linear-attention"], STATED, "one form"),
        (["compare", "pre-ln", "{tmp}/fine.py"], STATED, "is a program and no variant of an idea"),
        (["compare", "pre-ln", "snippet:99"], STATED, "no snippet 99"),
        (["verify", "no-such-claim"], STATED, "no-such-claim"),
        (["verify", "--cost", "free"], USAGE, "exact, trend, long"),
        (["verify", "--family", "poetry"], USAGE, "recurrence"),
        (["verify", "rwkv-parallel-is-recurrent", "--family", "hardware"], STATED, "--list"),
        (["attach", "no-such-idea", "{tmp}/fine.py"], STATED, "no-such-idea"),
        (["attach", "linear-attention", "missing.py"], STATED, "no such file"),
        (["attach", "linear-attention"], USAGE, "give a Python file after it"),
        (["attach", "missing.zip"], STATED, "no such file"),
        (["attach", "{tmp}/fine.py"], STATED, "what to attach it to"),
        (["attach", "pre-ln", "{tmp}/large.py"], STATED, "larger than"),
        (["attach", "pre-ln", "{tmp}/fine.py", "--parameter", "x = 1"], STATED, "no parameter 'x'"),
        (["attach", "pre-ln", "{tmp}/fine.py", "--name", " "], STATED, "needs a name"),
        (["attach", "pre-ln", "{tmp}/fine.py", "--like", "no-such-idea"], STATED, "no-such-idea"),
        (["snippets", "no-such-idea"], STATED, "no-such-idea"),
        (["snippets", "show", "99"], STATED, "no snippet 99"),
        (["snippets", "edit", "99"], STATED, "no snippet 99"),
        (["snippets", "remove", "99", "--yes"], STATED, "no snippet 99"),
        (["snippets", "export", "99", "{tmp}/out.py"], STATED, "no snippet 99"),
        (["snippets", "export", "pre-ln", "{tmp}/out.zip"], STATED, "nothing is attached"),
        (["snippets", "export", "1"], USAGE, "NUMBER|KEY|all"),
        (["add"], USAGE, "--query"),
        (["add", "1706.03762", "--query", "x"], USAGE, "either"),
        (["add", "no identifier"], STATED, "no identifier"),
        (["add", "1706.03762", "--source", "s2"], STATED, "not yet served"),
        (["add", "1706.03762", "--source", "gopher"], USAGE, "arxiv"),
        (["add", "1706.03762", "--references"], STATED, "not yet served"),
        (["add", "--query", "x", "--max", "0"], USAGE, "--max"),
        (["import"], USAGE, "FILE"),
        (["import", "missing.json"], STATED, "no such file"),
        (["import", "{tmp}"], STATED, "cannot be read"),
        (["import", "{tmp}/empty.py"], STATED, "is empty"),
        (["import", "{tmp}/fine.py"], STATED, "formats"),
        (["import", "{tmp}/fine.py", "--format", "cuneiform"], STATED, "cuneiform"),
        (["app", "--port", "0"], USAGE, "--port"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_mistake_is_told_in_one_line(
    stemma: Stemma, tmp_path: Path, arguments: list[str], code: int, said: str
) -> None:
    (tmp_path / "folder.py").mkdir()
    (tmp_path / "empty.py").write_text("\n")
    (tmp_path / "bytes.py").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "large.py").write_text("#" * (1 << 20) + "\n")
    (tmp_path / "fine.py").write_text("print('fine')\n")
    outcome = stemma(*(one.format(tmp=tmp_path) for one in arguments))
    assert (outcome.code, outcome.out, len(outcome.complaints)) == (code, "", 1), outcome
    assert outcome.err.startswith("stemma: ")
    assert said in outcome.err


def _make_newer(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()


@pytest.mark.parametrize("words", [("search", "x"), ("doctor",), ("build",), ("verify", "--list")], ids=" ".join)
@pytest.mark.parametrize("damage", ["folder", "text", "newer", "below a file", "elsewhere", "nonsense"])
def test_a_library_that_cannot_be_opened_is_told_in_one_line(
    stemma: Stemma, own_db: Path, tmp_path: Path, damage: str, words: tuple[str, ...]
) -> None:
    db: Path | str = own_db
    if damage == "folder":
        db = tmp_path
    elif damage == "text":
        own_db.write_text("This is no database at all. " * 100)
    elif damage == "newer":
        _make_newer(own_db)
    elif damage == "below a file":
        db = own_db / "library.db"
    elif damage == "elsewhere":
        db = "postgresql://user:secret@localhost/library"
    else:
        db = "://"
    outcome = stemma(*words, db=db)
    assert (outcome.code, outcome.out, len(outcome.complaints)) == (STATED, "", 1), outcome
    assert outcome.err.startswith("stemma: ")
    assert "secret" not in outcome.err


def test_an_empty_db_is_refused_rather_than_replaced_by_the_default(stemma: Stemma) -> None:
    outcome = stemma("doctor", db=" ")
    assert (outcome.code, len(outcome.complaints)) == (USAGE, 1)


def test_a_wrong_variable_is_named(stemma: Stemma, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STEMMA_RUN_CPU_S", "many")
    outcome = stemma("ideas")
    assert (outcome.code, len(outcome.complaints)) == (STATED, 1)
    assert "STEMMA_RUN_CPU_S" in outcome.err
