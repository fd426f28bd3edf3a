"""Find texts: by their words, by their exact name, by what a reader wants to see of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, column, exists, literal_column, or_, select, table, text
from sqlalchemy.orm import Session

from kb.records import Kind, SearchFilter
from kb.store.naming import fold_name
from kb.store.papers import read_ids
from kb.store.rows import chunked
from kb.store.tables import (
    AuthorRow,
    ConceptRow,
    DocumentNameRow,
    DocumentRow,
    DocumentTagRow,
    PaperAuthorRow,
    PaperConceptRow,
    PaperRow,
)

#: How many texts may match equally well at the edge of what is wanted.
_TIES = 50
_INDEX = table("documents_fts", column("rowid"))
#: A word in the title or in another name weighs eight times one in the body.
_RANK: ColumnElement[float] = literal_column("bm25(documents_fts, 8.0, 8.0, 1.0)").label("rank")


@dataclass(frozen=True, slots=True)
class LexicalMatch:
    """A text that holds the words. ``bm25`` is SQLite's: negative, the smaller the better."""

    key: str
    bm25: float


@dataclass(frozen=True, slots=True)
class DocumentView:
    """A text as it is shown; ``ids`` are the paper's, scheme to value."""

    key: str
    kind: Kind
    title: str
    body: str
    names: tuple[str, ...]
    year: int | None
    ids: Mapping[str, str]


def match_lexical(session: Session, words: str, wanted: SearchFilter, limit: int) -> list[LexicalMatch]:
    """Return texts that match a full-text expression of ``fts_query``, best first, ties by key."""
    if not words:
        return []
    # The best are chosen among bare numbers: looking up the key of every match takes half as long again. A few more
    # than wanted, so that ties at the edge go by key all the same.
    best = select(_INDEX.c.rowid, _RANK).where(text("documents_fts MATCH :words")).order_by(_RANK, _INDEX.c.rowid)
    allowed = _numbers(wanted)
    if allowed is not None:
        # The plus keeps SQLite from searching the index once for each allowed number.
        best = best.where(literal_column("+documents_fts.rowid").in_(allowed))
    found = best.limit(limit + _TIES).subquery()
    query = select(DocumentRow.key, found.c.rank).join(found, found.c.rowid == DocumentRow.id)
    rows = session.execute(query.order_by(found.c.rank, DocumentRow.key).limit(limit), {"words": words})
    return [LexicalMatch(key, rank) for key, rank in rows]


def allowed_keys(session: Session, wanted: SearchFilter) -> set[str] | None:
    """Return the keys that satisfy a filter, or None where it allows everything."""
    numbers = _numbers(wanted)
    if numbers is None:
        return None
    return set(session.scalars(select(DocumentRow.key).where(DocumentRow.id.in_(numbers))))


def find_by_name(session: Session, *names: str) -> list[str]:
    """Return the keys of texts of which a title or other name is one of these, apart from case, accents, hyphens."""
    folded = sorted({fold_name(name) for name in names} - {""})
    query = select(DocumentRow.key).join(DocumentNameRow).where(DocumentNameRow.folded.in_(folded))
    return list(session.scalars(query.order_by(DocumentRow.kind, DocumentRow.key).distinct()))


def find_introducers(session: Session, keys: Sequence[str]) -> list[str]:
    """Return the keys of the papers that introduced these concepts (``concept:<slug>``), oldest first."""
    slugs = [key.removeprefix("concept:") for key in keys]
    query = select(PaperRow.key).join(ConceptRow, ConceptRow.introduced_by == PaperRow.id)
    return list(
        session.scalars(query.where(ConceptRow.slug.in_(slugs)).order_by(PaperRow.year, PaperRow.key).distinct())
    )


def get_documents(session: Session, keys: Sequence[str]) -> dict[str, DocumentView]:
    """Return texts as they are shown, by key; keys that are not here are left out."""
    rows = [
        row
        for part in chunked(sorted(set(keys)))
        for row in session.scalars(select(DocumentRow).where(DocumentRow.key.in_(part)))
    ]
    ids = read_ids(session, [row.paper_id for row in rows if row.paper_id is not None])
    return {
        row.key: DocumentView(
            row.key,
            row.kind,  # type: ignore[arg-type]
            row.title,
            row.body,
            tuple(row.names.splitlines()),
            row.year,
            ids.get(row.paper_id or 0, {}),
        )
        for row in rows
    }


def _numbers(wanted: SearchFilter) -> Select[int] | None:
    """Return a query for the private numbers that satisfy a filter, or None where it allows everything."""
    if wanted == SearchFilter():
        return None
    query = select(DocumentRow.id)
    if wanted.kinds:
        query = query.where(DocumentRow.kind.in_(wanted.kinds))
    if wanted.year_from is not None:
        query = query.where(DocumentRow.year >= wanted.year_from)
    if wanted.year_to is not None:
        query = query.where(DocumentRow.year <= wanted.year_to)
    if wanted.author:
        names = (
            select(PaperAuthorRow.paper_id)
            .join(AuthorRow)
            .where(AuthorRow.name.icontains(wanted.author, autoescape=True))
        )
        query = query.where(DocumentRow.paper_id.in_(names))
    if wanted.concept:
        number = select(ConceptRow.id).where(ConceptRow.slug == wanted.concept)
        papers = select(PaperConceptRow.paper_id).where(PaperConceptRow.concept_id.in_(number))
        tagged = select(DocumentTagRow.document_id).where(DocumentTagRow.concept_id.in_(number))
        mine = (DocumentRow.paper_id.in_(papers), DocumentRow.concept_id.in_(number), DocumentRow.id.in_(tagged))
        query = query.where(or_(*mine))
    if wanted.has_code:
        coded = select(DocumentRow.concept_id).where(DocumentRow.kind == "code")
        papers = select(PaperConceptRow.paper_id).where(
            PaperConceptRow.concept_id.in_(coded), PaperConceptRow.role == "introduces"
        )
        query = query.where(or_(DocumentRow.concept_id.in_(coded), DocumentRow.paper_id.in_(papers)))
    return query


def has_code(session: Session, slug: str) -> bool:
    """Tell whether a concept has a reference implementation in the index."""
    return bool(session.scalar(select(exists().where(DocumentRow.key == f"code:{slug}"))))
