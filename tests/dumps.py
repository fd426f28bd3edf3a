"""All that a library holds, for comparison: private numbers, time stamps and the index's inner tables left out."""

import sqlite3
from contextlib import closing
from pathlib import Path

Dump = dict[str, list[tuple[object, ...]]]

#: how a private number is told from outside: by the key of what it stands for
_KEYS = {
    "paper_id": "SELECT id, key FROM papers",
    "citing_id": "SELECT id, key FROM papers",
    "cited_id": "SELECT id, key FROM papers",
    "introduced_by": "SELECT id, key FROM papers",
    "author_id": "SELECT id, name FROM authors",
    "concept_id": "SELECT id, slug FROM concepts",
    "ancestor_id": "SELECT id, slug FROM concepts",
    "descendant_id": "SELECT id, slug FROM concepts",
    "document_id": "SELECT id, key FROM documents",
}
_LEFT_OUT = {"id", "created_at", "ran_at"}


def dump_library(path: Path, *, without: frozenset[str] = frozenset()) -> Dump:
    """Return the rows of each table in order, private numbers told as keys; tables ``without`` are left out."""
    with closing(sqlite3.connect(path)) as connection:
        tables = [
            name
            for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
            if not name.startswith(("sqlite_", "documents_fts")) and name not in without
        ]
        names = {column: dict(connection.execute(query)) for column, query in _KEYS.items()}
        return {table: _read(connection, table, names) for table in tables} | {"words": _read_words(connection)}


def dump_exactly(path: Path) -> list[str]:
    """Return everything as SQL, private numbers and inner tables included."""
    with closing(sqlite3.connect(path)) as connection:
        return list(connection.iterdump())


def _read(connection: sqlite3.Connection, table: str, names: dict[str, dict[int, str]]) -> list[tuple[object, ...]]:
    cursor = connection.execute(f'SELECT * FROM "{table}"')
    columns = [column for column, *_ in cursor.description]
    rows = [
        tuple(
            names[column].get(value, value) if column in names else value
            for column, value in zip(columns, row, strict=True)
            if column not in _LEFT_OUT
        )
        for row in cursor
    ]
    return sorted(rows, key=repr)


def _read_words(connection: sqlite3.Connection) -> list[tuple[object, ...]]:
    """Return which word stands in which text and column, and how often: what the full-text index really holds."""
    connection.execute("CREATE VIRTUAL TABLE temp.words USING fts5vocab(main, documents_fts, instance)")
    query = (
        "SELECT coalesce(documents.key, 'no text ' || words.doc), col, term, count(*) FROM words "
        "LEFT JOIN documents ON documents.id = words.doc GROUP BY 1, 2, 3"
    )
    return sorted(connection.execute(query), key=repr)
