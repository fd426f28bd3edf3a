"""The part of a composed program that lists what may be set of an idea together, and where that changes anything.

A set of substitutions is kept where each of them matters: taking one away changes the output on generic inputs. What
matters nowhere (a choice between two computations of the same, the length of a chunk) falls away by itself.
"""

from collections.abc import Iterator, Sequence
from itertools import combinations

from torch import Tensor

from kb.reference.guest_agreement import BOUND, Bench, Trial
from kb.reference.guest_conditions import Condition

Own = frozenset[int]
"""Substitutions of an idea by their places in its list."""
AS_DECLARED: Own = frozenset()


def list_own(bench: Bench, probes: Sequence[Trial], most: int) -> list[Own]:
    """Return the sets of substitutions worth trying: none, single ones, two, three; declared ones up to five.

    Parameters
    ----------
    probes : where it shows whether a substitution matters: on few tokens, and on many
    most   : how many sets at most, small ones and declared ones first
    """
    places = range(len(bench.known))
    singles = [frozenset({place}) for place in places if _matters(bench, frozenset({place}), probes)]
    pairs = [one for one in _combine(bench, places, 2) if _matters(bench, one, probes)]
    active = sorted(frozenset().union(*singles, *pairs))
    declared = [place for place in active if bench.known[place]["declared"]]
    chains = [one for count in (5, 4, 3) for one in _combine(bench, declared, count) if _matters(bench, one, probes)]
    threes = (one for one in _combine(bench, active, 3) if one not in chains and not has_limit(bench, one))
    found = list(dict.fromkeys([AS_DECLARED, *singles, *chains, *pairs]))[:most]
    for one in threes:
        if len(found) >= most:
            break
        if _matters(bench, one, probes):
            found.append(one)
    return sorted(found, key=len)


def _combine(bench: Bench, places: Sequence[int], count: int) -> Iterator[Own]:
    """Yield so many substitutions together: no slot twice, and one limit at most."""
    for chosen in combinations(places, count):
        slots = {bench.known[place]["slot"] for place in chosen}
        limits = sum(bench.known[place]["kind"] == "limit" for place in chosen)
        if len(slots) == count and limits <= 1:
            yield frozenset(chosen)


def _matters(bench: Bench, own: Own, probes: Sequence[Trial]) -> bool:
    """Tell whether the output depends on each substitution of the set, the others being there."""
    return all(any(_differs(bench, own, own - {place}, probe) for probe in probes) for place in own)


def _differs(bench: Bench, own: Own, fewer: Own, probe: Trial) -> bool:
    one, other = bench.run(own, (), probe), bench.run(fewer, (), probe)
    if one is None or other is None:
        return one is not other
    return one.shape != other.shape or float((one - other).abs().max()) > BOUND * float(other.abs().max())


def has_limit(bench: Bench, own: Own) -> bool:
    """Tell whether one of the substitutions is a number on its way to its end."""
    return any(bench.known[place]["kind"] == "limit" for place in own)


def list_distinct(
    bench: Bench, owns: Sequence[Own], chosen: tuple[Condition, ...], trials: tuple[Trial, Trial]
) -> list[tuple[Own, Tensor]]:
    """Return the sets that differ on inputs that meet conditions, with their outputs; of equal ones the smallest.

    What does not depend on the inputs is left out, for its agreements would say nothing: zero, a constant.

    Parameters
    ----------
    owns   : small sets first
    trials : two, with different numbers
    """
    seen: list[tuple[Own, Tensor]] = []
    for own in owns:
        output = bench.run(own, chosen, trials[0])
        if output is None or any(fewer < own and _same(output, other) for fewer, other in seen):
            continue
        seen.append((own, output))
    return [(own, output) for own, output in seen if _depends(bench, own, chosen, trials)]


def _depends(bench: Bench, own: Own, chosen: tuple[Condition, ...], trials: tuple[Trial, Trial]) -> bool:
    if not bench.idea["inputs"]:
        return True
    one, other = (bench.run(own, chosen, trial) for trial in trials)
    if one is None or other is None:
        return False
    scale = float(one.abs().max())
    return scale > 0 and float((one - other).abs().max()) > BOUND * scale


def _same(one: Tensor, other: Tensor) -> bool:
    return one.shape == other.shape and float((one - other).abs().max()) <= BOUND * float(other.abs().max())
