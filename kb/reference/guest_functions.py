"""The part of a composed program that finds the polynomial behind whole numbers that were counted at several sizes.

Exact: fractions, no rounding. A polynomial is a dictionary from powers to coefficients, ``{(("T", 2), ("K", 1)): 4}``
for 4 T^2 K. It is accepted only where it gives more values than it was made from; whoever uses it tests it on others.
"""

import itertools
import math
import operator
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction

Sizes = Mapping[str, int]
Powers = tuple[tuple[str, int], ...]
Polynomial = Mapping[Powers, Fraction]
Evaluate = Callable[[Sizes], Mapping[str, int | None]]
_RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
_BASES = (
    *([(power, 0) for power in range(degree, -1, -1)] for degree in range(2)),
    [(0, 1), (0, 0)],
    *([(power, 0) for power in range(degree, -1, -1)] for degree in (2, 3)),
    [(1, 1), (1, 0), (0, 1), (0, 0)],
)
"""Forms of growth with one letter: the powers of T and of log2 T of their terms."""


def find_polynomials(evaluate: Evaluate, samples: Mapping[str, Sequence[int]]) -> dict[str, Polynomial]:
    """Return the polynomials, by name, of those values that are polynomials in every letter.

    Parameters
    ----------
    evaluate : gives the values at sizes; one that is None is left out
    samples  : for each letter the sizes to take; a degree is found where it is two below their number
    """
    base = {letter: sizes[0] for letter, sizes in samples.items()}
    degrees: dict[str, dict[str, int]] = {}
    for letter, sizes in samples.items():
        rows = [evaluate({**base, letter: size}) for size in sizes]
        for name in rows[0]:
            degree = find_degree(sizes, [row[name] for row in rows])
            if degree is not None:
                degrees.setdefault(name, {})[letter] = degree
    whole = {name: own for name, own in degrees.items() if len(own) == len(samples)}
    return {name: _interpolate(evaluate, samples, name, own) for name, own in whole.items()}


def find_degree(places: Sequence[int], values: Sequence[int | None]) -> int | None:
    """Return the degree of the polynomial through all values; None where nothing is left to check it by."""
    if any(value is None for value in values):
        return None
    differences = _divide_differences(places, [Fraction(value or 0) for value in values])
    degree = max((power for power, one in enumerate(differences) if one), default=0)
    return degree if degree + 2 <= len(values) else None


def _divide_differences(places: Sequence[int], values: Sequence[Fraction]) -> list[Fraction]:
    """Return Newton's coefficients."""
    found = list(values)
    for order in range(1, len(found)):
        for row in range(len(found) - 1, order - 1, -1):
            found[row] = (found[row] - found[row - 1]) / (places[row] - places[row - order])
    return found


def _expand(places: Sequence[int], values: Sequence[Fraction]) -> list[Fraction]:
    """Return the coefficients of 1, x, x^2, ... of the polynomial through the values."""
    newton = _divide_differences(places, values)
    found = [newton[-1]]
    for place, coefficient in zip(reversed(places[: len(newton) - 1]), reversed(newton[:-1]), strict=True):
        # c + (x - place) * found
        found = [Fraction(0), *found]
        for power in range(len(found) - 1):
            found[power] -= place * found[power + 1]
        found[0] += coefficient
    return found


def _interpolate(
    evaluate: Evaluate, samples: Mapping[str, Sequence[int]], name: str, degrees: Mapping[str, int]
) -> Polynomial:
    """Return the polynomial through the values on a grid, one axis a letter."""
    axes = [(letter, sizes[: degrees[letter] + 1]) for letter, sizes in samples.items()]
    grid: dict[tuple[int, ...], Fraction] = {}
    for places in itertools.product(*(range(len(sizes)) for _, sizes in axes)):
        at = {letter: sizes[place] for (letter, sizes), place in zip(axes, places, strict=True)}
        grid[places] = Fraction(evaluate(at)[name] or 0)
    for axis, (_, sizes) in enumerate(axes):
        rest = {places[:axis] + places[axis + 1 :] for places in grid}
        for other in rest:
            keys = [(*other[:axis], place, *other[axis:]) for place in range(len(sizes))]
            grid.update(zip(keys, _expand(sizes, [grid[key] for key in keys]), strict=True))
    return {
        tuple((letter, power) for (letter, _), power in zip(axes, powers, strict=True) if power): coefficient
        for powers, coefficient in grid.items()
        if coefficient
    }


def compute(polynomial: Polynomial, sizes: Sizes) -> Fraction:
    """Return the value at sizes."""
    return sum(
        (
            factor * math.prod(sizes[letter] ** power for letter, power in powers)
            for powers, factor in polynomial.items()
        ),
        Fraction(0),
    )


def write_polynomial(polynomial: Polynomial) -> str:
    """Return a polynomial as it is read, the highest powers first: ``4 B H T² K + 2 B H T``."""
    terms = sorted(polynomial.items(), key=lambda term: (-sum(power for _, power in term[0]), term[0]))
    told = " ".join(_write_term(powers, factor) for powers, factor in terms)
    return f"−{told[2:]}" if told.startswith("−") else told[2:] or "0"


def _write_term(powers: Powers, factor: Fraction) -> str:
    letters = [f"{letter}{str(power).translate(_RAISED) if power > 1 else ''}" for letter, power in powers]
    size = abs(factor)
    number = [str(size)] if size != 1 or not letters else []
    return f"{'−' if factor < 0 else '+'} {' '.join([*number, *letters])}"


def find_growth(points: Sequence[tuple[int, int]], letter: str) -> tuple[Polynomial, int] | None:
    """Return how values grow with one letter and from which size on that holds; None where no form fits.

    Each form is tried on the last points, one more than it has terms: polynomials up to T^3; where sizes are powers
    of two, log2 T too, then T log2 T with all that is smaller. ``widen`` gives the sizes to compute it with.
    """
    for basis in _BASES:
        last = points[-len(basis) - 1 :]
        if len(last) <= len(basis) or (basis[0][1] and any(size & (size - 1) for size, _ in last)):
            continue
        rows = [[Fraction(size**power * _log(size) ** logs) for power, logs in basis] for size, _ in last]
        values = [Fraction(value) for _, value in last]
        factors = _solve(rows[1:], values[1:])
        if sum(map(operator.mul, rows[0], factors)) == values[0]:
            named = [((letter, power), (f"log₂ {letter}", logs)) for power, logs in basis]
            found = {
                tuple(one for one in name if one[1]): factor
                for name, factor in zip(named, factors, strict=True)
                if factor
            }
            agrees = [(size, compute(found, widen({letter: size})) == value) for size, value in points]
            return found, find_first(agrees)
    return None


def widen(sizes: Sizes) -> dict[str, int]:
    """Return sizes with their logarithms to base two, rounded up."""
    return {**sizes, **{f"log₂ {letter}": _log(size) for letter, size in sizes.items()}}


def _log(size: int) -> int:
    return (size - 1).bit_length()


def _solve(rows: Sequence[Sequence[Fraction]], values: Sequence[Fraction]) -> list[Fraction]:
    """Return the solution of as many equations as unknowns, by elimination."""
    system = [[*row, value] for row, value in zip(rows, values, strict=True)]
    for place in range(len(system)):
        pivot = next(n for n in range(place, len(system)) if system[n][place])
        system[place], system[pivot] = system[pivot], system[place]
        system[place] = [one / system[place][place] for one in system[place]]
        for n, row in enumerate(system):
            if n != place:
                system[n] = [one - row[place] * other for one, other in zip(row, system[place], strict=True)]
    return [row[-1] for row in system]


def find_first(agrees: Sequence[tuple[int, bool]]) -> int:
    """Return the size from which on all agree; 0 where the last does not."""
    first = 0
    for size, right in reversed(agrees):
        if not right:
            break
        first = size
    return first


def find_exponent(points: Sequence[tuple[int, float | None]]) -> float | None:
    """Return the power with which a value grows between the last two points; None where it does not say so."""
    told = [(size, value) for size, value in points if value]
    if len(told) < 2 or told[-1][0] == told[-2][0]:
        return None
    (size, value), (greater, later) = told[-2:]
    return round(math.log(later / value) / math.log(greater / size), 2)
