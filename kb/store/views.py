"""A paper with its links, gathered for a reader."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from kb.errors import NotFoundError
from kb.records import Citation, Mention, PaperView
from kb.store import articles, citations, divergences, papers, snippets, tags
from kb.store.health import list_ledger
from kb.store.identity import find_paper_ids
from kb.store.mentions import list_mentions
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
        cites=list_mentions(session, [(one.cited, _note(one)) for one in cites]),
        cited_by=list_mentions(session, [(one.citing, _note(one)) for one in cited_by]),
        open_citations=tuple(citations.list_open(session, number)),
        ideas=_ideas(session, number, paper.key),
        ledger=tuple(list_ledger(session, number)),
        snippets=tuple(snippets.list_snippets(session, paper.key)),
        divergences=tuple(divergences.list_divergences(session, paper_id=number)),
        articles=articles.list_mentioning(session, number),
    )


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


def _ideas(session: Session, number: int, key: str) -> tuple[Mention, ...]:
    query = (
        select(ConceptRow.slug, ConceptRow.name, ConceptRow.introduced, PaperConceptRow.role)
        .join(PaperConceptRow, PaperConceptRow.concept_id == ConceptRow.id)
        .where(PaperConceptRow.paper_id == number)
        .order_by(PaperConceptRow.role, ConceptRow.name)
    )
    rows = session.execute(query)
    said = [Mention(f"concept:{slug}", name, year, note=role) for slug, name, year, role in rows]
    known = {one.key for one in said}
    return (*said, *(one for one in tags.list_tagged(session, key) if one.key not in known))
