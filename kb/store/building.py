"""Build the library from the catalogue, and rebuild it: only catalogue rows change, and only where they differ.

What a user added, attached or ran stays. A paper that leaves the catalogue stays too if another origin knows it;
otherwise it goes, and what cites it from elsewhere keeps it as an open citation.
"""

from collections.abc import Callable, Sequence

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from kb.records import Catalogue, Document, OpenCitation, Paper, PaperRecord
from kb.store import citations, concepts, divergences, documents
from kb.store.identity import find_paper_ids
from kb.store.merging import strength
from kb.store.saving import save_records
from kb.store.sessions import Store
from kb.store.tables import FactRow, PaperConceptRow, PaperOriginRow, PaperRow
from kb.store.versions import bump_version

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how much is done, and of how much."""


def is_built_from(session: Session, fingerprint: str) -> bool:
    """Tell whether the library was built from exactly this catalogue and code."""
    return session.scalar(select(FactRow.value).where(FactRow.name == "catalogue")) == fingerprint


def is_embedded(session: Session, fingerprint: str) -> bool:
    """Tell whether every text of this build was given its vector."""
    return session.scalar(select(FactRow.value).where(FactRow.name == "embedded")) == fingerprint


def note_embedded(session: Session, fingerprint: str) -> None:
    """Remember that every text of this build has its vector."""
    session.execute(insert(FactRow).prefix_with("OR REPLACE").values(name="embedded", value=fingerprint))


def build_library(store: Store, catalogue: Catalogue, code: Sequence[Document], fingerprint: str) -> None:
    """Write the catalogue and the texts of the reference implementations, in one transaction."""
    with store.write() as session:
        _delete_texts_of_gone(session, catalogue)
        concepts.replace_concepts(session, catalogue.concepts, find_paper_ids(session, _keys(catalogue)))
        session.execute(delete(PaperConceptRow).where(PaperConceptRow.origin == "catalogue"))
        _save_papers(session, catalogue)
        papers = find_paper_ids(session, _keys(catalogue))
        # A second time, now that every paper which introduces a concept has its number.
        concepts.replace_concepts(session, catalogue.concepts, papers)
        concepts.replace_edges(session, catalogue.edges, papers)
        divergences.replace_divergences(session, catalogue.divergences, papers)
        concepts.replace_glossary(session, catalogue.glossary)
        documents.save_concept_documents(session)
        _save_code(session, code)
        _drop_departed(session, set(papers.values()))
        bump_version(session)
        session.execute(insert(FactRow).prefix_with("OR REPLACE").values(name="catalogue", value=fingerprint))


def _keys(catalogue: Catalogue) -> list[str]:
    return [paper.key for paper in catalogue.papers]


def _delete_texts_of_gone(session: Session, catalogue: Catalogue) -> None:
    # Before the concepts go: their rows take the texts' rows along, and with them what the word index must be told.
    gone = concepts.number_of_slugs(session).keys() - {concept.slug for concept in catalogue.concepts}
    documents.delete_documents(session, [f"{kind}:{slug}" for slug in gone for kind in ("concept", "code")])


def _save_papers(session: Session, catalogue: Catalogue) -> None:
    cites: dict[str, list[OpenCitation]] = {}
    titles = {paper.key: paper.title for paper in catalogue.papers}
    for one in catalogue.citations:
        cites.setdefault(one.citing, []).append(OpenCitation(one.cited, titles[one.cited]))
    records = [PaperRecord(paper, tuple(cites.get(paper.key, ()))) for paper in catalogue.papers]
    # Links to concepts were just taken out: forget the hashes, so that every record is written again.
    session.execute(update(PaperOriginRow).where(PaperOriginRow.origin == "catalogue").values(record_hash=""))
    outcomes = save_records(session, records).outcomes
    taken = [paper for paper, outcome in zip(catalogue.papers, outcomes, strict=True) if outcome != "review"]
    numbers = find_paper_ids(session, [paper.key for paper in taken])
    for one in catalogue.citations:
        if one.note and one.citing in numbers and one.cited in numbers:
            citations.note_forward(session, numbers[one.citing], numbers[one.cited], one.note)
    _restate(session, taken, numbers)
    documents.save_paper_documents(session, sorted(numbers.values()))


def _restate(session: Session, papers: Sequence[Paper], numbers: dict[str, int]) -> None:
    """Let the catalogue take back what it no longer says: merging alone never empties a field."""
    fields = (
        "title_zh",
        "summary",
        "summary_zh",
        "family",
        "cites_complete",
        "authors_more",
        "kind",
        "url",
    )
    known_elsewhere = set(
        session.scalars(select(PaperOriginRow.paper_id).where(PaperOriginRow.origin != "catalogue"))
    )
    for paper in papers:
        number = numbers[paper.key]
        # Where another origin has filled these two gaps, they stay filled.
        more = () if number in known_elsewhere else ("published_on", "venue")
        values = {name: getattr(paper, name) for name in (*fields, *more)} | {"known_as": list(paper.known_as)}
        session.execute(update(PaperRow).where(PaperRow.id == number).values(**values))


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
        mine = PaperOriginRow.paper_id == number
        session.execute(delete(PaperOriginRow).where(mine, PaperOriginRow.origin == "catalogue"))
        if others := session.scalars(select(PaperOriginRow.origin).where(mine)).all():
            _leave_to_others(session, number, min(others, key=strength))
        else:
            citations.open_again(session, number)
            documents.delete_documents(session, [key])
            session.execute(delete(PaperRow).where(PaperRow.id == number))


def _leave_to_others(session: Session, number: int, origin: str) -> None:
    values = {"shipped": False, "origin": origin, "summary": "", "summary_zh": "", "family": "", "known_as": []}
    session.execute(update(PaperRow).where(PaperRow.id == number).values(**values))
    citations.replace_citations(session, [(number, "catalogue", ())], [number])
    # Its next record from there is to be taken again, though that has not changed: now its word counts.
    session.execute(update(PaperOriginRow).where(PaperOriginRow.paper_id == number).values(record_hash=""))
    documents.save_paper_documents(session, [number])
