"""What ran: verdicts of claims, runs of ideas and snippets, and the snippets themselves."""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from kb.errors import NotFoundError
from kb.records import RunResult, Snippet, Verdict
from kb.store.tables import PaperIdRow, RunRow, SnippetRow, VerdictRow


def save_verdict(session: Session, verdict: Verdict) -> None:
    """Add a verdict; older ones of the same claim stay as its history."""
    session.execute(
        insert(VerdictRow).values(
            claim=verdict.claim,
            verdict=verdict.verdict,
            expected=verdict.expected,
            measured=verdict.measured,
            bound=verdict.bound,
            seconds=verdict.seconds,
            seed=verdict.seed,
            code_hash=verdict.code_hash,
            versions=dict(verdict.versions),
            detail=verdict.detail,
            ran_at=verdict.ran_at or datetime.now(UTC),
        )
    )


def list_verdicts(session: Session, current: Mapping[str, str]) -> list[Verdict]:
    """Return the newest verdict of each claim; stale where ``current`` (claim to code hash) says otherwise."""
    newest = select(func.max(VerdictRow.id)).group_by(VerdictRow.claim)
    rows = session.scalars(select(VerdictRow).where(VerdictRow.id.in_(newest)).order_by(VerdictRow.claim))
    return [
        Verdict(
            claim=row.claim,
            verdict=row.verdict,  # type: ignore[arg-type]
            expected=row.expected,  # type: ignore[arg-type]
            measured=row.measured,
            bound=row.bound,
            seconds=row.seconds,
            seed=row.seed,
            code_hash=row.code_hash,
            versions=row.versions,
            ran_at=row.ran_at,
            stale=current.get(row.claim, "") != row.code_hash,
            detail=row.detail,
        )
        for row in rows
    ]


def save_run(
    session: Session, key: str, code: str, result: RunResult, *, parameters: Mapping[str, object], seed: int
) -> int:
    """Record a run and return its number."""
    values = {
        "key": key,
        "code_hash": hash_code(code),
        "parameters": dict(parameters),
        "seed": seed,
        "status": result.status,
        "wall_s": result.wall_s,
        "figures": dict(result.figures),
        "stdout": result.stdout,
        "message": result.message,
        "confinement": result.confinement,
        "created_at": datetime.now(UTC),
    }
    number = session.scalar(insert(RunRow).values(**values).returning(RunRow.id))
    assert number is not None
    return int(number)


def save_snippet(session: Session, key: str, name: str, code: str) -> Snippet:
    """Attach code to a record and return it as kept."""
    now = datetime.now(UTC)
    values = {"key": key, "name": name, "code": code, "code_hash": hash_code(code), "created_at": now}
    number = session.scalar(insert(SnippetRow).values(**values).returning(SnippetRow.id))
    assert number is not None
    return Snippet(number, key, name, code, hash_code(code), now)


def list_snippets(session: Session, key: str | None = None) -> list[Snippet]:
    """Return the snippets attached to a record, or all of them, oldest first.

    A paper's are found by any of its identifiers: its key may have become a stronger one since.
    """
    query = select(SnippetRow).order_by(SnippetRow.id)
    if key is not None:
        number = select(PaperIdRow.paper_id).where(PaperIdRow.key == key)
        same = select(PaperIdRow.key).where(PaperIdRow.paper_id.in_(number))
        query = query.where((SnippetRow.key == key) | SnippetRow.key.in_(same))
    return [_snippet(row) for row in session.scalars(query)]


def get_snippet(session: Session, number: int) -> Snippet:
    """Return one snippet.

    Raises
    ------
    NotFoundError : there is none with this number
    """
    row = session.get(SnippetRow, number)
    if row is None:
        raise NotFoundError(f"no snippet {number} in this library")
    return _snippet(row)


def hash_code(code: str) -> str:
    """Return the SHA-256 of a program's text."""
    return hashlib.sha256(code.encode("utf-8", "surrogatepass")).hexdigest()


def _snippet(row: SnippetRow) -> Snippet:
    return Snippet(row.id, row.key, row.name, row.code, row.code_hash, row.created_at)
