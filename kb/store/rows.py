"""Small manners of writing many rows at once."""

from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

from sqlalchemy import func, select
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
