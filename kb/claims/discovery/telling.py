"""A relation that was found, in a sentence."""

from collections.abc import Mapping, Sequence

from kb.records import DiscoveredRelation, Side


def tell(relation: DiscoveredRelation, names: Mapping[str, str] | None = None) -> str:
    """Return a relation in a sentence; ideas are called by their names where these are given, else by their slugs."""
    one, other = (_tell_side(side, names or {}) for side in relation.sides)
    times = f" times {relation.factor}" if relation.factor else ""
    rows = ", up to a number for each query" if relation.up_to_rows else ""
    where = f", given {join_words(relation.conditions)}" if relation.conditions else ""
    verb = "is the limit of" if relation.kind == "limit" else "is"
    return f"{one} {verb} {other}{times}{rows}{where}."


def tell_evidence(relation: DiscoveredRelation) -> str:
    """Return how exactly and on how much a relation held."""
    rate = f", and falls with the power {relation.rate:.2g} of the number" if relation.rate is not None else ""
    return f"On {relation.trials} sets of fresh inputs the two were apart by {relation.measured:.2g} at most{rate}."


def _tell_side(side: Side, names: Mapping[str, str]) -> str:
    name = names.get(side.idea, side.idea)
    return f"{name} at {join_words(side.settings)}" if side.settings else name


def join_words(words: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1])))
