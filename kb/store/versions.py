"""A number that grows whenever papers, citations, concepts or lineage change: caches ask for it."""

from sqlalchemy import text
from sqlalchemy.orm import Session

_BUMP = text(
    "INSERT INTO facts(name, value) VALUES ('version', '1') "
    "ON CONFLICT(name) DO UPDATE SET value = CAST(CAST(value AS INTEGER) + 1 AS TEXT)"
)


def bump_version(session: Session) -> None:
    """Say that what caches hold is out of date, in the transaction that makes it so."""
    session.execute(_BUMP)


def read_version(session: Session) -> int:
    """Return the number; 0 for a library in which nothing was ever written."""
    return int(session.scalar(text("SELECT value FROM facts WHERE name = 'version'")) or 0)
