"""How far each import has come, kept in the same transaction as the records: a killed import resumes exactly."""

from sqlalchemy import insert, update
from sqlalchemy.orm import Session

from kb.store.tables import ImportRow


def begin_import(session: Session, fingerprint: str, file_name: str) -> int:
    """Return how many records an earlier, unfinished import of the same content had taken; 0 for a new one."""
    row = session.get(ImportRow, fingerprint)
    if row is None:
        session.execute(
            insert(ImportRow).values(fingerprint=fingerprint, file_name=file_name, taken=0, finished=False)
        )
        return 0
    if row.finished:
        _set(session, fingerprint, taken=0, finished=False)
        return 0
    return row.taken


def note_progress(session: Session, fingerprint: str, taken: int) -> None:
    """Remember that the first ``taken`` records of this content are in."""
    _set(session, fingerprint, taken=taken)


def finish_import(session: Session, fingerprint: str) -> None:
    """Mark an import as complete: the next one of the same content starts at its first record."""
    _set(session, fingerprint, finished=True)


def _set(session: Session, fingerprint: str, **values: object) -> None:
    session.execute(update(ImportRow).where(ImportRow.fingerprint == fingerprint).values(**values))
