"""Read papers, with their identifiers, authors and concepts."""

from collections.abc import Sequence

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from kb.errors import NotFoundError
from kb.records import Paper
from kb.store.identity import find_paper_ids
from kb.store.merging import COLUMNS
from kb.store.rows import chunked
from kb.store.tables import AuthorRow, ConceptRow, PaperAuthorRow, PaperConceptRow, PaperIdRow, PaperRow


def find_paper(session: Session, key: str) -> Paper | None:
    """Return the paper that has this identifier, or None."""
    number = find_paper_ids(session, [key]).get(key)
    return _read(session, [number])[0] if number is not None else None


def get_paper(session: Session, key: str) -> Paper:
    """Return the paper that has this identifier.

    Raises
    ------
    NotFoundError : nothing here has it
    """
    if paper := find_paper(session, key):
        return paper
    raise NotFoundError(f"no paper {key} in this library; 'stemma add {key}' fetches it")


def list_papers(
    session: Session, *, shipped: bool | None = None, family: str = "", start: int = 0, count: int | None = None
) -> list[Paper]:
    """Return papers by year and key (an unknown year last): all, or of the catalogue, a family, a page of them."""
    query = select(PaperRow.id).order_by(PaperRow.year.is_(None), PaperRow.year, PaperRow.key)
    query = query.offset(start).limit(count)
    if shipped is not None:
        query = query.where(PaperRow.shipped == shipped)
    if family:
        query = query.where(PaperRow.family == family)
    return _read(session, session.scalars(query).all())


def count_papers(session: Session, family: str = "") -> int:
    query = select(func.count()).select_from(PaperRow)
    return session.scalar(query.where(PaperRow.family == family) if family else query) or 0


def _read(session: Session, numbers: Sequence[int]) -> list[Paper]:
    """Return papers in the order of their numbers."""
    rows = {row.id: row for part in chunked(numbers) for row in session.scalars(_papers(part))}
    ids = read_ids(session, numbers)
    authors = read_authors(session, numbers)
    concepts = _read_concepts(session, numbers)
    return [
        Paper(
            key=rows[number].key,
            ids=ids.get(number, {}),
            authors=tuple(authors.get(number, ())),
            introduces=tuple(concepts.get((number, "introduces"), ())),
            uses=tuple(concepts.get((number, "uses"), ())),
            known_as=tuple(rows[number].known_as),
            **{name: getattr(rows[number], name) for name in COLUMNS},
        )
        for number in numbers
    ]


def _papers(part: Sequence[int]) -> Select[PaperRow]:
    return select(PaperRow).where(PaperRow.id.in_(part)).execution_options(populate_existing=True)


def read_ids(session: Session, numbers: Sequence[int]) -> dict[int, dict[str, str]]:
    """Return the identifiers of papers, scheme to value, by private number."""
    found: dict[int, dict[str, str]] = {}
    for part in chunked(numbers):
        for row in session.scalars(select(PaperIdRow).where(PaperIdRow.paper_id.in_(part)).order_by(PaperIdRow.key)):
            scheme, value = row.key.split(":", 1)
            found.setdefault(row.paper_id, {})[scheme] = value
    return found


def read_authors(session: Session, numbers: Sequence[int]) -> dict[int, list[str]]:
    """Return the authors of papers, in their order, by private number."""
    found: dict[int, list[str]] = {}
    for part in chunked(numbers):
        names = (
            select(PaperAuthorRow.paper_id, AuthorRow.name).join(AuthorRow).where(PaperAuthorRow.paper_id.in_(part))
        )
        for number, name in session.execute(names.order_by(PaperAuthorRow.paper_id, PaperAuthorRow.position)):
            found.setdefault(number, []).append(name)
    return found


def _read_concepts(session: Session, numbers: Sequence[int]) -> dict[tuple[int, str], list[str]]:
    found: dict[tuple[int, str], list[str]] = {}
    for part in chunked(numbers):
        links = select(PaperConceptRow.paper_id, PaperConceptRow.role, ConceptRow.slug).join(ConceptRow)
        links = links.where(PaperConceptRow.paper_id.in_(part)).order_by(ConceptRow.slug)
        for number, role, slug in session.execute(links):
            found.setdefault((number, role), []).append(slug)
    return found
