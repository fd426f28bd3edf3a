"""What the search reports, as records: kinds of relations, factors in words, what follows from what.

A guest may run a stranger's code, so its figures are data: what does not have the form of a relation is passed over.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from kb.records import DiscoveredRelation, RelationKind, Side

_PLACES = {"equal": 0, "special case": 1, "meeting": 2, "limit": 3, "agreement": 4}
_MOST = 2000
_SHORT = 200
_POWERS = {"0.5": "sqrt({})", "-0.5": "1 / sqrt({})", "1": "{}", "-1": "1 / {}"}


def read_relations(told: object, ideas: Sequence[str]) -> list[DiscoveredRelation]:
    """Return the relations of one group, exact ones first, then those that ask for least."""
    entries = told[:_MOST] if isinstance(told, list) else []
    found = [one for entry in entries if (one := _read(entry, ideas)) is not None]
    return _drop_repeated(sorted(found, key=_weigh))


def _weigh(one: DiscoveredRelation) -> tuple[int, int, bool, tuple[str, ...]]:
    asked = sum(len(side.settings) for side in one.sides) + 2 * len(one.conditions)
    return _PLACES[one.kind], asked, bool(one.factor), tuple(side.idea for side in one.sides)


def _read(entry: object, ideas: Sequence[str]) -> DiscoveredRelation | None:
    try:
        return _build(entry, ideas)  # type: ignore[arg-type]
    except (AttributeError, IndexError, KeyError, TypeError, ValueError):
        return None


def _build(entry: Mapping[str, Any], ideas: Sequence[str]) -> DiscoveredRelation | None:
    one, other = entry["between"]
    if one not in ideas or other not in ideas:
        return None
    sides = [_read_side(name, own) for name, own in zip((one, other), entry["own"], strict=True)]
    sense, factor, law = str(entry["sense"]), float(entry["factor"]), str(entry["law"])
    measured = float(entry["measured"])
    if not (math.isfinite(measured) and math.isfinite(factor)):
        return None
    conditions = entry["conditions"]
    kind = _find_kind(sides, bool(conditions), sense)
    if sides[0].settings and not sides[1].settings:
        # the one as it stands comes first; the factor turns round with them
        sides.reverse()
        factor, law = 1 / factor, _invert(law)
    return DiscoveredRelation(
        kind=kind,
        sides=(sides[0], sides[1]),
        conditions=tuple(str(one["words"])[:_SHORT] for one in conditions),
        condition_names=tuple(str(one["name"])[:_SHORT] for one in conditions),
        measured=measured,
        bound=float(entry["bound"]),
        trials=int(entry["trials"]),
        factor=_speak_factor(factor, law, sides) if not _is_one(factor, kind) or law else "",
        up_to_rows=sense == "rows",
        rate=float(entry["rate"]) if entry["rate"] is not None else None,
    )


def _is_one(factor: float, kind: RelationKind) -> bool:
    return math.isclose(factor, 1.0, rel_tol=0.02 if kind == "limit" else 1e-7)


def _read_side(name: str, own: Iterable[Mapping[str, Any]]) -> Side:
    details = tuple(dict(one) for one in own)
    return Side(name, tuple(str(one["words"])[:_SHORT] for one in details), details)


def _find_kind(sides: Sequence[Side], is_asked: bool, sense: str) -> RelationKind:
    if sense == "limit":
        return "limit"
    if is_asked:
        return "agreement"
    settled = sum(bool(side.settings) for side in sides)
    return ("equal", "special case", "meeting")[settled]


def _invert(law: str) -> str:
    letter, _, power = law.partition("^")
    return f"{letter}^{-float(power):g}" if power else ""


def _speak_factor(factor: float, law: str, sides: Sequence[Side]) -> str:
    letter, _, power = law.partition("^")
    if letter == "step":
        factor, letter, power = _speak_step(factor, sides, float(power))
    words = _POWERS.get(power, "{}^" + power).format(letter) if power else ""
    # as it stands when the number has gone as far as it was tried
    number = (
        f"{factor:.2g}" if any(one["kind"] == "limit" for side in sides for one in side.details) else f"{factor:.4g}"
    )
    if words and number == "1":
        return words
    return f"{number} {words}".strip()


def _speak_step(factor: float, sides: Sequence[Side], power: float) -> tuple[float, str, str]:
    """Return the factor in terms of the number that goes to its end, and the power of it that it follows."""
    moving = next(one for side in sides for one in side.details if one["kind"] == "limit")
    # the guest counts steps from the default: the number is the default times, or divided by, the step
    power = power if moving["value"] == "infinity" else -power
    return factor * float(str(moving["start"])) ** -power, str(moving["slot"]), f"{power:g}"


def _drop_repeated(relations: Iterable[DiscoveredRelation]) -> list[DiscoveredRelation]:
    """Leave out what holds up to a factor, or a number a row, where the same two are one without it."""
    kept: list[DiscoveredRelation] = []
    for one in sorted(relations, key=lambda found: (bool(found.factor) + found.up_to_rows, _weigh(found))):
        if (one.factor or one.up_to_rows) and any(_says_more(other, one) for other in kept):
            continue
        kept.append(one)
    return sorted(kept, key=_weigh)


def _says_more(one: DiscoveredRelation, other: DiscoveredRelation) -> bool:
    alike = {side.idea for side in one.sides} == {side.idea for side in other.sides}
    exact = bool(one.factor) + one.up_to_rows < bool(other.factor) + other.up_to_rows
    return alike and exact and set(one.condition_names) <= set(other.condition_names)


def mark_derived(relations: Sequence[DiscoveredRelation], ideas: Sequence[str]) -> tuple[DiscoveredRelation, ...]:
    """Mark what follows from others that ask for no more of the inputs, and where all ideas agree.

    What the catalogue knows comes first: what is new is what does not follow from it.
    """
    accepted: list[DiscoveredRelation] = []
    derived = set[int]()
    for place in sorted(range(len(relations)), key=lambda at: (not _is_known(relations[at]), at)):
        if _is_connected(relations[place], accepted):
            derived.add(place)
        else:
            accepted.append(relations[place])
    marked = [replace(one, follows=place in derived) for place, one in enumerate(relations)]
    return tuple(replace(one, everyone=_is_everyone(one, relations, ideas)) for one in marked)


def _is_known(one: DiscoveredRelation) -> bool:
    return bool(one.claims or one.edges)


Node = tuple[str, frozenset[str]]


def _node(side: Side) -> Node:
    return side.idea, frozenset(side.settings)


def _is_connected(relation: DiscoveredRelation, known: Iterable[DiscoveredRelation]) -> bool:
    """Tell whether steps through other ideas lead from one side to the other under no more conditions."""
    usable = [
        one
        for one in known
        if set(one.condition_names) <= set(relation.condition_names)
        and (one.kind != "limit" or relation.kind == "limit")
        and not (one.factor and not relation.factor)
        and not (one.up_to_rows and not relation.up_to_rows)
    ]
    start, end = map(_node, relation.sides)
    reached, waiting = {start}, [start]
    while waiting:
        present = waiting.pop()
        for one in usable:
            ends = [_node(side) for side in one.sides]
            for here, there in (ends, ends[::-1]):
                if here == present and there not in reached:
                    reached.add(there)
                    waiting.append(there)
    return end in reached


def _is_everyone(relation: DiscoveredRelation, relations: Iterable[DiscoveredRelation], ideas: Sequence[str]) -> bool:
    """Tell whether conditions on the inputs are so strong that all ideas agree, of more than two."""
    if not relation.conditions or len(ideas) < 3:
        return False
    names = set(relation.condition_names)
    links = [
        {side.idea for side in one.sides}
        for one in relations
        if set(one.condition_names) <= names and one.kind != "limit" and not any(side.settings for side in one.sides)
    ]
    together = {relation.sides[0].idea}
    while more := {idea for link in links if link & together for idea in link} - together:
        together |= more
    return together == set(ideas)
