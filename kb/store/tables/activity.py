"""What happened here: snippets, runs, verdicts, imports, records under review."""

from datetime import datetime
from typing import Any

from sqlalchemy import UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from kb.store.tables.root import Table


class SnippetRow(Table):
    __tablename__ = "snippets"

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(index=True)
    """What it is attached to: a paper's, a concept's or an idea's key. Text on purpose: it survives rebuilding."""
    name: Mapped[str]
    code: Mapped[str]
    code_hash: Mapped[str]
    created_at: Mapped[datetime]


class RunRow(Table):
    __tablename__ = "runs"

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(index=True)
    """What ran: ``code:<slug>``, ``snippet:<number>`` or ``file:<name>``."""
    code_hash: Mapped[str]
    parameters: Mapped[dict[str, Any]]
    seed: Mapped[int]
    status: Mapped[str]
    wall_s: Mapped[float]
    figures: Mapped[dict[str, Any]]
    stdout: Mapped[str]
    message: Mapped[str]
    confinement: Mapped[str]
    created_at: Mapped[datetime]


class VerdictRow(Table):
    """Every verdict ever reached; the newest of a claim is the one shown."""

    __tablename__ = "verdicts"

    id: Mapped[int] = mapped_column(primary_key=True)
    claim: Mapped[str] = mapped_column(index=True)
    verdict: Mapped[str]
    expected: Mapped[str]
    measured: Mapped[float | None]
    bound: Mapped[float | None]
    seconds: Mapped[float]
    seed: Mapped[int]
    code_hash: Mapped[str]
    versions: Mapped[dict[str, Any]]
    detail: Mapped[str]
    ran_at: Mapped[datetime]


class ReviewRow(Table):
    """A record whose identifiers disagree with what is here: neither merged nor split in silence."""

    __tablename__ = "reviews"

    id: Mapped[int] = mapped_column(primary_key=True)
    existing_key: Mapped[str]
    incoming_key: Mapped[str]
    origin: Mapped[str]
    reason: Mapped[str]
    record_hash: Mapped[str]
    title: Mapped[str]

    __table_args__ = (UniqueConstraint("existing_key", "incoming_key", "origin"),)


class ImportRow(Table):
    """How far an import of a file has come; the file is known by the hash of its content."""

    __tablename__ = "imports"

    fingerprint: Mapped[str] = mapped_column(primary_key=True)
    file_name: Mapped[str]
    taken: Mapped[int]
    finished: Mapped[bool] = mapped_column(default=False)


class FactRow(Table):
    """Single facts about the library itself, such as the fingerprint of the catalogue it was built from."""

    __tablename__ = "facts"

    name: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[str]
