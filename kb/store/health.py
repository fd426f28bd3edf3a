"""What is in a library, and whether it is sound."""

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from kb.records import LedgerEntry
from kb.store import citations
from kb.store.snippets import CLAIMS
from kb.store.tables import (
    ConceptRow,
    DocumentRow,
    LineageEdgeRow,
    PaperOriginRow,
    PaperRow,
    RunRow,
    SnippetRow,
    VectorRow,
    VerdictRow,
)


def count_rows(session: Session) -> dict[str, int]:
    """Return how many there are of each kind of thing."""

    def count(table: type) -> int:
        return session.scalar(select(func.count()).select_from(table)) or 0

    linked, still_open = citations.count_citations(session)
    own_claims = session.scalar(select(func.count()).select_from(SnippetRow).where(SnippetRow.key == CLAIMS)) or 0
    shipped = session.scalar(select(func.count()).select_from(PaperRow).where(PaperRow.shipped)) or 0
    return {
        "papers": count(PaperRow),
        "papers of the catalogue": shipped,
        "ideas": count(ConceptRow),
        "lineage edges": count(LineageEdgeRow),
        "citations linked": linked,
        "citations open": still_open,
        "texts": count(DocumentRow),
        "vectors": count(VectorRow),
        "snippets": count(SnippetRow) - own_claims,
        "claims of your own": own_claims,
        "runs": count(RunRow),
        "verdicts": count(VerdictRow),
    }


def find_problems(session: Session) -> list[str]:
    """Return what is wrong with the file itself, one line each; empty for a sound one."""
    checks = session.execute(text("PRAGMA quick_check")).scalars().all()
    problems = [f"damaged: {line}" for line in checks if line != "ok"]
    broken = session.execute(text("PRAGMA foreign_key_check")).all()
    if broken:
        problems.append(f"{len(broken)} rows point to nothing, first in {broken[0][0]}")
    texts = session.scalar(text("SELECT count(*) FROM documents_fts_docsize")) or 0
    documents = session.scalar(select(func.count()).select_from(DocumentRow)) or 0
    if texts != documents:
        problems.append(f"the word index holds {texts} texts of {documents}; run 'stemma build'")
    return problems


def list_ledger(session: Session, number: int) -> list[LedgerEntry]:
    """Return which origin gave how many citations for a paper."""
    rows = session.scalars(
        select(PaperOriginRow).where(PaperOriginRow.paper_id == number).order_by(PaperOriginRow.origin)
    )
    return [LedgerEntry(row.origin, row.cites_given, row.cites_untitled) for row in rows]
