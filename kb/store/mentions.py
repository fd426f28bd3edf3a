"""Papers named in passing: a line each."""

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from kb.records import Mention
from kb.store import papers
from kb.store.identity import find_paper_ids
from kb.store.rows import chunked
from kb.store.tables import PaperRow


def list_mentions(session: Session, keys: Iterable[tuple[str, str]]) -> tuple[Mention, ...]:
    """Return a line for each (paper's key, note) that is here, by year and title; an unknown year last."""
    by_key = dict(keys)
    numbers = find_paper_ids(session, by_key)
    authors = papers.read_authors(session, sorted(numbers.values()))
    found = [
        Mention(row.key, row.title, row.year, tuple(authors.get(row.id, ())), by_key[row.key])
        for part in chunked(sorted(numbers.values()))
        for row in session.scalars(select(PaperRow).where(PaperRow.id.in_(part)))
    ]
    return tuple(sorted(found, key=lambda one: (one.year is None, one.year or 0, one.title, one.key)))
