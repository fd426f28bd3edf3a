"""Vectors in float16, each bound to the text it was made from; two models never mix."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import and_, delete, func, insert, select
from sqlalchemy.orm import Session

from kb.records import Document
from kb.store.rows import chunked
from kb.store.tables import DocumentRow, VectorRow


@dataclass(frozen=True, slots=True)
class VectorRows:
    """New rows since a watermark, and how many there are now: fewer than known means that some have gone."""

    watermark: int
    count: int
    keys: tuple[str, ...]
    matrix: NDArray[np.float16]
    """(n, D) rows of unit norm."""


def list_unembedded(session: Session, model: str, revision: str, limit: int) -> list[Document]:
    """Return texts that have no vector of this model, or one made from an older text; by number."""
    has = and_(
        VectorRow.document_id == DocumentRow.id,
        VectorRow.model == model,
        VectorRow.revision == revision,
        VectorRow.text_hash == DocumentRow.text_hash,
    )
    query = select(DocumentRow).outerjoin(VectorRow, has).where(VectorRow.id.is_(None))
    rows = session.scalars(query.order_by(DocumentRow.id).limit(limit))
    return [Document(row.key, row.kind, row.title, row.body, year=row.year) for row in rows]  # type: ignore[arg-type]


def count_unembedded(session: Session, model: str, revision: str) -> int:
    """Return how many texts wait for their vector."""
    done = (
        select(func.count())
        .select_from(VectorRow)
        .join(DocumentRow)
        .where(VectorRow.model == model, VectorRow.revision == revision, VectorRow.text_hash == DocumentRow.text_hash)
    )
    return (session.scalar(select(func.count()).select_from(DocumentRow)) or 0) - (session.scalar(done) or 0)


def save_vectors(session: Session, model: str, revision: str, rows: Sequence[tuple[str, str, bytes]]) -> None:
    """Write (key, text hash, float16 bytes) in place of older vectors; a text that has gone is passed over."""
    for part in chunked(rows):
        keys = select(DocumentRow.key, DocumentRow.id).where(DocumentRow.key.in_([key for key, _, _ in part]))
        numbers = dict(session.execute(keys).all())
        session.execute(
            delete(VectorRow).where(
                VectorRow.document_id.in_(numbers.values()), VectorRow.model == model, VectorRow.revision == revision
            )
        )
        present = [
            {"document_id": numbers[key], "model": model, "revision": revision, "text_hash": digest, "vector": vector}
            for key, digest, vector in part
            if key in numbers
        ]
        if present:
            session.execute(insert(VectorRow), present)


def newest_number(session: Session) -> int:
    """Return the number of the newest vector of any model, 0 if none: where it stays, nothing was written."""
    return session.scalar(select(func.max(VectorRow.id))) or 0


def load_vectors(session: Session, model: str, revision: str, after: int = 0) -> VectorRows:
    """Return the vectors written since the watermark ``after``, oldest first."""
    mine = (VectorRow.model == model, VectorRow.revision == revision)
    count = session.scalar(select(func.count()).select_from(VectorRow).where(*mine)) or 0
    query = select(VectorRow.id, DocumentRow.key, VectorRow.vector).join(DocumentRow)
    rows = session.execute(query.where(*mine, VectorRow.id > after).order_by(VectorRow.id)).all()
    if not rows:
        return VectorRows(after, count, (), np.empty((0, 0), np.float16))
    joined = np.frombuffer(b"".join(row[2] for row in rows), np.float16).reshape(len(rows), -1)
    return VectorRows(rows[-1][0], count, tuple(row[1] for row in rows), joined)
