"""Save papers: identity, merging, authors, identifiers, citations, texts.

Saving takes a batch, because one paper's citations may be the batch's next paper and because a statement for each
row would be ten times slower. The batch is one transaction of the caller's; afterwards every citation among the
papers that are here is linked, whatever the order in which they arrived.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from kb.ids import choose_key
from kb.records import PaperRecord
from kb.store import citations, documents
from kb.store.identity import Outcome, Plan, Register, find_paper_ids
from kb.store.merging import COLUMNS, as_ids, hash_record, keys_of, merge_values
from kb.store.rows import chunked, insert_rows, next_id
from kb.store.tables import (
    AuthorRow,
    ConceptRow,
    PaperAuthorRow,
    PaperConceptRow,
    PaperIdRow,
    PaperOriginRow,
    PaperRow,
)
from kb.store.versions import bump_version


@dataclass(frozen=True, slots=True)
class Saved:
    """What became of a batch: one outcome a record, in order, and how its citations stand."""

    outcomes: tuple[Outcome, ...]
    linked: int
    left_open: int
    """By how many the open citations have grown: negative where more of them were linked than came."""


def save_record(session: Session, record: PaperRecord) -> Saved:
    """Save one paper; see ``save_records``."""
    return save_records(session, [record])


def save_records(session: Session, records: Sequence[PaperRecord]) -> Saved:
    """Add or merge papers by identity, and link citations both ways.

    A record equal to what its origin said before changes nothing. One whose identifiers disagree with the paper it
    matches goes to the review list: neither merged nor split in silence.
    """
    plans = [Plan(record, keys_of(record.paper), hash_record(record)) for record in records]
    register = Register(session, {key for plan in plans for key in plan.keys})
    for plan in plans:
        register.settle(plan)
    counts = [_save_distinct(session, part) for part in _part_repeated(plans)]
    if any(plan.outcome in ("added", "updated") for plan in plans):
        bump_version(session)
    return Saved(tuple(plan.outcome for plan in plans), sum(a for a, _ in counts), sum(b for _, b in counts))


def _part_repeated(plans: Sequence[Plan]) -> Iterator[list[Plan]]:
    """Give the plans in order, cut so that no paper stands twice in a part: what is said later is merged later."""
    part: list[Plan] = []
    seen: set[int] = set()
    for plan in plans:
        if plan.paper_id in seen:
            yield part
            part, seen = [], set()
        part.append(plan)
        seen.add(plan.paper_id)
    yield part


def _save_distinct(session: Session, plans: Sequence[Plan]) -> tuple[int, int]:
    """Save settled records of distinct papers; return how many citations were linked, and how many more are open."""
    _mark_unchanged(session, plans)
    _insert_new(session, [plan for plan in plans if plan.outcome == "added"])
    for plan in plans:
        if plan.outcome == "updated":
            _merge(session, plan)
    taken = [plan for plan in plans if plan.outcome in ("added", "updated")]
    _save_details(session, taken)
    linked, left_open = citations.replace_citations(
        session,
        [(plan.paper_id, plan.record.paper.origin, plan.record.cites) for plan in taken],
        [plan.paper_id for plan in taken if plan.outcome == "updated"],
    )
    arrived = citations.link_waiting(session, sorted({key for plan in taken for key in plan.keys}))
    documents.save_paper_documents(session, [plan.paper_id for plan in taken])
    return linked + arrived, left_open - arrived


def _mark_unchanged(session: Session, plans: Sequence[Plan]) -> None:
    settled = [plan.paper_id for plan in plans if plan.outcome == "updated"]
    hashes: dict[tuple[int, str], str] = {}
    for part in chunked(settled):
        rows = select(PaperOriginRow.paper_id, PaperOriginRow.origin, PaperOriginRow.record_hash)
        for number, origin, value in session.execute(rows.where(PaperOriginRow.paper_id.in_(part))):
            hashes[number, origin] = value
    for plan in plans:
        if plan.outcome == "updated" and hashes.get((plan.paper_id, plan.record.paper.origin)) == plan.hash:
            plan.outcome = "unchanged"


def _insert_new(session: Session, plans: Sequence[Plan]) -> None:
    if plans:
        rows = [
            {"id": plan.paper_id, "key": choose_key(as_ids(plan.keys))}
            | {name: getattr(plan.record.paper, name) for name in COLUMNS}
            for plan in plans
        ]
        insert_rows(session, insert(PaperRow), rows)


def _merge(session: Session, plan: Plan) -> None:
    row = session.get_one(PaperRow, plan.paper_id)
    changes = merge_values({name: getattr(row, name) for name in COLUMNS}, plan.record.paper)
    mine = frozenset(session.scalars(select(PaperIdRow.key).where(PaperIdRow.paper_id == plan.paper_id)))
    changes["key"] = choose_key(as_ids(mine | plan.keys))
    session.execute(update(PaperRow).where(PaperRow.id == plan.paper_id).values(**changes))
    session.expire(row)


def _save_details(session: Session, plans: Sequence[Plan]) -> None:
    """Write identifiers, the ledger, authors and concepts of papers that are new or changed."""
    if not plans:
        return
    wanted = {key: plan.paper_id for plan in plans for key in plan.keys}
    missing = wanted.keys() - find_paper_ids(session, wanted).keys()
    if missing:
        insert_rows(session, insert(PaperIdRow), [{"key": key, "paper_id": wanted[key]} for key in sorted(missing)])
    ledger = {(plan.paper_id, plan.record.paper.origin): plan for plan in plans}
    session.execute(
        insert(PaperOriginRow).prefix_with("OR REPLACE"),
        [
            {
                "paper_id": number,
                "origin": origin,
                "record_hash": plan.hash,
                "cites_given": len(plan.record.cites),
                "cites_untitled": sum(one.key is None for one in plan.record.cites),
            }
            for (number, origin), plan in ledger.items()
        ],
    )
    _save_authors(session, plans)
    _save_concepts(session, plans)


def _save_authors(session: Session, plans: Sequence[Plan]) -> None:
    """Write the author lists, except where a stronger origin has already given one."""
    stronger = set(
        session.scalars(
            select(PaperAuthorRow.paper_id)
            .join(PaperRow, PaperRow.id == PaperAuthorRow.paper_id)
            .where(PaperAuthorRow.paper_id.in_([p.paper_id for p in plans if p.outcome == "updated"]))
        )
    )
    lists: dict[int, tuple[str, ...]] = {}
    for plan in plans:
        paper = plan.record.paper
        speaks = plan.paper_id not in stronger or _is_strongest(session, plan)
        if paper.authors and speaks:
            lists[plan.paper_id] = paper.authors
    numbers = _author_numbers(session, {name for names in lists.values() for name in names})
    for part in chunked(sorted(lists)):
        session.execute(delete(PaperAuthorRow).where(PaperAuthorRow.paper_id.in_(part)))
    rows = [
        {"paper_id": paper_id, "position": place, "author_id": numbers[name]}
        for paper_id, names in lists.items()
        for place, name in enumerate(names)
    ]
    insert_rows(session, insert(PaperAuthorRow), rows)


def _is_strongest(session: Session, plan: Plan) -> bool:
    return session.scalar(select(PaperRow.origin).where(PaperRow.id == plan.paper_id)) == plan.record.paper.origin


def _author_numbers(session: Session, names: set[str]) -> dict[str, int]:
    numbers: dict[str, int] = {}
    for part in chunked(sorted(names)):
        rows = session.execute(select(AuthorRow.name, AuthorRow.id).where(AuthorRow.name.in_(part)))
        numbers.update(rows.all())
    missing = sorted(names - numbers.keys())
    fresh = next_id(session, AuthorRow)
    if missing:
        insert_rows(session, insert(AuthorRow), [{"id": fresh + i, "name": name} for i, name in enumerate(missing)])
    return numbers | {name: fresh + i for i, name in enumerate(missing)}


def _save_concepts(session: Session, plans: Sequence[Plan]) -> None:
    """Write which concepts a paper introduces and uses, for those records that say anything of it."""
    links = [
        (plan.paper_id, slug, role, plan.record.paper.origin)
        for plan in plans
        for role, slugs in (("introduces", plan.record.paper.introduces), ("uses", plan.record.paper.uses))
        for slug in slugs
    ]
    if not links:
        return
    slugs = select(ConceptRow.slug, ConceptRow.id).where(ConceptRow.slug.in_({link[1] for link in links}))
    numbers = dict(session.execute(slugs).all())
    session.execute(
        insert(PaperConceptRow).prefix_with("OR REPLACE"),
        [
            {"paper_id": number, "concept_id": numbers[slug], "role": role, "origin": origin}
            for number, slug, role, origin in links
            if slug in numbers
        ],
    )
