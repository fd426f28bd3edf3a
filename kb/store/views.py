"""A paper with its links, gathered for a reader."""

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from kb.errors import NotFoundError
from kb.records import Citation, Mention, PaperView
from kb.store import citations, papers, runs
from kb.store.health import list_ledger
from kb.store.identity import find_paper_ids
from kb.store.rows import chunked
from kb.store.tables import ConceptRow, PaperConceptRow, PaperRow


def get_paper_view(session: Session, key: str) -> PaperView:
    """Return a paper with what it cites, what cites it, its ideas, its ledger and its snippets.

    Raises
    ------
    NotFoundError : nothing here has this identifier
    """
    paper = papers.get_paper(session, key)
    number = find_paper_ids(session, [paper.key])[paper.key]
    cites, cited_by = citations.list_citations_of(session, number)
    return PaperView(
        paper=paper,
        cites=_mentions(session, [(one.cited, _note(one)) for one in cites]),
        cited_by=_mentions(session, [(one.citing, _note(one)) for one in cited_by]),
        open_citations=tuple(citations.list_open(session, number)),
        ideas=_ideas(session, number),
        ledger=tuple(list_ledger(session, number)),
        snippets=tuple(runs.list_snippets(session, paper.key)),
    )


def list_mentions(session: Session, keys: Iterable[tuple[str, str]]) -> tuple[Mention, ...]:
    """Return a line for each (paper's key, note), by year and title; an unknown year last."""
    return _mentions(session, list(keys))


def resolve_key(session: Session, key: str) -> str:
    """Return the key under which a paper with this identifier is kept.

    Raises
    ------
    NotFoundError : nothing here has this identifier
    """
    number = find_paper_ids(session, [key]).get(key)
    found = session.scalar(select(PaperRow.key).where(PaperRow.id == number))
    if found is None:
        raise NotFoundError(f"no paper {key} in this library; 'stemma add {key}' fetches it")
    return found


def _note(citation: Citation) -> str:
    return citation.note


def _mentions(session: Session, notes: list[tuple[str, str]]) -> tuple[Mention, ...]:
    by_key = dict(notes)
    numbers = find_paper_ids(session, by_key)
    authors = papers.read_authors(session, sorted(numbers.values()))
    found = [
        Mention(row.key, row.title, row.year, tuple(authors.get(row.id, ())), by_key[row.key])
        for part in chunked(sorted(numbers.values()))
        for row in session.scalars(select(PaperRow).where(PaperRow.id.in_(part)))
    ]
    return tuple(sorted(found, key=lambda one: (one.year is None, one.year or 0, one.title, one.key)))


def _ideas(session: Session, number: int) -> tuple[Mention, ...]:
    query = (
        select(ConceptRow.slug, ConceptRow.name, ConceptRow.introduced, PaperConceptRow.role)
        .join(PaperConceptRow, PaperConceptRow.concept_id == ConceptRow.id)
        .where(PaperConceptRow.paper_id == number)
        .order_by(PaperConceptRow.role, ConceptRow.name)
    )
    rows = session.execute(query)
    return tuple(Mention(f"concept:{slug}", name, year, note=role) for slug, name, year, role in rows)
