"""Execute claims and keep their verdicts."""

from collections.abc import Sequence

from kb.library.opening import Progress
from kb.library.own_reading import current_hashes
from kb.records import OWN_CLAIM, Executed, Verdict
from kb.reference.registry import list_ideas
from kb.store import Store, verdicts


def verify(store: Store, ids: Sequence[str], seed: int, progress: Progress | None) -> list[Verdict]:
    """Execute claims, all of them where none is named, and record each verdict as soon as it is reached."""
    from kb.claims.registry import get_claim, list_claims
    from kb.claims.verify import run_claim

    chosen = [get_claim(one).id for one in ids] or [card.id for card in list_claims()]
    reached = []
    for done, one in enumerate(chosen):
        if progress:
            progress(f"executing {one}", done, len(chosen))
        reached.append(run_claim(one, seed=seed))
        with store.write() as session:
            verdicts.save_verdict(session, reached[-1])
    return reached


def verify_variants(ids: Sequence[str], seed: int, progress: Progress | None) -> dict[str, list[tuple[str, Verdict]]]:
    """Execute the wrong variants of claims; nothing is recorded, for they say nothing about what ships."""
    from kb.claims.registry import get_claim, list_claims
    from kb.claims.verify import run_wrong_variants

    chosen = [get_claim(one).id for one in ids] or [card.id for card in list_claims()]
    found = {}
    for done, one in enumerate(chosen):
        if progress:
            progress(f"trying to mislead {one}", done, len(chosen))
        found[one] = run_wrong_variants(one, seed=seed)
    return found


def list_verdicts(store: Store) -> list[Verdict]:
    """Return the newest verdict of each claim, stale where its code has changed since."""
    from kb.claims.registry import list_claims

    own = current_hashes(store)
    current = {card.id: card.code_hash for card in list_claims()} | own
    with store.read() as session:
        found = verdicts.list_verdicts(session, current)
    # what was found of a user's own claim that is gone says nothing any more
    return [one for one in found if one.claim in own or not one.claim.startswith(OWN_CLAIM)]


def list_history(store: Store, id: str) -> list[Verdict]:
    """Return what was ever found of one claim, the newest first."""
    if id.startswith(OWN_CLAIM):
        with store.read() as session:
            return verdicts.list_history(session, id, current_hashes(store).get(id, ""))
    from kb.claims.registry import get_claim
    from kb.claims.verify import current_hash

    with store.read() as session:
        return verdicts.list_history(session, get_claim(id).id, current_hash(id))


def list_executed(store: Store) -> Executed:
    """Return what is known from execution: which ideas have code, the claims, their newest verdicts."""
    from kb.claims.registry import list_claims

    coded = frozenset(idea.slug for idea in list_ideas())
    return Executed(coded, list_claims(), tuple(list_verdicts(store)))
