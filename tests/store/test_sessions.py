"""Transactions: who waits for whom, what is undone, and how trouble with the file is told."""

import sqlite3
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text

from kb.errors import InvalidQueryError, StoreError
from kb.store import Store, open_store, sessions
from kb.store.papers import count_papers, get_paper
from kb.store.saving import save_record
from tests.factories import make_record, s2_key


def read_pragma(store: Store, name: str) -> object:
    with store.read() as session:
        return session.execute(text(f"PRAGMA {name}")).scalar()


def test_pragmas(store: Store) -> None:
    assert read_pragma(store, "journal_mode") == "wal"
    assert read_pragma(store, "foreign_keys") == 1
    assert read_pragma(store, "synchronous") == 1
    assert read_pragma(store, "busy_timeout") == sessions.BUSY_MS


def test_a_reader_sees_the_old_state_and_does_not_wait(store: Store) -> None:
    with store.write() as session:
        save_record(session, make_record(title="First"))
    with store.write() as writing, store.read() as reading:
        save_record(writing, make_record(title="Second"))
        started = time.perf_counter()
        assert get_paper(reading, "arxiv:1706.03762").title == "First"
        assert time.perf_counter() - started < 1
    with store.read() as session:
        assert get_paper(session, "arxiv:1706.03762").title == "Second"


def test_a_reader_keeps_its_state_while_others_write(store: Store) -> None:
    with store.read() as reading:
        assert count_papers(reading) == 0
        with store.write() as session:
            save_record(session, make_record())
        assert count_papers(reading) == 0
    with store.read() as session:
        assert count_papers(session) == 1


def test_a_second_writer_waits_its_turn(store: Store) -> None:
    order: list[str] = []
    began = threading.Event()

    def write_second() -> None:
        began.wait()
        with store.write() as session:
            save_record(session, make_record(s2_key(2)))
            order.append("second")

    second = threading.Thread(target=write_second)
    second.start()
    with store.write() as session:
        save_record(session, make_record(s2_key(1)))
        began.set()
        time.sleep(0.2)
        order.append("first")
    second.join()
    assert order == ["first", "second"]
    with store.read() as session:
        assert count_papers(session) == 2


def test_a_block_that_raises_leaves_nothing(store: Store) -> None:
    def fail() -> None:
        with store.write() as session:
            save_record(session, make_record())
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    with store.read() as session:
        assert count_papers(session) == 0


def test_a_library_in_memory() -> None:
    with open_store(":memory:") as store:
        assert store.path is None
        assert store.name == ":memory:"


def test_a_lock_that_lasts_is_told(store: Store, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "BUSY_MS", 50)
    told = pytest.raises(StoreError, match=r"library\.db: another process is writing to it; try again")
    with open_store(str(file)) as other, store.write() as writing:
        save_record(writing, make_record())
        with told, other.write() as session:
            save_record(session, make_record(s2_key(1)))


@pytest.mark.parametrize("content", [b"%PDF-1.4 and what follows" * 100, b"SQLite format 3\0" + b"\xff" * 4000])
def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "paper.pdf"
    file.write_bytes(content)
    with pytest.raises(StoreError, match=r"paper\.pdf: it is (no SQLite database|damaged)"):
        open_store(str(file))
    assert file.read_bytes() == content


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="is a folder; give --db the path of a file in it"):
        open_store(str(tmp_path))


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "taken").touch()
    with pytest.raises(StoreError, match=r"its folder cannot be made .*choose another --db"):
        open_store(str(tmp_path / "taken" / "library.db"))


def test_a_library_that_may_not_be_written_can_be_read(store: Store, file: Path) -> None:
    with store.write() as session:
        save_record(session, make_record())
    with open_store(f"sqlite:///file:{file}?mode=ro&uri=true") as other:
        with other.read() as session:
            assert count_papers(session) == 1
        told = pytest.raises(StoreError, match="it cannot be written; check the permissions")
        with told, other.write() as session:
            save_record(session, make_record(s2_key(1)))


def test_a_file_that_cannot_be_opened_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(StoreError, match="it cannot be opened; check the path and the permissions"):
        open_store(f"sqlite:///file:{tmp_path / 'absent.db'}?mode=ro&uri=true")
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_told_and_loses_nothing(store: Store) -> None:
    with store.write() as session:
        save_record(session, make_record())
    told = pytest.raises(StoreError, match="the disk is full; free some space and run the same command again")
    with told, store.write() as session:
        pages = session.execute(text("PRAGMA page_count")).scalar()
        session.execute(text(f"PRAGMA max_page_count = {pages}"))
        save_record(session, make_record(s2_key(1), abstract="long " * 100_000))
    with store.read() as session:
        assert count_papers(session) == 1


def test_a_library_without_tables_says_so(store: Store, file: Path) -> None:
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("DROP TABLE open_citations")
    with pytest.raises(StoreError, match="its tables are missing; run 'stemma build'"), store.read() as session:
        session.execute(text("SELECT * FROM open_citations"))


@pytest.mark.parametrize(
    ("url", "error", "message"),
    [
        ("://nonsense", InvalidQueryError, "not a database address"),
        ("postgresql://me:secret@host/db", StoreError, r"postgresql://me:\*\*\*@host/db: only SQLite"),
        ("nosuchdialect://host/db", StoreError, "only SQLite"),
    ],
)
def test_an_address_that_is_not_served_is_told(url: str, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message) as caught:
        open_store(url)
    assert "secret" not in str(caught.value)


def test_many_threads_may_read(store: Store) -> None:
    with store.write() as session:
        save_record(session, make_record())
    counted: list[int] = []
    together = threading.Barrier(12)

    def read() -> None:
        with store.read() as session:
            together.wait()
            counted.append(count_papers(session))

    threads = [threading.Thread(target=read) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counted == [1] * 12
