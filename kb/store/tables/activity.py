"""What happened here: snippets, runs, verdicts, imports, records under review."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, UniqueConstraint
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
    parameters: Mapped[str] = mapped_column(default="")
    """What the user named of its settings, as written."""
    like_idea: Mapped[str] = mapped_column(default="")
    """The slug of the idea whose form it takes, where that is not the idea it is attached to."""
    version: Mapped[int] = mapped_column(default=1)
    changed_at: Mapped[datetime | None]


class SnippetVersionRow(Table):
    """What a snippet was before it was changed."""

    __tablename__ = "snippet_versions"

    snippet_id: Mapped[int] = mapped_column(ForeignKey("snippets.id", ondelete="CASCADE"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str]
    code_hash: Mapped[str]
    parameters: Mapped[str]
    saved_at: Mapped[datetime]


class CodeRow(Table):
    """The source of recorded runs, once for all runs of the same one."""

    __tablename__ = "codes"

    code_hash: Mapped[str] = mapped_column(primary_key=True)
    code: Mapped[str]


class RunRow(Table):
    __tablename__ = "runs"

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(index=True)
    """What ran: ``code:<slug>``, ``compare:<slug>,<slug>``, ``snippet:<number>``, ``file:<name>``, ..."""
    code_hash: Mapped[str]
    """Of the source as its author wrote it; ``codes`` has the text, but for runs older than that table."""
    parameters: Mapped[dict[str, Any]]
    seed: Mapped[int]
    status: Mapped[str]
    wall_s: Mapped[float]
    figures: Mapped[dict[str, Any]]
    stdout: Mapped[str]
    stderr: Mapped[str]
    truncated: Mapped[bool]
    exit_code: Mapped[int | None]
    versions: Mapped[dict[str, Any]]
    """What it ran on, by name: stemma, python, torch; empty for runs older than this column."""
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
    figures: Mapped[list[float | None]]
    """One a draw; empty for verdicts older than this column."""
    example: Mapped[dict[str, Any] | None]
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
