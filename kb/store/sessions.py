"""Open a library and hold transactions: the only place that knows the engine.

A reader sees one consistent state and never waits for a writer (SQLite's write-ahead log). A writer takes the
write lock at its first word (BEGIN IMMEDIATE), so that two writers queue instead of failing half-way. Every
foreign exception ends here as a StoreError with one line for a person.
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from sqlite3 import Connection as SQLiteConnection
from sqlite3 import OperationalError
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, exc
from sqlalchemy.engine import URL, make_url
from sqlalchemy.orm import Session

from kb.errors import InvalidQueryError, StoreError

#: How long a writer waits for another one, in milliseconds. An import's transaction takes well under a second.
BUSY_MS = 60_000

_ADVICE = (
    ("locked", "another process is writing to it; try again when it is done"),
    ("disk is full", "the disk is full; free some space and run the same command again: nothing is lost"),
    ("not a database", "it is no SQLite database; give another path to --db, or move the file away"),
    ("malformed", "it is damaged; restore a copy, or move it away and run 'stemma build'"),
    ("readonly", "it cannot be written; check the permissions of the file and its folder"),
    ("unable to open", "it cannot be opened; check the path and the permissions of its folder"),
    ("no such table", "its tables are missing; run 'stemma build'"),
)


class Store:
    """A library on disk. Close it when done, or use it as a context manager."""

    def __init__(self, engine: Engine, url: URL) -> None:
        self._engine = engine
        self.url = url

    @property
    def path(self) -> Path | None:
        """The SQLite file, or None for a library in memory."""
        name = self.url.database
        return Path(name) if name and name != ":memory:" else None

    @property
    def name(self) -> str:
        """How messages call it."""
        return str(self.path or ":memory:")

    @contextmanager
    def read(self) -> Iterator[Session]:
        """Give a session that reads one consistent state and keeps nobody waiting."""
        with self._session(writing=False) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """Give a session whose changes are kept together when the block ends, and undone together if it raises."""
        with self._session(writing=True) as session:
            yield session

    @contextmanager
    def _session(self, *, writing: bool) -> Iterator[Session]:
        with stated_errors(self.name):
            bound = self._engine.execution_options(stemma_writing=writing)
            with Session(bound, expire_on_commit=False, autoflush=False) as session, session.begin():
                yield session

    def close(self) -> None:
        self._engine.dispose()

    def __enter__(self) -> "Store":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@contextmanager
def stated_errors(name: str) -> Iterator[None]:
    """Turn what the database raises into a StoreError that says which database and what to do next."""
    try:
        yield
    except exc.DBAPIError as error:
        text = str(error.orig)
        advice = next((advice for sign, advice in _ADVICE if sign in text), f"the database says: {text}")
        raise StoreError(f"{name}: {advice}") from error


def connect_store(url: str) -> Store:
    """Return a Store on a bare path or any SQLAlchemy URL; the schema is the caller's business.

    Raises
    ------
    InvalidQueryError : the URL cannot be parsed
    StoreError        : the folder cannot be made, or the dialect is not served yet
    """
    address = _parse_url(url)
    if address.get_backend_name() != "sqlite":
        raise StoreError(
            f"{address.render_as_string(hide_password=True)}: only SQLite libraries are served by this version; "
            "give --db a path"
        )
    # SQLite's own addresses (file:...) say themselves what may be made.
    if address.database and address.database != ":memory:" and not address.database.startswith("file:"):
        _make_folder(Path(address.database))
    engine = create_engine(address, connect_args={"timeout": BUSY_MS / 1000, "check_same_thread": False})
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return Store(engine, address)


def _parse_url(url: str) -> URL:
    if "://" not in url:
        return URL.create("sqlite", database=url if url == ":memory:" else str(Path(url).expanduser().absolute()))
    try:
        return make_url(url)
    except exc.ArgumentError as error:
        raise InvalidQueryError(f"not a database address: {url[:80]!r}; give a path, or sqlite:///path") from error


def _make_folder(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(
            f"{path}: its folder cannot be made ({os.strerror(error.errno or 0)}); choose another --db"
        ) from error
    if path.is_dir():
        raise StoreError(f"{path}: is a folder; give --db the path of a file in it")


def _prepare(connection: SQLiteConnection, _: Any) -> None:
    # sqlite3's own transaction handling starts transactions late and ends them before DDL: we say BEGIN ourselves.
    connection.isolation_level = None
    for pragma in (
        f"busy_timeout = {BUSY_MS}",
        "synchronous = NORMAL",
        "foreign_keys = ON",
        "temp_store = MEMORY",
        "cache_size = -65536",
        # A checkpoint every 16 MB instead of every 4: an import spends a tenth of its time in them otherwise.
        "wal_autocheckpoint = 4000",
    ):
        connection.execute(f"PRAGMA {pragma}")
    _use_wal(connection)


def _use_wal(connection: SQLiteConnection) -> None:
    # Changing the journal does not wait for the busy time-out: several first starts at once would refuse each other.
    for _ in range(100):
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except OperationalError as error:
            if "locked" not in str(error):
                raise
            time.sleep(0.05)
    connection.execute("PRAGMA journal_mode = WAL")


def _begin(connection: Connection) -> None:
    writing = connection.get_execution_options().get("stemma_writing", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")
