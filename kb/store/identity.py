"""Whose record is this? Identity decided by identifiers alone, and what is unclear put on a list."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from kb.ids import choose_key
from kb.records import PaperRecord, ReviewNote
from kb.store.merging import as_ids, find_disagreement
from kb.store.rows import chunked, next_id
from kb.store.tables import PaperIdRow, PaperRow, ReviewRow

Outcome = Literal["added", "updated", "unchanged", "review"]


@dataclass(slots=True)
class Plan:
    """A record on its way in: where it goes and what is known of it."""

    record: PaperRecord
    keys: frozenset[str]
    hash: str
    outcome: Outcome = "added"
    paper_id: int = 0


def find_paper_ids(session: Session, keys: Iterable[str]) -> dict[str, int]:
    """Return the private number of each key that is here."""
    found: dict[str, int] = {}
    for part in chunked(sorted(set(keys))):
        rows = session.execute(select(PaperIdRow.key, PaperIdRow.paper_id).where(PaperIdRow.key.in_(part)))
        found.update(rows.all())
    return found


class Register:
    """Which paper has which identifiers, read once for a batch and kept true while the batch is settled."""

    def __init__(self, session: Session, keys: Iterable[str]) -> None:
        self._session = session
        self._owner = find_paper_ids(session, keys)
        self._keys: dict[int, set[str]] = {}
        for part in chunked(sorted(set(self._owner.values()))):
            rows = select(PaperIdRow.paper_id, PaperIdRow.key).where(PaperIdRow.paper_id.in_(part))
            for number, key in session.execute(rows):
                self._keys.setdefault(number, set()).add(key)
        self._fresh = next_id(session, PaperRow)

    def settle(self, plan: Plan) -> None:
        """Find whose record this is: a new paper, one that is here, or nobody's until a person decides."""
        matches = {self._owner[key] for key in plan.keys if key in self._owner}
        if not matches:
            plan.paper_id, self._fresh = self._fresh, self._fresh + 1
            self._take(plan)
            return
        plan.outcome, plan.paper_id = "updated", min(matches)
        mine = frozenset(self._keys[plan.paper_id])
        reason = find_disagreement(mine, plan.keys)
        if len(matches) > 1:
            reason = "its identifiers belong to several papers here"
        if reason:
            plan.outcome = "review"
            _note_review(self._session, plan, choose_key(as_ids(mine)), reason)
        else:
            self._take(plan)

    def _take(self, plan: Plan) -> None:
        self._owner.update(dict.fromkeys(plan.keys, plan.paper_id))
        self._keys.setdefault(plan.paper_id, set()).update(plan.keys)


def list_reviews(session: Session) -> list[ReviewNote]:
    """Return the records that wait for a person's decision."""
    rows = session.scalars(select(ReviewRow).order_by(ReviewRow.existing_key, ReviewRow.incoming_key))
    return [ReviewNote(row.existing_key, row.incoming_key, row.title, row.origin, row.reason) for row in rows]


def _note_review(session: Session, plan: Plan, existing: str, reason: str) -> None:
    paper = plan.record.paper
    same = (ReviewRow.existing_key == existing, ReviewRow.incoming_key == paper.key, ReviewRow.origin == paper.origin)
    session.execute(delete(ReviewRow).where(*same))
    session.execute(
        insert(ReviewRow).values(
            existing_key=existing,
            incoming_key=paper.key,
            origin=paper.origin,
            reason=reason,
            record_hash=plan.hash,
            title=paper.title,
        )
    )
