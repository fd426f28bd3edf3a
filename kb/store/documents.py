"""Searchable texts: written with every paper and concept, indexed for words, and held beside their vectors.

The full-text table is contentless: it holds the words of ``split_for_index`` and nothing to read back. To take words
out again SQLite must be told the very words that were put in, which is why a change first deletes with the old text.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, insert, select, text, update
from sqlalchemy.orm import Session

from kb.records import Document
from kb.store.naming import fold_name
from kb.store.papers import read_authors
from kb.store.rows import chunked, insert_rows, next_id
from kb.store.splitting import split_for_index
from kb.store.tables import (
    ConceptAliasRow,
    ConceptRow,
    DocumentNameRow,
    DocumentRow,
    PaperRow,
)

_WRITE = text("INSERT INTO documents_fts(rowid, title, names, body) VALUES (:id, :title, :names, :body)")
_ERASE = text(
    "INSERT INTO documents_fts(documents_fts, rowid, title, names, body) "
    "VALUES ('delete', :id, :title, :names, :body)"
)


@dataclass(frozen=True, slots=True)
class Owner:
    """What a document belongs to, by private number; all None for code of no idea."""

    paper_id: int | None = None
    concept_id: int | None = None
    article_id: int | None = None


def save_documents(session: Session, documents: Sequence[tuple[Document, Owner]]) -> None:
    """Write texts in place of those that have the same key; texts that did not change cost nothing."""
    for part in chunked(documents, 500):
        _save_part(session, part)


def save_paper_documents(session: Session, numbers: Sequence[int]) -> None:
    """Write the texts of papers. A TLDR is not part of them, on purpose: it is a test of the search."""
    pairs: list[tuple[Document, Owner]] = []
    names = read_authors(session, numbers)
    for part in chunked(numbers):
        rows = select(PaperRow).where(PaperRow.id.in_(part)).order_by(PaperRow.id)
        for row in session.scalars(rows.execution_options(populate_existing=True)):
            pairs.append((_paper_document(row, names.get(row.id, [])), Owner(paper_id=row.id)))
    save_documents(session, pairs)


def save_concept_documents(session: Session) -> None:
    """Write the texts of all concepts."""
    aliases: dict[int, list[str]] = {}
    for row in session.scalars(
        select(ConceptAliasRow).order_by(ConceptAliasRow.concept_id, ConceptAliasRow.position)
    ):
        aliases.setdefault(row.concept_id, []).append(row.alias)
    save_documents(
        session,
        [
            (
                Document(
                    key=f"concept:{row.slug}",
                    kind="concept",
                    title=row.name,
                    body="\n".join(line for line in (row.definition, row.definition_zh) if line),
                    names=tuple(name for name in (row.name_zh, *aliases.get(row.id, ())) if name),
                    year=row.introduced,
                ),
                Owner(concept_id=row.id),
            )
            for row in session.scalars(select(ConceptRow).order_by(ConceptRow.id))
        ],
    )


def delete_documents(session: Session, keys: Iterable[str]) -> None:
    """Take texts out, with their words and vectors."""
    for part in chunked(sorted(set(keys))):
        rows = session.scalars(select(DocumentRow).where(DocumentRow.key.in_(part))).all()
        _erase_words(session, rows)
        session.execute(delete(DocumentRow).where(DocumentRow.id.in_([row.id for row in rows])))


def list_keys(session: Session, kind: str) -> list[str]:
    """Return the keys of all texts of a kind."""
    return list(session.scalars(select(DocumentRow.key).where(DocumentRow.kind == kind).order_by(DocumentRow.key)))


def _paper_document(row: PaperRow, authors: Sequence[str]) -> Document:
    return Document(
        key=row.key,
        kind=row.kind,  # type: ignore[arg-type]
        title=row.title,
        body="\n".join(line for line in (row.summary, row.abstract, row.summary_zh) if line),
        names=tuple(name for name in (row.title_zh, *row.known_as) if name),
        authors=", ".join(authors),
        year=row.year,
    )


@dataclass(frozen=True, slots=True)
class _Write:
    """A text on its way in: its number, its columns, its exact names."""

    number: int
    columns: dict[str, Any]
    names: tuple[str, ...]


def _save_part(session: Session, pairs: Sequence[tuple[Document, Owner]]) -> None:
    rows = _find_rows(session, pairs)
    by_key = {row.key: row for row in rows}
    # A paper's key can become a stronger one (s2: -> arxiv:): its text stays the same row.
    by_paper = {row.paper_id: row for row in rows if row.paper_id is not None}
    fresh = next_id(session, DocumentRow)
    new: list[_Write] = []
    changed: list[_Write] = []
    for document, owner in pairs:
        row = by_key.get(document.key) or (by_paper.get(owner.paper_id) if owner.paper_id is not None else None)
        columns, names = _columns(document, owner), (document.title, *document.names)
        if row is None:
            new.append(_Write(fresh + len(new), columns, names))
        elif any(getattr(row, name) != value for name, value in columns.items()):
            _erase_words(session, [row])
            changed.append(_Write(row.id, columns, names))
    insert_rows(session, insert(DocumentRow), [{"id": one.number} | one.columns for one in new])
    for one in changed:
        values = one.columns | {"tagged_with": ""}
        session.execute(update(DocumentRow).where(DocumentRow.id == one.number).values(**values))
        session.execute(delete(DocumentNameRow).where(DocumentNameRow.document_id == one.number))
    _write_words(session, [*new, *changed])


def _find_rows(session: Session, pairs: Sequence[tuple[Document, Owner]]) -> list[DocumentRow]:
    papers = [owner.paper_id for _, owner in pairs if owner.paper_id is not None]
    keys = [document.key for document, _ in pairs]
    query = select(DocumentRow).where(DocumentRow.key.in_(keys) | DocumentRow.paper_id.in_(papers))
    return list(session.scalars(query.execution_options(populate_existing=True)))


def _columns(document: Document, owner: Owner) -> dict[str, Any]:
    return {
        "key": document.key,
        "kind": document.kind,
        "title": document.title,
        "names": "\n".join([*document.names, document.authors]),
        "body": document.body,
        "year": document.year,
        "text_hash": document.text_hash,
        "paper_id": owner.paper_id,
        "concept_id": owner.concept_id,
        "article_id": owner.article_id,
    }


def _words(number: int, title: str, names: str, body: str) -> dict[str, object]:
    return {
        "id": number,
        "title": split_for_index(title),
        "names": split_for_index(names),
        "body": split_for_index(body),
    }


def _write_words(session: Session, items: Sequence[_Write]) -> None:
    if not items:
        return
    columns = ((one.number, one.columns) for one in items)
    session.execute(_WRITE, [_words(number, c["title"], c["names"], c["body"]) for number, c in columns])
    names = [
        {"document_id": one.number, "folded": folded}
        for one in items
        for folded in sorted({fold_name(name) for name in one.names} - {""})
    ]
    insert_rows(session, insert(DocumentNameRow), names)


def _erase_words(session: Session, rows: Sequence[DocumentRow]) -> None:
    if rows:
        session.execute(_ERASE, [_words(row.id, row.title, row.names, row.body) for row in rows])
