"""Save and read divergences. All of them come from the catalogue."""

from collections.abc import Mapping, Sequence
from dataclasses import fields

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from kb.records import Divergence
from kb.store.tables import DivergenceRow, PaperRow

_TEXTS = tuple(field.name for field in fields(Divergence) if field.name not in ("paper", "concepts", "claims"))


def replace_divergences(session: Session, divergences: Sequence[Divergence], papers: Mapping[str, int]) -> None:
    """Make the divergences of the library these. ``papers``: key to private number."""
    session.execute(delete(DivergenceRow))
    rows = [
        {name: getattr(one, name) for name in _TEXTS}
        | {"paper_id": papers[one.paper], "concepts": list(one.concepts), "claims": list(one.claims)}
        for one in divergences
        # A paper of the catalogue may be waiting for review: then it is not here under its key.
        if one.paper in papers
    ]
    if rows:
        session.execute(insert(DivergenceRow), rows)


def list_divergences(session: Session, *, paper_id: int | None = None, concept: str = "") -> list[Divergence]:
    """Return the divergences of a paper, of an idea (by slug), or all, by their paper's year and their slug."""
    query = select(DivergenceRow, PaperRow.key).join(PaperRow, PaperRow.id == DivergenceRow.paper_id)
    if paper_id is not None:
        query = query.where(DivergenceRow.paper_id == paper_id)
    found = [
        Divergence(
            paper=key,
            concepts=tuple(row.concepts),
            claims=tuple(row.claims),
            **{name: getattr(row, name) for name in _TEXTS},
        )
        for row, key in session.execute(query.order_by(PaperRow.year, DivergenceRow.slug))
    ]
    return [one for one in found if not concept or concept in one.concepts]
