"""The schema: a fresh library, an empty file, a newer version's library, several openers at once."""

import gzip
import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text

from kb.errors import StoreError
from kb.records import Example, RunResult, SearchFilter
from kb.store import Store, open_store
from kb.store.concepts import list_edges
from kb.store.health import find_problems
from kb.store.lookup import find_by_name, match_lexical
from kb.store.papers import list_papers
from kb.store.runs import get_run, list_runs, save_run
from kb.store.saving import save_record
from kb.store.schema import HEAD, MIGRATIONS, read_revision
from kb.store.splitting import fts_query
from kb.store.tables import Table
from kb.store.verdicts import list_history, list_verdicts, save_verdict
from tests.factories import make_record


def test_a_fresh_library_is_what_the_tables_say(store: Store) -> None:
    def is_ours(_object: object, name: str | None, kind: str, *_rest: object) -> bool:
        # The full-text table and its shadows are SQL of the migration's own.
        return not (kind == "table" and (name or "").startswith("documents_fts"))

    with store.read() as session:
        context = MigrationContext.configure(
            session.connection(), opts={"include_object": is_ours, "compare_type": True}
        )
        assert compare_metadata(context, Table.metadata) == []
        assert find_problems(session) == []


def test_the_newest_file_is_the_head() -> None:
    revisions = {}
    for file in sorted((MIGRATIONS / "versions").glob("[0-9]*.py")):
        found = re.search(r'^revision = "(\w+)"$', file.read_text(encoding="utf-8"), re.MULTILINE)
        assert found, f"{file.name} names no revision"
        revisions[found[1]] = file.name
        assert file.name.startswith(f"{found[1]}_")
    assert max(revisions) == HEAD


def test_opening_again_changes_nothing(store: Store, file: Path) -> None:
    with open_store(str(file)) as again, again.read() as session:
        assert read_revision(session) == HEAD


def test_an_empty_file_becomes_a_library(tmp_path: Path) -> None:
    file = tmp_path / "empty.db"
    file.touch()
    with open_store(str(file)) as opened, opened.read() as session:
        assert read_revision(session) == HEAD


def test_a_folder_that_is_missing_is_made(tmp_path: Path) -> None:
    with open_store(str(tmp_path / "a" / "b" / "library.db")) as opened:
        assert opened.path == tmp_path / "a" / "b" / "library.db"
    assert (tmp_path / "a" / "b" / "library.db").is_file()


def test_a_library_of_a_newer_version_is_refused_and_left_alone(file: Path) -> None:
    open_store(str(file)).close()
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()
    with pytest.raises(
        StoreError, match=r"library\.db: made by a newer version of Stemma .*upgrade Stemma"
    ) as caught:
        open_store(str(file))
    assert "\n" not in str(caught.value)
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [("9999",)]


def test_a_stopped_migration_leaves_an_empty_library(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        # The full-text table is the migration's last step.
        patch.setattr("alembic.op.execute", stop)
        with pytest.raises(KeyboardInterrupt):
            open_store(str(file))
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("SELECT name FROM sqlite_master").fetchall() == []
    with open_store(str(file)) as opened, opened.read() as session:
        assert read_revision(session) == HEAD


def test_several_processes_may_open_a_new_library_at_once(file: Path, repository: Path) -> None:
    code = (
        "import sys, pathlib, time; from kb.store import open_store\n"
        "print('ready', flush=True); sys.stdin.readline()\n"
        "with open_store(sys.argv[1]) as store, store.read() as session: pass"
    )
    command = [sys.executable, "-c", code, str(file)]
    openers = [
        subprocess.Popen(
            command, cwd=repository, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for _ in range(3)
    ]
    for opener in openers:
        assert opener.stdout is not None
        assert opener.stdout.readline() == "ready\n"
    for opener in openers:
        assert opener.stdin is not None
        opener.stdin.write("go\n")
        opener.stdin.flush()
    ends = [(opener.communicate(timeout=60)[1], opener.returncode) for opener in openers]
    assert ends == [("", 0)] * 3
    with open_store(str(file)) as store, store.read() as session:
        assert find_problems(session) == []


def test_a_library_of_the_first_schema_is_upgraded_and_loses_nothing(file: Path) -> None:
    recorded = Path(__file__).parent / "recorded" / "library-0001.db.gz"
    file.write_bytes(gzip.decompress(recorded.read_bytes()))
    with open_store(str(file)) as opened, opened.read() as session:
        assert read_revision(session) == HEAD
        assert find_problems(session) == []
        old, new = list_papers(session)
        assert (new.title, new.title_zh, new.authors) == (
            "線性注意力 of the first schema",
            "循環網路",
            ("A. Author",),
        )
        assert (old.key, new.kind, new.url) == ("arxiv:2006.00001", "paper", "")
        # Indexed in traditional characters by the first schema, found in either script from now on.
        for words in ("线性注意力", "線性注意力", "残差连接"):
            expression = fts_query([words], "and")
            assert [one.key for one in match_lexical(session, expression, SearchFilter(), 5)] == [new.key]
        assert find_by_name(session, "循环网路") == [new.key]
        assert find_by_name(session, "A. Author") == []


def test_what_an_upgraded_library_changes_leaves_no_word_behind(file: Path) -> None:
    recorded = Path(__file__).parent / "recorded" / "library-0001.db.gz"
    file.write_bytes(gzip.decompress(recorded.read_bytes()))
    with open_store(str(file)) as opened:
        with opened.write() as session:
            save_record(session, make_record("arxiv:2006.00002", title="Renamed", abstract="New.", origin="arxiv"))
        with opened.read() as session:
            assert match_lexical(session, fts_query(["残差连接"], "and"), SearchFilter(), 5) == []
            assert find_problems(session) == []


def test_a_library_of_the_second_schema_keeps_its_runs_and_snippets(file: Path) -> None:
    recorded = Path(__file__).parent / "recorded" / "library-0002.db.gz"
    file.write_bytes(gzip.decompress(recorded.read_bytes()))
    with open_store(str(file)) as opened, opened.read() as session:
        assert read_revision(session) == HEAD
        assert find_problems(session) == []
        assert [one.title for one in list_papers(session)] == ["A paper of the second schema"]
        mine, idea = list_runs(session)
        assert (idea.of, idea.parameters, idea.seed, idea.status) == ("code:pre-ln", {"n": 2}, 7, "ok")
        # Runs of files were recorded under the bare name, and neither source nor versions were kept.
        assert (mine.of, mine.status) == ("file:mine.py", "error")
        record = get_run(session, 1)
        assert (record.code, record.result.versions, record.result.stderr) == ("", {}, "")
        assert (record.result.figures, record.result.stdout) == ({"loss": [1.0, 0.5]}, "1\n")
        assert (record.result.truncated, record.result.exit_code) == (False, None)
        row = session.execute(
            text("SELECT name, code, parameters, like_idea, version, changed_at FROM snippets")
        ).first()
        assert row == ("mine.py", "print('残差')\n", "", "", 1, None)
        assert [one.claim for one in list_verdicts(session, {})] == ["a"]


def test_a_run_can_be_recorded_in_an_upgraded_library(file: Path) -> None:
    recorded = Path(__file__).parent / "recorded" / "library-0002.db.gz"
    file.write_bytes(gzip.decompress(recorded.read_bytes()))
    with open_store(str(file)) as opened:
        with opened.write() as session:
            note = save_run(session, "code:pre-ln", "print(1)", RunResult("ok"), parameters={}, seed=0)
        with opened.read() as session:
            assert [one.key for one in list_runs(session, "code:pre-ln")] == [note.key, "run:1"]
            # The same source as that of the older run, which is thereby known again.
            assert get_run(session, 1).code == "print(1)"


def test_a_library_of_the_third_schema_keeps_its_verdicts_and_its_lineage(file: Path) -> None:
    recorded = Path(__file__).parent / "recorded" / "library-0003.db.gz"
    file.write_bytes(gzip.decompress(recorded.read_bytes()))
    with open_store(str(file)) as opened, opened.write() as session:
        assert read_revision(session) == HEAD
        assert find_problems(session) == []
        (old,) = list_verdicts(session, {"a": "h"})
        # Neither the figures of the single draws nor a counterexample were kept.
        assert (old.verdict, old.measured, old.figures, old.example) == ("verified", 1e-15, (), None)
        new = replace(old, figures=(1e-15, None), example=Example({"x": [1.0]}, {"f": 2.0}))
        save_verdict(session, new)
        assert list_history(session, "a", "h") == [new, old]
        (edge,) = list_edges(session)
        assert (edge.descendant, edge.ancestor, edge.claims, edge.unclaimed) == ("young", "old", ("a",), "")
