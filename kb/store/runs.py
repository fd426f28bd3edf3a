"""What ran: ideas, trainings and a user's own code, with source and figures."""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session, load_only

from kb.errors import NotFoundError
from kb.records import RunNote, RunRecord, RunResult
from kb.store.tables import CodeRow, RunRow


def save_run(
    session: Session, of: str, code: str, result: RunResult, *, parameters: Mapping[str, object], seed: int
) -> RunNote:
    """Record a run with its source, and return it as a line of a list.

    Parameters
    ----------
    of   : what ran, ``code:<slug>`` and the like
    code : its source as its author wrote it
    """
    values = {
        "key": of,
        "code_hash": hash_code(code),
        "parameters": dict(parameters),
        "seed": seed,
        "status": result.status,
        "wall_s": result.wall_s,
        "figures": dict(result.figures),
        "stdout": result.stdout,
        "stderr": result.stderr,
        "truncated": result.truncated,
        "exit_code": result.exit_code,
        "versions": dict(result.versions),
        "message": result.message,
        "confinement": result.confinement,
        "created_at": datetime.now(UTC),
    }
    _keep_code(session, code)
    return _note(session.scalars(insert(RunRow).values(**values).returning(RunRow)).one())


def _keep_code(session: Session, code: str) -> None:
    """Keep a source once; half a surrogate pair, which no database takes, is written out."""
    name = hash_code(code)
    if session.scalar(select(CodeRow.code_hash).where(CodeRow.code_hash == name)) is None:
        text = code.encode("utf-8", "backslashreplace").decode()
        session.execute(insert(CodeRow).values(code_hash=name, code=text))


def list_runs(session: Session, of: str = "", *, start: int = 0, count: int = 25) -> list[RunNote]:
    """Return recorded runs, of one thing or of all, the newest first."""
    columns = (
        *(RunRow.id, RunRow.key, RunRow.code_hash, RunRow.parameters, RunRow.seed),
        *(RunRow.status, RunRow.wall_s, RunRow.created_at),
    )
    query = select(RunRow).options(load_only(*columns)).order_by(RunRow.id.desc()).offset(start).limit(count)
    return [_note(row) for row in session.scalars(query.where(RunRow.key == of) if of else query)]


def count_runs(session: Session, of: str = "") -> int:
    """Return how many runs of one thing, or of all, are recorded."""
    query = select(func.count()).select_from(RunRow)
    return session.scalar(query.where(RunRow.key == of) if of else query) or 0


def get_run(session: Session, number: int) -> RunRecord:
    """Return all that was recorded of a run.

    Raises
    ------
    NotFoundError : there is none with this number
    """
    row = session.get(RunRow, number)
    if row is None:
        raise NotFoundError(f"no run {number} in this library; 'stemma runs' lists those that are")
    code = session.get(CodeRow, row.code_hash)
    result = RunResult(
        status=row.status,  # type: ignore[arg-type]
        stdout=row.stdout,
        stderr=row.stderr,
        truncated=row.truncated,
        wall_s=row.wall_s,
        exit_code=row.exit_code,
        figures=row.figures,
        confinement=row.confinement,
        message=row.message,
        versions=row.versions,
        key=f"run:{row.id}",
    )
    return RunRecord(_note(row), code.code if code else "", result)


def _note(row: RunRow) -> RunNote:
    return RunNote(
        key=f"run:{row.id}",
        of=row.key,
        code_hash=row.code_hash,
        parameters=row.parameters,
        seed=row.seed,
        status=row.status,  # type: ignore[arg-type]
        wall_s=row.wall_s,
        ran_at=row.created_at,
    )


def hash_code(code: str) -> str:
    """Return the SHA-256 of a program's text."""
    return hashlib.sha256(code.encode("utf-8", "surrogatepass")).hexdigest()
