"""The part of a composed program that finds formulas for what an idea costs, in the letters of its sizes.

A polynomial is found from runs at small sizes, where every letter is varied alone and all together. It counts only
if it also gives what was counted at sizes that it was not made from: all letters at once, an odd number of tokens,
and the points of the curve, from some size on up to the greatest. Where none does, the form of growth along the
curve's letter is sought in the points themselves.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from kb.reference.guest_costs import COUNTED, Subject
from kb.reference.guest_functions import (
    Evaluate,
    Polynomial,
    Sizes,
    compute,
    find_degree,
    find_first,
    find_growth,
    find_polynomials,
    widen,
    write_polynomial,
)
from kb.reference.guest_gradients import FAILURES

_UNIT = 4
"""Polynomials are sought at multiples of 4 tokens, or of 4 and a length that is a parameter: a chunk, a tile."""
_WIDE = 32
"""The same where the tokens are not taken one after the other: so many that what grows with their square shows."""
_LONGEST = 64
_SAMPLES = {"B": 3, "H": 3, "T": 5, "K": 5, "D": 5}
"""How many sizes of a letter are tried, two more than the degree that can be found; of others 4."""
_SHARE = 0.8
"""The part of the budget after which no further run is begun."""


class Formula(NamedTuple):
    """A polynomial in the letters of sizes, and where it holds."""

    polynomial: Polynomial
    fixed: Mapping[str, int]
    """Sizes that stand in it as numbers."""
    every: int = 1
    """The number whose multiples the tokens must be; 1 where it holds for any."""
    first: int = 0
    """The smallest size along the curve from which on it gives every point."""
    last: int = 0
    """The greatest."""

    def tell(self) -> dict[str, Any]:
        """Return it as JSON values: text, fixed, every, from, to."""
        told = {"text": write_polynomial(self.polynomial), "fixed": dict(self.fixed), "every": self.every}
        return {**told, "from": self.first, "to": self.last}

    def suits(self, sizes: Sizes) -> bool:
        """Tell whether the tokens are as many as it holds for."""
        return self.every == 1 or sizes["T"] % self.every == 0

    def give(self, sizes: Sizes) -> int:
        """Return what it gives at sizes."""
        return round(compute(self.polynomial, widen(sizes)))


def choose_formulas(
    subject: Subject, along: str, points: Sequence[Mapping[str, Any]], found: Mapping[str, Formula]
) -> dict[str, Formula]:
    """Return formulas by the name of what is counted: those that were found where they give the points, or others."""
    told = {}
    others = {letter: size for letter, size in subject.sizes.items() if letter != along}
    for name in COUNTED:
        counted = [(point[along], point[name]) for point in points if point[name] is not None]
        if not counted:
            continue
        known = found.get(name)
        if known is not None and (held := _hold(known, subject.sizes, along, counted)) is not None:
            told[name] = held
        elif (growth := find_growth(counted, along)) is not None:
            told[name] = Formula(growth[0], others, 1, growth[1], counted[-1][0])
    return told


def _hold(known: Formula, sizes: Sizes, along: str, counted: Sequence[tuple[int, int]]) -> Formula | None:
    """Return a formula with the sizes along the curve from and to which it holds; None if not up to the last."""
    agrees = [
        (size, known.give({**sizes, along: size}) == value)
        for size, value in counted
        if known.suits({**sizes, along: size})
    ]
    if not agrees:
        return known
    first = find_first(agrees)
    return known._replace(first=first, last=agrees[-1][0]) if first else None


def find_way_formulas(ways: Sequence[Mapping[str, int]]) -> dict[str, Formula]:
    """Return formulas for path, sees and steps, in T: how many numbers stand at a token makes no way longer."""
    found = {}
    for name in ("path", "sees", "steps") if ways else ():
        if (growth := find_growth([(way["T"], way[name]) for way in ways], "T")) is not None:
            found[name] = Formula(growth[0], {}, 1, growth[1], ways[-1]["T"])
    return found


def seek_polynomials(subject: Subject, notes: list[str]) -> dict[str, Formula]:
    """Return what polynomials give counts at sizes they were not made from; notes say why none was sought.

    With one sequence the library skips some copies, so that what is held is a polynomial in B for two and more only:
    what is not found in all letters is sought with B as it is.
    """
    found: dict[str, Formula] = {}
    try:
        for kept in ((), ("B",)):
            if missing := [name for name in COUNTED if name not in found]:
                more = _seek(subject, kept)
                found |= {name: more[name] for name in missing if name in more}
    except TimeoutError:
        notes.append("not all formulas in all letters were sought: their runs take too long")
    except FAILURES as error:
        notes.append(f"not all formulas in all letters were sought: at other sizes it fails ({error})")
    return found


def _seek(subject: Subject, kept: Sequence[str]) -> dict[str, Formula]:
    """Return the polynomials that stood a test; the letters that are kept do not vary."""
    tied: dict[str, str] = {}

    def evaluate(at: Sizes) -> Mapping[str, int | None]:
        if not subject.has_time(_SHARE):
            raise TimeoutError
        return subject.count({**subject.sizes, **at, **{one: at[like] for one, like in tied.items()}})

    samples = _choose_samples(subject, evaluate, tied, kept)
    found = find_polynomials(evaluate, samples)
    mixed = {letter: sizes[2] for letter, sizes in samples.items()}
    right = {name: one for name, one in found.items() if compute(one, mixed) == evaluate(mixed)[name]}
    fixed = {letter: size for letter, size in subject.sizes.items() if letter not in (*samples, *tied)}
    if "T" not in samples:
        return {name: Formula(one, fixed) for name, one in right.items()}
    unit = samples["T"][0]
    odd = {**{letter: sizes[0] for letter, sizes in samples.items()}, "T": 2 * unit + 5}
    anywhere = evaluate(odd)
    return {
        name: Formula(one, fixed, 1 if compute(one, odd) == anywhere[name] else unit, unit, samples["T"][-1])
        for name, one in right.items()
    }


def _choose_samples(
    subject: Subject, evaluate: Evaluate, tied: dict[str, str], kept: Sequence[str]
) -> dict[str, list[int]]:
    """Return the sizes to try of each letter that can vary; ``tied`` gets those that must be as large as another."""
    samples = {}
    for letter, size in subject.sizes.items():
        if letter in kept:
            continue
        step = {"B": 1, "T": _UNIT}.get(letter, size)
        samples[letter] = [step * n for n in range(1, _SAMPLES.get(letter, 4) + 1)]
    if "heads" in samples:
        samples["heads"] = [n for n in range(1, subject.sizes["D"] + 1) if subject.sizes["D"] % n == 0][:4]
    for letter in [one for one in samples if one not in ("B", "T")]:
        if letter not in samples or (len(samples[letter]) > 2 and _runs(evaluate, samples, letter)):
            continue
        partners = [one for one in samples if one not in ("B", "T", letter) and samples[one][0] == samples[letter][0]]
        if partner := next((one for one in partners if _runs(evaluate, samples, letter, one)), None):
            del samples[partner]
            tied[partner] = letter
        else:
            del samples[letter]
    if "T" in samples:
        samples["T"] = _choose_tokens(subject, evaluate, samples)
    return samples


def _runs(evaluate: Evaluate, samples: Mapping[str, Sequence[int]], *varied: str) -> bool:
    """Tell whether the function runs where these letters have their second size and the others their first."""
    try:
        evaluate({letter: sizes[letter in varied] for letter, sizes in samples.items()})
    except FAILURES:
        return False
    return True


def _choose_tokens(subject: Subject, evaluate: Evaluate, samples: Mapping[str, Sequence[int]]) -> list[int]:
    """Return the numbers of tokens to try: multiples of the unit at which most counts are polynomials."""
    base = {letter: sizes[0] for letter, sizes in samples.items()}
    lengths = {n for n in subject.idea["parameters"].values() if type(n) is int and 1 < n <= _LONGEST}
    best: Sequence[int] = samples["T"]
    most = -1
    # a loop over tokens or chunks makes more calls of the library, the more there are
    several = 2 * max(lengths, default=_UNIT)
    loops = evaluate({**base, "T": _UNIT})["calls"] != evaluate({**base, "T": several})["calls"]
    first = _UNIT if loops else _WIDE
    for unit in (first, *sorted({math.lcm(first, n) for n in lengths} - {first})):
        sizes = [unit * n for n in range(1, _SAMPLES["T"] + 1)]
        rows = [evaluate({**base, "T": size}) for size in sizes]
        counted = [name for name in COUNTED if None not in [row[name] for row in rows]]
        right = sum(find_degree(sizes, [row[name] for row in rows]) is not None for name in counted)
        if right > most:
            best, most = sizes, right
        if right == len(counted):
            break
    return list(best)
