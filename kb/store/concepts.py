"""Save and read concepts, the lineage between them, and the glossary. All of it comes from the catalogue."""

from collections.abc import Mapping, Sequence

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session, aliased

from kb.errors import NotFoundError
from kb.records import Concept, Evidence, LineageEdge, Position, Term
from kb.store.naming import fold_name
from kb.store.rows import next_id
from kb.store.tables import (
    ConceptAliasRow,
    ConceptRow,
    EdgeEvidenceRow,
    EdgePositionRow,
    LineageEdgeRow,
    PaperConceptRow,
    PaperRow,
    TermRow,
)


def replace_concepts(session: Session, concepts: Sequence[Concept], papers: Mapping[str, int]) -> None:
    """Make the concepts of the library these. ``papers``: key to private number."""
    existing = number_of_slugs(session)
    gone = sorted(existing.keys() - {concept.slug for concept in concepts})
    session.execute(delete(ConceptRow).where(ConceptRow.slug.in_(gone)))
    fresh = next_id(session, ConceptRow)
    for concept in concepts:
        number = existing.get(concept.slug, fresh)
        fresh += number == fresh
        _save_concept(session, concept, number, papers, is_new=concept.slug not in existing)


def _save_concept(
    session: Session, concept: Concept, number: int, papers: Mapping[str, int], *, is_new: bool
) -> None:
    values = {
        name: getattr(concept, name)
        for name in (
            "slug",
            "name",
            "name_zh",
            "family",
            "definition",
            "definition_zh",
            "equation",
            "introduced",
            "shipped",
            "ambiguous",
            "context",
        )
    } | {"introduced_by": papers.get(concept.introduced_by)}
    values |= {name: list(values[name]) for name in ("ambiguous", "context")}
    if is_new:
        session.execute(insert(ConceptRow).values(id=number, **values))
    else:
        session.execute(update(ConceptRow).where(ConceptRow.id == number).values(**values))
    session.execute(delete(ConceptAliasRow).where(ConceptAliasRow.concept_id == number))
    aliases = [{"concept_id": number, "position": i, "alias": alias} for i, alias in enumerate(concept.aliases)]
    if aliases:
        session.execute(insert(ConceptAliasRow), aliases)


def replace_edges(session: Session, edges: Sequence[LineageEdge], papers: Mapping[str, int]) -> None:
    """Make the lineage of the library these edges, with their evidence."""
    session.execute(delete(LineageEdgeRow))
    numbers = dict(session.execute(select(ConceptRow.slug, ConceptRow.id)).all())
    for number, edge in enumerate(edges, start=1):
        session.execute(
            insert(LineageEdgeRow).values(
                id=number,
                ancestor_id=numbers[edge.ancestor],
                descendant_id=numbers[edge.descendant],
                kind=edge.kind,
                note=edge.note,
                claims=list(edge.claims),
                unclaimed=edge.unclaimed,
            )
        )
        # A paper of the catalogue may be waiting for review: then it is not here under its key.
        evidence = [
            {"edge_id": number, "position": i, "paper_id": papers[one.paper], "locator": one.locator}
            for i, one in enumerate(edge.evidence)
            if one.paper in papers
        ]
        if evidence:
            session.execute(insert(EdgeEvidenceRow), evidence)
        positions = [
            {"edge_id": number, "position": i, "held_by": one.held_by, "says": one.says}
            | {"paper_id": papers[one.paper], "locator": one.locator}
            for i, one in enumerate(edge.positions)
            if one.paper in papers
        ]
        if positions:
            session.execute(insert(EdgePositionRow), positions)


def replace_glossary(session: Session, terms: Sequence[Term]) -> None:
    session.execute(delete(TermRow))
    if terms:
        session.execute(insert(TermRow), [{"en": term.en, "zh": list(term.zh)} for term in terms])


def list_glossary(session: Session) -> list[Term]:
    return [Term(row.en, tuple(row.zh)) for row in session.scalars(select(TermRow).order_by(TermRow.en))]


def list_concepts(session: Session) -> list[Concept]:
    """Return all concepts by year and slug."""
    aliases: dict[int, list[str]] = {}
    for row in session.scalars(
        select(ConceptAliasRow).order_by(ConceptAliasRow.concept_id, ConceptAliasRow.position)
    ):
        aliases.setdefault(row.concept_id, []).append(row.alias)
    query = select(ConceptRow, PaperRow.key).outerjoin(PaperRow, PaperRow.id == ConceptRow.introduced_by)
    return [
        Concept(
            slug=row.slug,
            name=row.name,
            family=row.family,
            definition=row.definition,
            name_zh=row.name_zh,
            definition_zh=row.definition_zh,
            aliases=tuple(aliases.get(row.id, ())),
            equation=row.equation,
            introduced_by=key or "",
            introduced=row.introduced,
            shipped=row.shipped,
            ambiguous=tuple(row.ambiguous),
            context=tuple(row.context),
        )
        for row, key in session.execute(query.order_by(ConceptRow.introduced, ConceptRow.slug))
    ]


def get_concept(session: Session, name: str) -> Concept:
    """Return the concept that has this slug, name or alias, apart from case and hyphens.

    Raises
    ------
    NotFoundError : no concept is called that
    """
    wanted = fold_name(name.removeprefix("concept:"))
    for concept in list_concepts(session):
        if wanted in {fold_name(one) for one in (concept.slug, concept.name, concept.name_zh, *concept.aliases)}:
            return concept
    raise NotFoundError(f"no idea is called {name[:80]!r}; search for it, or list those that run with 'stemma ideas'")


def list_edges(session: Session) -> list[LineageEdge]:
    """Return the lineage, by descendant's and ancestor's slug."""
    evidence: dict[int, list[Evidence]] = {}
    found = select(EdgeEvidenceRow.edge_id, PaperRow.key, EdgeEvidenceRow.locator).join(PaperRow)
    for number, key, locator in session.execute(found.order_by(EdgeEvidenceRow.edge_id, EdgeEvidenceRow.position)):
        evidence.setdefault(number, []).append(Evidence(key, locator))
    positions = _read_positions(session)
    ancestor, descendant = aliased(ConceptRow), aliased(ConceptRow)
    query = (
        select(ancestor.slug, descendant.slug, LineageEdgeRow)
        .join(ancestor, ancestor.id == LineageEdgeRow.ancestor_id)
        .join(descendant, descendant.id == LineageEdgeRow.descendant_id)
        .order_by(descendant.slug, ancestor.slug, LineageEdgeRow.kind)
    )
    return [
        LineageEdge(
            ancestor=old,
            descendant=young,
            kind=row.kind,
            evidence=tuple(evidence.get(row.id, ())),
            note=row.note,
            claims=tuple(row.claims),
            unclaimed=row.unclaimed,
            positions=tuple(positions.get(row.id, ())),
        )
        for old, young, row in session.execute(query)
    ]


def _read_positions(session: Session) -> dict[int, list[Position]]:
    found: dict[int, list[Position]] = {}
    query = select(EdgePositionRow, PaperRow.key).join(PaperRow, PaperRow.id == EdgePositionRow.paper_id)
    for row, key in session.execute(query.order_by(EdgePositionRow.edge_id, EdgePositionRow.position)):
        found.setdefault(row.edge_id, []).append(Position(row.held_by, row.says, key, row.locator))
    return found


def list_papers_of(session: Session, slug: str) -> list[tuple[str, str]]:
    """Return (paper key, role) of the papers that introduce or use a concept, introducers first."""
    query = (
        select(PaperRow.key, PaperConceptRow.role)
        .join(PaperConceptRow, PaperConceptRow.paper_id == PaperRow.id)
        .join(ConceptRow, ConceptRow.id == PaperConceptRow.concept_id)
        .where(ConceptRow.slug == slug)
        .order_by(PaperConceptRow.role, PaperRow.year, PaperRow.key)
    )
    return [(key, role) for key, role in session.execute(query)]


def number_of_slugs(session: Session) -> dict[str, int]:
    """Return the private number of every concept."""
    return dict(session.execute(select(ConceptRow.slug, ConceptRow.id)).all())
