"""Code that a user attaches to a paper or an idea. What it was before a change is kept; what it belongs to may go."""

from collections import Counter
from datetime import UTC, datetime

from sqlalchemy import ColumnElement, delete, func, insert, or_, select
from sqlalchemy.orm import Session

from kb.errors import InvalidQueryError, NotFoundError
from kb.records import Snippet, SnippetVersion
from kb.store.runs import hash_code
from kb.store.tables import ConceptRow, FactRow, PaperIdRow, PaperRow, SnippetRow, SnippetVersionRow

CLAIMS = "claims"
"""The key of what is attached to the claims instead of to a record: a claim of a user's own."""
_LAST = "last snippet"
"""The fact that holds the greatest number ever given: an address is never given twice."""
_OF_IDEAS = ("concept", "code")
"""An idea and its code are one record; earlier versions kept what was attached to ``code:`` under that."""


def save_snippet(
    session: Session, key: str, name: str, code: str, *, parameters: str = "", like: str = ""
) -> Snippet:
    """Attach code to a record and return it as kept.

    Raises
    ------
    InvalidQueryError : the record has a snippet of this name already
    """
    _refuse_taken(session, key, name)
    row = SnippetRow(
        id=_next_number(session),
        key=key,
        name=name,
        code=code,
        code_hash=hash_code(code),
        created_at=datetime.now(UTC),
        parameters=parameters,
        like_idea=like,
        version=1,
    )
    session.add(row)
    session.flush()
    return _snippet(row)


def change_snippet(session: Session, changed: Snippet) -> Snippet:
    """Keep a snippet as it is given; code or parameters that differ make a new version, and the old one stays.

    Raises
    ------
    NotFoundError     : there is none with this number
    InvalidQueryError : the record has another snippet of this name
    """
    row = _get(session, changed.id)
    _refuse_taken(session, changed.key, changed.name, but=row.id)
    row.key, row.name, row.like_idea = changed.key, changed.name, changed.like
    if (row.code, row.parameters) != (changed.code, changed.parameters):
        session.add(
            SnippetVersionRow(
                snippet_id=row.id,
                version=row.version,
                code=row.code,
                code_hash=row.code_hash,
                parameters=row.parameters,
                saved_at=row.changed_at or row.created_at,
            )
        )
        row.code, row.code_hash, row.parameters = changed.code, hash_code(changed.code), changed.parameters
        row.version, row.changed_at = row.version + 1, datetime.now(UTC)
    session.flush()
    return _snippet(row)


def delete_snippet(session: Session, number: int) -> None:
    """Remove a snippet with all its versions; runs of it stay recorded, and its number is not given again."""
    row = _get(session, number)
    session.execute(delete(SnippetVersionRow).where(SnippetVersionRow.snippet_id == row.id))
    session.execute(delete(SnippetRow).where(SnippetRow.id == row.id))


def list_snippets(session: Session, key: str | None = None) -> list[Snippet]:
    """Return the snippets attached to a record, or to any, oldest first."""
    chosen = SnippetRow.key != CLAIMS if key is None else _attached_to(key)
    return [_snippet(row) for row in session.scalars(select(SnippetRow).where(chosen).order_by(SnippetRow.id))]


def get_snippet(session: Session, number: int) -> Snippet:
    """Return one snippet.

    Raises
    ------
    NotFoundError : there is none with this number
    """
    found = read_row(session, number)
    if found.key == CLAIMS:
        raise NotFoundError(f"snippet {number} is a claim of your own; its name is own:{number}")
    return found


def read_row(session: Session, number: int) -> Snippet:
    """Return what is kept under a number, a snippet or a claim.

    Raises
    ------
    NotFoundError : there is nothing
    """
    return _snippet(_get(session, number))


def list_versions(session: Session, number: int) -> list[SnippetVersion]:
    """Return what a snippet was before, newest first."""
    rows = session.scalars(
        select(SnippetVersionRow)
        .where(SnippetVersionRow.snippet_id == number)
        .order_by(SnippetVersionRow.version.desc())
    )
    return [SnippetVersion(row.version, row.code, row.code_hash, row.parameters, row.saved_at) for row in rows]


def count_attached(session: Session) -> dict[str, int]:
    """Return how many snippets are attached to each record that is here, by the record's present key.

    The key of what is gone is missing.
    """
    counts: Counter[str] = Counter()
    for (key,) in session.execute(select(SnippetRow.key).where(SnippetRow.key != CLAIMS)):
        if present := find_present(session, key):
            counts[present] += 1
    return dict(counts)


def find_present(session: Session, key: str) -> str:
    """Return the key under which the record is here that a snippet is attached to; empty where it is gone."""
    kind, _, slug = key.partition(":")
    if kind in _OF_IDEAS:
        found = session.scalar(select(ConceptRow.slug).where(ConceptRow.slug == slug))
        return f"concept:{found}" if found else ""
    number = select(PaperIdRow.paper_id).where(PaperIdRow.key == key)
    return session.scalar(select(PaperRow.key).where(PaperRow.id.in_(number))) or ""


def _attached_to(key: str) -> ColumnElement[bool]:
    kind, _, slug = key.partition(":")
    if kind in _OF_IDEAS:
        return SnippetRow.key.in_([f"{one}:{slug}" for one in _OF_IDEAS])
    # A paper's are found by any of its identifiers: its key may have become a stronger one since.
    number = select(PaperIdRow.paper_id).where(PaperIdRow.key == key)
    same = select(PaperIdRow.key).where(PaperIdRow.paper_id.in_(number))
    return or_(SnippetRow.key == key, SnippetRow.key.in_(same))


def _refuse_taken(session: Session, key: str, name: str, but: int | None = None) -> None:
    for number, other in session.execute(select(SnippetRow.id, SnippetRow.name).where(_attached_to(key))):
        if number != but and other.casefold() == name.casefold():
            raise InvalidQueryError(
                f"{key} has a snippet called {other!r} already: choose another name, or change snippet:{number}"
            )


def _next_number(session: Session) -> int:
    last = session.scalar(select(FactRow.value).where(FactRow.name == _LAST))
    number = max(int(last or 0), session.scalar(select(func.max(SnippetRow.id))) or 0) + 1
    session.execute(insert(FactRow).prefix_with("OR REPLACE").values(name=_LAST, value=str(number)))
    return number


def _get(session: Session, number: int) -> SnippetRow:
    row = session.get(SnippetRow, number)
    if row is None:
        raise NotFoundError(f"no snippet {number} in this library; 'stemma snippets' lists them")
    return row


def _snippet(row: SnippetRow) -> Snippet:
    return Snippet(
        id=row.id,
        key=row.key,
        name=row.name,
        code=row.code,
        code_hash=row.code_hash,
        created_at=row.created_at,
        parameters=row.parameters,
        like=row.like_idea,
        version=row.version,
        changed_at=row.changed_at,
    )
