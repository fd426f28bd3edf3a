"""Build the library from the catalogue, and rebuild it: only catalogue rows change, and only where they differ.

What a user added, attached or ran stays. A paper that leaves the catalogue stays too if another origin knows it;
otherwise it goes, and what cites it from elsewhere keeps it as an open citation.
"""

from collections.abc import Callable, Sequence

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from kb.records import Catalogue, Document, OpenCitation, Paper, PaperRecord
from kb.store import citations, concepts, documents
from kb.store.identity import find_paper_ids
from kb.store.saving import save_records
from kb.store.sessions import Store
from kb.store.tables import FactRow, PaperConceptRow, PaperOriginRow, PaperRow
from kb.store.versions import bump_version

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how much is done, and of how much."""


def is_built_from(session: Session, fingerprint: str) -> bool:
    """Tell whether the library was built from exactly this catalogue and code."""
    return session.scalar(select(FactRow.value).where(FactRow.name == "catalogue")) == fingerprint


def build_library(store: Store, catalogue: Catalogue, code: Sequence[Document], fingerprint: str) -> None:
    """Write the catalogue and the texts of the reference implementations, in one transaction."""
    with store.write() as session:
        gone = concepts.replace_concepts(session, catalogue.concepts, find_paper_ids(session, _keys(catalogue)))
        documents.delete_documents(session, [f"concept:{slug}" for slug in gone])
        session.execute(delete(PaperConceptRow).where(PaperConceptRow.origin == "catalogue"))
        _save_papers(session, catalogue)
        papers = find_paper_ids(session, _keys(catalogue))
        # A second time, now that every paper which introduces a concept has its number.
        concepts.replace_concepts(session, catalogue.concepts, papers)
        concepts.replace_edges(session, catalogue.edges, papers)
        concepts.replace_glossary(session, catalogue.glossary)
        documents.save_concept_documents(session)
        _save_code(session, code)
        _drop_departed(session, set(papers.values()))
        bump_version(session)
        session.execute(insert(FactRow).prefix_with("OR REPLACE").values(name="catalogue", value=fingerprint))


def _keys(catalogue: Catalogue) -> list[str]:
    return [paper.key for paper in catalogue.papers]


def _save_papers(session: Session, catalogue: Catalogue) -> None:
    cites: dict[str, list[OpenCitation]] = {}
    titles = {paper.key: paper.title for paper in catalogue.papers}
    for one in catalogue.citations:
        cites.setdefault(one.citing, []).append(OpenCitation(one.cited, titles[one.cited]))
    records = [PaperRecord(paper, tuple(cites.get(paper.key, ()))) for paper in catalogue.papers]
    # Links to concepts were just taken out: forget the hashes, so that every record is written again.
    session.execute(update(PaperOriginRow).where(PaperOriginRow.origin == "catalogue").values(record_hash=""))
    save_records(session, records)
    numbers = find_paper_ids(session, titles)
    for one in catalogue.citations:
        if one.note:
            citations.note_forward(session, numbers[one.citing], numbers[one.cited], one.note)
    _restate(session, catalogue.papers, numbers)


def _restate(session: Session, papers: Sequence[Paper], numbers: dict[str, int]) -> None:
    """Let the catalogue take back what it no longer says: merging alone never empties a field."""
    fields = (
        "title_zh",
        "summary",
        "summary_zh",
        "family",
        "cites_complete",
        "authors_more",
        "published_on",
        "venue",
    )
    for paper in papers:
        values = {name: getattr(paper, name) for name in fields}
        session.execute(update(PaperRow).where(PaperRow.id == numbers[paper.key]).values(**values))


def _save_code(session: Session, code: Sequence[Document]) -> None:
    numbers = concepts.number_of_slugs(session)
    kept = {document.key for document in code}
    documents.delete_documents(session, [key for key in documents.list_keys(session, "code") if key not in kept])
    documents.save_documents(
        session,
        [
            (document, documents.Owner(concept_id=numbers.get(document.key.removeprefix("code:"))))
            for document in code
        ],
    )


def _drop_departed(session: Session, current: set[int]) -> None:
    shipped = session.execute(select(PaperRow.id, PaperRow.key).where(PaperRow.shipped)).all()
    for number, key in shipped:
        if number in current:
            continue
        session.execute(
            delete(PaperOriginRow).where(PaperOriginRow.paper_id == number, PaperOriginRow.origin == "catalogue")
        )
        others = session.scalars(select(PaperOriginRow.origin).where(PaperOriginRow.paper_id == number)).all()
        if others:
            values = {"shipped": False, "origin": sorted(others)[0], "summary": "", "summary_zh": "", "family": ""}
            session.execute(update(PaperRow).where(PaperRow.id == number).values(**values))
            documents.save_paper_documents(session, [number])
        else:
            citations.open_again(session, number)
            documents.delete_documents(session, [key])
            session.execute(delete(PaperRow).where(PaperRow.id == number))
