"""Which ideas a text speaks of, as a tagger found by their names: of papers and of articles alike.

Tags stand beside what the catalogue says by hand (``introduces``, ``uses``) and never in its place.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.orm import Session

from kb.records import Mention, Tag
from kb.store.rows import insert_rows
from kb.store.tables import ConceptRow, DocumentRow, DocumentTagRow

_TAGGED_KINDS = ("paper", "model", "hardware", "software", "article")


@dataclass(frozen=True, slots=True)
class Untagged:
    """A text whose ideas are to be looked for, under its private number."""

    number: int
    title: str
    names: str
    body: str


def list_untagged(session: Session, tagger: str, count: int) -> list[Untagged]:
    """Return texts that were not tagged by this tagger since they changed, by number."""
    query = select(DocumentRow).where(DocumentRow.kind.in_(_TAGGED_KINDS), DocumentRow.tagged_with != tagger)
    rows = session.scalars(query.order_by(DocumentRow.id).limit(count).execution_options(populate_existing=True))
    return [Untagged(row.id, row.title, row.names, row.body) for row in rows]


def count_untagged(session: Session, tagger: str) -> int:
    query = select(func.count()).select_from(DocumentRow)
    wanted = query.where(DocumentRow.kind.in_(_TAGGED_KINDS), DocumentRow.tagged_with != tagger)
    return session.scalar(wanted) or 0


def save_tags(session: Session, tagger: str, found: Sequence[tuple[Untagged, Sequence[Tag]]]) -> None:
    """Write the ideas of texts in place of those of before. A text that changed meanwhile waits for its next turn."""
    numbers = dict(session.execute(select(ConceptRow.slug, ConceptRow.id)).all())
    current = {
        row.id: (row.title, row.names, row.body)
        for row in session.scalars(select(DocumentRow).where(DocumentRow.id.in_([one.number for one, _ in found])))
    }
    taken = [(one, tags) for one, tags in found if current.get(one.number) == (one.title, one.names, one.body)]
    mine = [one.number for one, _ in taken]
    session.execute(delete(DocumentTagRow).where(DocumentTagRow.document_id.in_(mine)))
    rows = [
        {"document_id": one.number, "concept_id": numbers[tag.slug], "count": tag.count, "in_title": tag.in_title}
        for one, tags in taken
        for tag in tags
        if tag.slug in numbers
    ]
    insert_rows(session, insert(DocumentTagRow), rows)
    session.execute(update(DocumentRow).where(DocumentRow.id.in_(mine)).values(tagged_with=tagger))


def list_tagged(session: Session, key: str) -> tuple[Mention, ...]:
    """Return the ideas that a text speaks of, the most frequent first; ``note`` is ``mentions``."""
    query = (
        select(ConceptRow.slug, ConceptRow.name, ConceptRow.introduced)
        .join(DocumentTagRow, DocumentTagRow.concept_id == ConceptRow.id)
        .join(DocumentRow, DocumentRow.id == DocumentTagRow.document_id)
        .where(DocumentRow.key == key)
        .order_by(DocumentTagRow.in_title.desc(), DocumentTagRow.count.desc(), ConceptRow.slug)
    )
    return tuple(
        Mention(f"concept:{slug}", name, year, note="mentions") for slug, name, year in session.execute(query)
    )
