"""Small manners of writing many rows at once."""

from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

from sqlalchemy import Insert, func, select
from sqlalchemy.orm import Session

T = TypeVar("T")

#: SQLite takes 32,766 parameters a statement; shorter lists keep the statement cache small.
CHUNK = 2_000


def chunked(items: Sequence[T], size: int = CHUNK) -> Iterator[Sequence[T]]:
    """Give slices of at most ``size`` items."""
    for start in range(0, len(items), size):
        yield items[start : start + size]


def next_id(session: Session, table: Any) -> int:
    """Return the next free number of a table; only true inside a write transaction."""
    return (session.scalar(select(func.max(table.id))) or 0) + 1


def insert_rows(session: Session, statement: Insert, rows: Sequence[dict[str, Any]]) -> None:
    """Insert many rows with one prepared statement, past the ORM's bookkeeping: half the time; none is fine."""
    if rows:
        session.connection().execute(statement, rows)


def insert_plain_rows(
    session: Session, statement: Insert, names: Sequence[str], rows: Sequence[tuple[Any, ...]]
) -> None:
    """Insert many rows of bare texts and numbers straight through the driver: a third of the time of ``insert_rows``.

    Parameters
    ----------
    names : the columns of a row, in its order
    """
    if not rows:
        return
    connection = session.connection()
    compiled = statement.compile(dialect=connection.dialect, column_keys=list(names))
    order = [names.index(name) for name in compiled.positiontup or names]
    if order != list(range(len(names))):
        rows = [tuple(row[place] for place in order) for row in rows]
    connection.exec_driver_sql(str(compiled), list(rows))
