"""Citations: linked where both papers are here, kept open where the cited one is not.

A cited work enters as an open citation and becomes a link as soon as a paper with its identifier is here: at once,
or when that paper arrives later. So the links do not depend on the order of arrival. Cycles and forward citations
are taken as the records give them.
"""

from collections.abc import Sequence

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.orm import Session, aliased

from kb.records import Citation, OpenCitation
from kb.store.rows import chunked
from kb.store.tables import CitationRow, OpenCitationRow, PaperIdRow, PaperOriginRow, PaperRow


def replace_citations(session: Session, items: Sequence[tuple[int, str, Sequence[OpenCitation]]]) -> int:
    """Write what an origin says that each paper cites, in place of what it said before; all open at first.

    Returns how many distinct citations were written: a work listed twice by one record counts once.
    """
    rows: dict[tuple[int, str, str], dict[str, object]] = {}
    for number, origin, cites in items:
        for table in (CitationRow, OpenCitationRow):
            session.execute(delete(table).where(table.citing_id == number, table.origin == origin))
        for position, cited in enumerate(cites):
            rows.setdefault(
                (number, origin, cited.key or f"title:{cited.title}"),
                {
                    "citing_id": number,
                    "origin": origin,
                    "position": position,
                    "cited_key": cited.key,
                    "title": cited.title,
                },
            )
    if rows:
        session.execute(insert(OpenCitationRow).prefix_with("OR REPLACE"), list(rows.values()))
    return len(rows)


def link_open(session: Session, citing: Sequence[int], cited_keys: Sequence[str]) -> int:
    """Turn open citations of these papers, and those that waited for these keys, into links; return how many."""
    linked = 0
    for column, values in ((OpenCitationRow.citing_id, citing), (OpenCitationRow.cited_key, cited_keys)):
        for part in chunked(values):
            found = (
                select(
                    OpenCitationRow.citing_id,
                    PaperIdRow.paper_id,
                    OpenCitationRow.origin,
                    OpenCitationRow.title,
                    OpenCitationRow.position,
                )
                .join(PaperIdRow, PaperIdRow.key == OpenCitationRow.cited_key)
                .where(column.in_(part))
            )
            linked += _link(session, session.execute(found).tuples().all())
    return linked


def _link(session: Session, found: Sequence[tuple[int, int, str, str, int]]) -> int:
    if not found:
        return 0
    session.execute(
        insert(CitationRow).prefix_with("OR IGNORE"),
        [
            {"citing_id": citing, "cited_id": cited, "origin": origin, "title": title, "note": ""}
            for citing, cited, origin, title, _ in found
        ],
    )
    session.connection().exec_driver_sql(
        "DELETE FROM open_citations WHERE citing_id = ? AND origin = ? AND position = ?",
        [(citing, origin, position) for citing, _, origin, _, position in found],
    )
    return len(found)


def open_again(session: Session, number: int) -> None:
    """Turn the links to a paper that is about to leave back into open citations."""
    key = session.scalar(select(PaperRow.key).where(PaperRow.id == number))
    rows = session.execute(
        select(CitationRow.citing_id, CitationRow.origin, CitationRow.title).where(CitationRow.cited_id == number)
    ).tuples()
    for citing, origin, title in rows.all():
        last = select(func.max(OpenCitationRow.position)).where(
            OpenCitationRow.citing_id == citing, OpenCitationRow.origin == origin
        )
        given = select(PaperOriginRow.cites_given).where(
            PaperOriginRow.paper_id == citing, PaperOriginRow.origin == origin
        )
        place = max(session.scalar(last) or 0, session.scalar(given) or 0) + 1
        session.execute(
            insert(OpenCitationRow).values(
                citing_id=citing, origin=origin, position=place, cited_key=key, title=title
            )
        )
    session.execute(delete(CitationRow).where(CitationRow.cited_id == number))


def note_forward(session: Session, citing: int, cited: int, note: str) -> None:
    """Keep the reason why a citation runs forward in time."""
    same = (CitationRow.citing_id == citing, CitationRow.cited_id == cited)
    session.execute(update(CitationRow).where(*same).values(note=note))


def list_citations(session: Session) -> list[Citation]:
    """Return all links of the library, one for each pair, origins gathered; by keys."""
    return _gather(session, None)


def list_citations_of(session: Session, number: int) -> tuple[list[Citation], list[Citation]]:
    """Return what a paper cites, and what cites it."""
    return _gather(session, CitationRow.citing_id == number), _gather(session, CitationRow.cited_id == number)


def list_open(session: Session, number: int) -> list[OpenCitation]:
    """Return the works that a paper cites and that are not here, in the record's order."""
    rows = select(OpenCitationRow.cited_key, OpenCitationRow.title).where(OpenCitationRow.citing_id == number)
    ordered = rows.order_by(OpenCitationRow.origin, OpenCitationRow.position)
    return [OpenCitation(key, title) for key, title in session.execute(ordered).tuples()]


def count_citations(session: Session) -> tuple[int, int]:
    """Return how many pairs are linked and how many citations are open."""
    pairs = select(CitationRow.citing_id, CitationRow.cited_id).distinct().subquery()
    linked = session.scalar(select(func.count()).select_from(pairs)) or 0
    return linked, session.scalar(select(func.count()).select_from(OpenCitationRow)) or 0


def _gather(session: Session, condition: object) -> list[Citation]:
    citing, cited = aliased(PaperRow), aliased(PaperRow)
    query = (
        select(citing.key, cited.key, CitationRow.origin, CitationRow.note)
        .join(citing, citing.id == CitationRow.citing_id)
        .join(cited, cited.id == CitationRow.cited_id)
        .order_by(citing.key, cited.key, CitationRow.origin)
    )
    if condition is not None:
        query = query.where(condition)  # type: ignore[arg-type]
    gathered: dict[tuple[str, str], tuple[list[str], str]] = {}
    for one, other, origin, note in session.execute(query).tuples():
        origins, _ = gathered.setdefault((one, other), ([], note))
        origins.append(origin)
    return [Citation(one, other, tuple(origins), note) for (one, other), (origins, note) in gathered.items()]
