"""The part of a composed program that says which of two agreements asks for less, and which says more."""

from collections.abc import Mapping, Sequence
from typing import Any

from kb.reference.guest_agreement import Bench
from kb.reference.guest_conditions import close
from kb.reference.guest_confirming import Found, Held
from kb.reference.guest_lattice import Own

RANK = {"same": 0, "rows": 1, "limit": 1}
"""How much an agreement says by its sense, most first."""
Weak = tuple[Own, Own, frozenset[str]]
"""An agreement's conditions with all that they imply, to be compared with another's."""
Kept = tuple[Weak, Found, Held]
"""An agreement that fresh inputs bore out."""


def drop_twins(kept: Sequence[Kept]) -> list[Kept]:
    """Return of agreements with equal conditions the one that says most; among these the first."""
    best: dict[tuple[Weak, str], Kept] = {}
    for one in kept:
        weak, found, held = one
        other = best.setdefault((weak, found.sense), one)
        if _factor_rank(held) < _factor_rank(other[2]):
            best[weak, found.sense] = one
    return list(best.values())


def count_conditions(found: Found) -> int:
    """Return how much an agreement asks for; what is asked of the inputs weighs more."""
    return sum(map(len, found.own)) + 2 * len(found.chosen)


def weaken(benches: tuple[Bench, Bench], found: Found, form: str) -> Weak:
    """Return an agreement's conditions with all that they imply."""
    one, other = (_close_own(bench, own) for bench, own in zip(benches, found.own, strict=True))
    return one, other, close(found.chosen, form)


def _close_own(bench: Bench, own: Own) -> Own:
    """Return substitutions with those that they imply: a gate at a number is alike along every dimension."""
    stronger = [bench.known[place] for place in own]
    return own | {
        place
        for place, one in enumerate(bench.known)
        if any(one is not other and _implies(other, one) for other in stronger)
    }


def _implies(stronger: Mapping[str, Any], weaker: Mapping[str, Any]) -> bool:
    if stronger["slot"] == "weights":
        return is_single(weaker) and weaker["slot"] in stronger["value"]
    if weaker["kind"] != "alike" or stronger["slot"] != weaker["slot"]:
        return False
    return stronger["kind"] == "gate" or (
        stronger["kind"] == "alike" and set(stronger["value"]) < set(weaker["value"])
    )


def is_single(one: Mapping[str, Any]) -> bool:
    """Tell whether a substitution sets one weight to its first value."""
    return bool(one["kind"] == "first" and one["slot"] != "weights")


def is_weaker(one: Weak, other: Weak) -> bool:
    """Tell whether one asks for nothing that the other does not ask for."""
    return all(mine <= theirs for mine, theirs in zip(one, other, strict=True))


def covers(one: Found, held: Held, found: Found) -> bool:
    """Tell whether an agreement under weaker conditions says all that one under stronger ones could say."""
    return one.sense == found.sense and (one.sense != "same" or (held.factor == 1.0 and not held.law))


def outdoes(one: Kept, other: Kept) -> bool:
    """Tell whether one is as general as the other and says more, or is more general and says as much."""
    (weak, found, held), (their_weak, their_found, their_held) = one, other
    if one is other or not is_weaker(weak, their_weak):
        return False
    mine, theirs = (RANK[found.sense], _factor_rank(held)), (RANK[their_found.sense], _factor_rank(their_held))
    return mine <= theirs and (weak != their_weak or mine < theirs)


def _factor_rank(held: Held) -> int:
    return 2 if held.law else int(held.factor != 1.0)
