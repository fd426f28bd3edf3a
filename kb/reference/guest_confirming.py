"""The part of a composed program that puts an agreement to the test of fresh inputs: other numbers, other sizes.

What held on the inputs of the search holds again on other random numbers, in another shape, on a long sequence, on
large and on small inputs, or it is not shown. A factor has to be the same everywhere, or one that follows a size.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from torch import Tensor

from kb.reference.guest_agreement import BOUND, HARD, TOWARDS, Bench, Trial, centre_rows, measure_apart
from kb.reference.guest_conditions import Condition

SMALL: Mapping[str, int] = {
    **{"B": 2, "T": 5, "H": 2, "K": 8, "V": 8},
    **{"D": 8, "F": 12, "R": 4, "C": 128, "A": 3, "N": 8},
}
OTHER: Mapping[str, int] = {**SMALL, "B": 3, "T": 7, "H": 4, "D": 12, "F": 20, "R": 3, "A": 2, "N": 5}
LONG: Mapping[str, int] = {**SMALL, "B": 1, "T": 40, "K": 4, "V": 4}
WIDE: Mapping[str, int] = {**SMALL, "T": 12, "K": 16, "V": 16, "D": 16}
LONGEST = 600
"""So many tokens at most, to see beyond a window that is as long as a default says."""
_POWERS = (0.5, -0.5, 1.0, -1.0)
_ENOUGH = 3
"""Trials in which both ideas have to run."""
_NEAR, _SLOWEST = 0.05, 0.4
"""Of a limit: how far the last step may be apart, and by which power of ten every tenfold step has to come nearer."""


class Found(NamedTuple):
    """An agreement that was found: of which substitutions, under which conditions, and in which sense."""

    own: tuple[frozenset[int], frozenset[int]]
    chosen: tuple[Condition, ...]
    sense: str = "same"
    """``same``, perhaps up to a factor; ``rows``, up to a constant in every row; ``limit``."""


class Held(NamedTuple):
    """What fresh inputs said: worst distance, number of trials, factor and its law, rate of a limit."""

    measured: float
    trials: int
    factor: float
    law: str = ""
    rate: float | None = None


def build_trials(ideas: Sequence[Mapping[str, Any]], seed: int) -> tuple[Trial, ...]:
    """Return the fresh trials of two ideas, none with the numbers of the search."""
    first = 1000 * seed + 100
    return (
        _trial(first + 1, SMALL),
        _trial(first + 2, SMALL),
        _trial(first + 3, OTHER),
        _trial(first + 4, {**LONG, "T": choose_length(ideas)}, bound=HARD),
        _trial(first + 5, WIDE),
        _trial(first + 6, SMALL, scale=8.0, bound=HARD),
        _trial(first + 7, SMALL, scale=0.125),
    )


def build_search_trials(seed: int) -> tuple[Trial, Trial]:
    """Return the two trials of the search, which differ in their numbers only."""
    return _trial(1000 * seed, SMALL), _trial(1000 * seed + 1, SMALL)


def build_probe(idea: Mapping[str, Any], seed: int) -> Trial:
    """Return the long trial in which a window or a chunk shows."""
    return _trial(1000 * seed + 2, {**LONG, "T": choose_length([idea])})


def choose_length(ideas: Sequence[Mapping[str, Any]]) -> int:
    """Return more tokens than any whole number among the parameters' defaults, within bounds."""
    numbers = [
        value
        for idea in ideas
        for name, value in idea["parameters"].items()
        if type(value) is int and name != "seed" and value <= LONGEST
    ]
    return max(LONG["T"], 1 + max(numbers, default=0))


def _trial(seed: int, sizes: Mapping[str, int], *, scale: float = 1.0, bound: float = BOUND) -> Trial:
    return Trial(seed, tuple(sizes.items()), scale, bound=bound)


def see(found_sense: str, output: Tensor) -> Tensor:
    """Return of an output what the sense of an agreement looks at."""
    return centre_rows(output) if found_sense == "rows" else output


def hold(benches: tuple[Bench, Bench], found: Found, trials: Sequence[Trial]) -> Held | None:
    """Return what fresh inputs say of an agreement; None where one speaks against it, or too few say anything."""
    if found.sense == "limit":
        return _approach(benches, found, trials)
    seen, shaped = [], 0
    for trial in trials:
        apart = _measure_both(benches, found, trial)
        if apart is None:
            continue
        if apart[1] > trial.bound:
            return None
        seen.append((apart, trial))
        shaped += trial.sizes != trials[0].sizes
    if len(seen) < _ENOUGH or (not shaped and benches[0].idea["inputs"]):
        return None
    law = find_law([apart[0] for apart, _ in seen], [_sizes_in(found, trial) for _, trial in seen])
    if law is None:
        return None
    return Held(max(apart[1] for apart, _ in seen), len(seen), *law)


def _measure_both(benches: tuple[Bench, Bench], found: Found, trial: Trial) -> tuple[float, float] | None:
    """Return factor and distance; None where one of the two cannot run."""
    outputs = [bench.run(own, found.chosen, trial) for bench, own in zip(benches, found.own, strict=True)]
    if outputs[0] is None or outputs[1] is None:
        return None
    seen = see(found.sense, outputs[0]), see(found.sense, outputs[1])
    return measure_apart(*seen, closely=found.sense != "limit")


def _sizes_in(found: Found, trial: Trial) -> dict[str, int]:
    sizes = dict(trial.sizes)
    for condition in found.chosen:
        sizes |= condition.sizes
    return sizes


def find_law(factors: Sequence[float], sizes: Sequence[Mapping[str, int]]) -> tuple[float, str] | None:
    """Return the factor that all share, with the law by which it follows a size; None where there is none.

    Examples
    --------
    >>> find_law([1.0, 0.5], [{"K": 4}, {"K": 16}])
    (2.0, 'K^-0.5')
    """
    if _is_constant_factor(factors):
        return factors[0], ""
    for letter in sizes[0]:
        for power in _POWERS:
            left = [factor / size[letter] ** power for factor, size in zip(factors, sizes, strict=True)]
            if _is_constant_factor(left):
                return left[0], f"{letter}^{power:g}"
    return None


def _is_constant_factor(factors: Sequence[float]) -> bool:
    return all(math.isclose(one, factors[0], rel_tol=HARD) for one in factors)


def _approach(benches: tuple[Bench, Bench], found: Found, trials: Sequence[Trial]) -> Held | None:
    """Return how two ideas come nearer to one another as a number goes to its end, on all trials of usual inputs."""
    worst, rates, powers, last = 0.0, [], [], []
    for trial in (one for one in trials if one.scale == 1.0):
        steps = [_measure_both(benches, found, trial._replace(step=step)) for step in TOWARDS]
        if any(step is None for step in steps):
            continue
        apart = [step[1] for step in steps if step is not None]
        factors = [step[0] for step in steps if step is not None]
        if apart[-1] > _NEAR or not all(map(math.isfinite, (*apart, *factors))) or min(factors) <= 0 < max(factors):
            return None
        if apart[-1] > BOUND:
            rates.append(math.log10(apart[-2] / apart[-1]) if apart[-2] else 0.0)
        powers.append(math.log10(factors[-1] / factors[-2]))
        worst = max(worst, apart[-1])
        last.append(factors[-1])
    if len(last) < _ENOUGH or min(rates, default=1.0) < _SLOWEST:
        return None
    mean = sum(powers) / len(powers)
    power = round(2 * mean) / 2
    # a factor that is another for every draw is none
    if max(abs(one - power) for one in powers) > _NEAR or max(last) > (1 + 2 * _NEAR) * min(last):
        return None
    law = f"step^{power:g}" if power else ""
    return Held(worst, len(last), last[0] / TOWARDS[-1] ** power, law, min(rates, default=None))
