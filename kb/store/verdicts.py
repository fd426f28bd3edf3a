"""Verdicts of claims: every one is kept, the newest of a claim is the one that counts."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from kb.records import Example, Verdict
from kb.store.tables import VerdictRow


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
            figures=list(verdict.figures),
            example=asdict(verdict.example) if verdict.example else None,
            ran_at=verdict.ran_at or datetime.now(UTC),
        )
    )


def list_verdicts(session: Session, current: Mapping[str, str]) -> list[Verdict]:
    """Return the newest verdict of each claim; stale where ``current`` (claim to code hash) says otherwise."""
    newest = select(func.max(VerdictRow.id)).group_by(VerdictRow.claim)
    rows = session.scalars(select(VerdictRow).where(VerdictRow.id.in_(newest)).order_by(VerdictRow.claim))
    return [_read(row, current.get(row.claim, "")) for row in rows]


def list_history(session: Session, claim: str, current: str, *, count: int = 25) -> list[Verdict]:
    """Return the verdicts ever reached on one claim, the newest first; stale where ``current`` is not their hash."""
    query = select(VerdictRow).where(VerdictRow.claim == claim).order_by(VerdictRow.id.desc()).limit(count)
    return [_read(row, current) for row in session.scalars(query)]


def _read(row: VerdictRow, current: str) -> Verdict:
    return Verdict(
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
        stale=current != row.code_hash,
        detail=row.detail,
        figures=tuple(row.figures),
        example=Example(**row.example) if row.example else None,
    )
