"""Citations: linked where both papers are here, kept open where the cited one is not.

A cited work enters as an open citation and becomes a link as soon as a paper with its identifier is here: at once,
or when that paper arrives later. So the links do not depend on the order of arrival. Cycles and forward citations
are taken as the records give them.
"""

from collections.abc import Sequence

from sqlalchemy import bindparam, delete, func, insert, select, update
from sqlalchemy.orm import Session, aliased

from kb.records import Citation, OpenCitation
from kb.store.identity import find_paper_ids
from kb.store.rows import chunked, insert_plain_rows
from kb.store.tables import CitationRow, OpenCitationRow, PaperIdRow, PaperOriginRow, PaperRow

Cites = tuple[int, str, Sequence[OpenCitation]]

_LINK = insert(CitationRow).prefix_with("OR IGNORE")
_WAIT = insert(OpenCitationRow).prefix_with("OR REPLACE")
_TAKE_OUT = delete(OpenCitationRow).where(
    OpenCitationRow.citing_id == bindparam("b_citing"),
    OpenCitationRow.origin == bindparam("b_origin"),
    OpenCitationRow.position == bindparam("b_position"),
)


def replace_citations(session: Session, items: Sequence[Cites], rewritten: Sequence[int]) -> tuple[int, int]:
    """Write what an origin says that each paper cites; return how many are linked and how many stay open.

    A work listed twice by one record counts once.

    Parameters
    ----------
    items     : (citing paper's number, origin, its list), distinct in the first two
    rewritten : numbers of papers that may have cited something before; what the same origin said is taken out first
    """
    origins = {number: origin for number, origin, _ in items}
    for origin in sorted(set(origins.values())):
        for part in chunked([number for number in rewritten if origins.get(number) == origin]):
            for table in (CitationRow, OpenCitationRow):
                session.execute(delete(table).where(table.citing_id.in_(part), table.origin == origin))
    here = find_paper_ids(session, {one.key for _, _, cites in items for one in cites if one.key})
    links: dict[tuple[int, int, str], str] = {}
    waiting: dict[tuple[int, str, str], tuple[int, str | None, str]] = {}
    for citing, origin, cites in items:
        for position, one in enumerate(cites):
            if one.key and (cited := here.get(one.key)) is not None:
                links.setdefault((citing, cited, origin), one.title)
            else:
                waiting.setdefault((citing, origin, one.key or f"title:{one.title}"), (position, one.key, one.title))
    _insert_links(session, [(*pair, title, "") for pair, title in links.items()])
    names = ("citing_id", "origin", "position", "cited_key", "title")
    rows = [(citing, origin, *rest) for (citing, origin, _), rest in waiting.items()]
    insert_plain_rows(session, _WAIT, names, rows)
    return len(links), len(waiting)


def link_waiting(session: Session, cited_keys: Sequence[str]) -> int:
    """Turn open citations that waited for these keys into links; return how many."""
    found = [
        row
        for part in chunked(cited_keys)
        for row in session.execute(
            select(
                OpenCitationRow.citing_id,
                PaperIdRow.paper_id,
                OpenCitationRow.origin,
                OpenCitationRow.title,
                OpenCitationRow.position,
            )
            .join(PaperIdRow, PaperIdRow.key == OpenCitationRow.cited_key)
            .where(OpenCitationRow.cited_key.in_(part))
        )
    ]
    _insert_links(session, [(citing, cited, origin, title, "") for citing, cited, origin, title, _ in found])
    places = [{"b_citing": c, "b_origin": o, "b_position": p} for c, _, o, _, p in found]
    if places:
        session.connection().execute(_TAKE_OUT, places)
    return len(found)


def _insert_links(session: Session, rows: Sequence[tuple[int, int, str, str, str]]) -> None:
    insert_plain_rows(session, _LINK, ("citing_id", "cited_id", "origin", "title", "note"), rows)


def open_again(session: Session, number: int) -> None:
    """Turn the links to a paper that is about to leave back into open citations."""
    key = session.scalar(select(PaperRow.key).where(PaperRow.id == number))
    rows = session.execute(
        select(CitationRow.citing_id, CitationRow.origin, CitationRow.title).where(CitationRow.cited_id == number)
    )
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
    return [OpenCitation(key, title) for key, title in session.execute(ordered)]


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
    for one, other, origin, note in session.execute(query):
        origins, _ = gathered.setdefault((one, other), ([], note))
        origins.append(origin)
    return [Citation(one, other, tuple(origins), note) for (one, other), (origins, note) in gathered.items()]
