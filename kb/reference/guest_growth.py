"""The part of a composed program that measures what ideas cost as functions of their sizes.

It reports ``ideas``, a list, each with idea, form, parameters, sizes, and
along      the letter of the curve
points     at sizes of that letter that double: parameter_count, the operations of ``guest_flops`` by kind and flops,
           all of them together; numbers held: state_elements (None without a state), peak_elements (during the call,
           beside inputs and weights, without gradients), saved_elements (kept for the backward pass, beside the
           same); calls, how many operations of the library it was; seconds, a median, None for a run without numbers
beyond     at further sizes of the curve what the formulas give, where counting takes too long
at         the same at the sizes that were asked for, with path, sees and steps; what was not counted there, the
           formulas give
powers     of each of these the power with which it grows between the last two points
ways       at numbers of tokens that double: path, sees and steps (``guest_paths``)
formulas   by the name of what is counted: text, as it is read, with letters for sizes; fixed, sizes that stand in it
           as numbers; every, 1 or the number whose multiples T must be; from and to, the first size from which on it
           gives every point, and the last
uncounted  the names of operations for which there is no rule
notes      what was left out, and why
"""

import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch

from kb.reference.guest import Report
from kb.reference.guest_costs import COUNTED, MOST_NUMBERS, Subject
from kb.reference.guest_figures import plain
from kb.reference.guest_formulas import Formula, choose_formulas, find_way_formulas, seek_polynomials
from kb.reference.guest_functions import find_exponent
from kb.reference.guest_gradients import FAILURES

BUDGET_S = 1.6
"""Seconds of computing for one idea, more or less; several share ALL_S."""
ALL_S = 7.0
FAR_S = 0.5
"""Seconds for one idea where numbers would fill the memory; more than four share those of four."""
EMPTY_S = 2e-4
"""Seconds that one operation without numbers takes, counted and with derivatives, at most."""
GREATEST = {"T": 65_536, "B": 64, "H": 256}
"""Where curves end; other sizes at 8,192."""
_FEWEST = 8
"""The fewest tokens of a curve."""
_MOST_WALKED = 128
"""The longest chunk that is looked for."""


def report_costs(program: Mapping[str, Any], report: Report) -> None:
    """Measure the ideas of a program one after the other; report ``ideas`` anew after each.

    When all are there, those that can run on tensors without numbers are measured on to greater sizes: the first such
    run loads what the library needs for it, which takes longer than most ideas.
    """
    # one thread: several would wait for one another in most of these small runs, and times would be of nothing
    torch.set_num_threads(1)
    # without numbers the library loads its compiler, which would make itself a folder where it may not
    os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", tempfile.gettempdir())
    budget, along = min(BUDGET_S, ALL_S / len(program["ideas"])), program["along"]
    curves = []
    for idea in program["ideas"]:
        curves.append(_Curve(Subject(idea, program["seed"], budget), along))
        report("ideas", [curve.told for curve in curves])
    further = [curve for curve in curves if curve.ends_large()]
    for curve in further:
        curve.go_on(FAR_S * min(1, 4 / len(further)))
        report("ideas", [curve.told for curve in curves])


class _Curve:
    """The costs of one idea along one letter."""

    def __init__(self, subject: Subject, along: str) -> None:
        self.subject, self.along = subject, along
        self.notes: list[str] = []
        self.found = seek_polynomials(subject, self.notes) if along in subject.sizes else {}
        self.ways = list(_list_ways(subject, self.notes))
        # a note of where the curve ends stands last
        points = list(_list_points(subject, along, self.notes))
        self.told = self._tell(points, self.notes)

    def ends_large(self) -> bool:
        """Tell whether the curve ends where it does because its numbers would take too much memory."""
        points = self.told["points"]
        return (
            bool(points)
            and points[-1][self.along] < _list_sizes(self.subject, self.along)[-1]
            and _is_large(points[-1])
        )

    def go_on(self, budget_s: float) -> None:
        """Count at greater sizes, on tensors without numbers, and test the formulas there."""
        held, notes = self.told["points"][-1][self.along], self.notes[:-1]
        try:
            # the first such run of a process loads much of the library: its time says nothing
            self.subject.count({**self.subject.sizes, self.along: 2 * held}, empty=True)
        except (*FAILURES, ImportError, OSError) as error:
            why = f"counted up to {self.along} = {held:,}: beyond, it fails, or needs the numbers ({error})"
            self.told = {**self.told, "notes": [*notes, why]}
            return
        self.subject.begin(budget_s)
        self.told = self._tell(list(_list_points(self.subject, self.along, notes, far=True)), notes)

    def _tell(self, points: Sequence[Mapping[str, Any]], notes: Sequence[str]) -> dict[str, Any]:
        subject, along = self.subject, self.along
        formulas = choose_formulas(subject, along, points, self.found) | find_way_formulas(self.ways)
        curves = {name: [(point[along], point[name]) for point in points] for name in (*COUNTED, "seconds")}
        return {
            "idea": subject.idea["label"],
            **{name: subject.idea[name] for name in ("form", "parameters", "sizes")},
            "along": along,
            "at": _tell_asked(subject, along, points, formulas),
            "points": points,
            "beyond": _go_beyond(subject, along, points, formulas),
            "powers": {name: find_exponent(curve) for name, curve in curves.items()},
            "formulas": {name: formula.tell() for name, formula in formulas.items()},
            "ways": self.ways,
            "uncounted": sorted(subject.uncounted),
            "notes": list(notes),
        }


def _is_large(point: Mapping[str, Any]) -> bool:
    return 4 * (point["peak_elements"] or 0) > MOST_NUMBERS


def _tell_asked(
    subject: Subject, along: str, points: Sequence[Mapping[str, Any]], formulas: Mapping[str, Formula]
) -> dict[str, Any]:
    """Return what was counted at the sizes that were asked for, and what formulas give where it was not."""
    if along not in subject.sizes:
        return {**subject.count(subject.sizes), "seconds": plain(subject.time(subject.sizes))}
    asked = subject.sizes[along]
    suiting = {name: formula for name, formula in formulas.items() if formula.suits(subject.sizes)}
    given = {name: formula.give(subject.sizes) for name, formula in suiting.items()}
    counted = next((point for point in points if point[along] == asked), None)
    return {**given, **(counted or {along: asked, "seconds": None})}


def _go_beyond(
    subject: Subject, along: str, points: Sequence[Mapping[str, Any]], formulas: Mapping[str, Formula]
) -> list[dict[str, int]]:
    """Return what formulas give at those sizes of the curve that were not reached."""
    rest = [size for size in _list_sizes(subject, along) if points and size > points[-1][along]]
    told = []
    for size in rest:
        sizes = {**subject.sizes, along: size}
        given = {name: one.give(sizes) for name, one in formulas.items() if name in COUNTED and one.suits(sizes)}
        told.append({along: size, **given})
    return told


def _list_points(subject: Subject, along: str, notes: list[str], *, far: bool = False) -> Iterator[dict[str, Any]]:
    """Yield what is counted and timed at sizes that double; ``far`` goes on where numbers would fill the memory."""
    held, taken_s, empty = 0, 0.0, False
    for size in _list_sizes(subject, along):
        began, sizes = subject.spent_s, {**subject.sizes, along: size}
        hurried = held and not subject.has_counted(sizes)
        if hurried and not subject.has_time(for_s=2.5 * taken_s):
            notes.append(f"counted up to {along} = {held:,}: beyond, it takes too long")
            return
        try:
            counted = subject.count(sizes, empty=empty)
            seconds = None if empty else plain(subject.time(sizes))
        except FAILURES as error:
            if not empty and size == subject.sizes[along]:
                raise
            if size < subject.sizes[along]:
                continue
            notes.append(f"counted up to {along} = {held:,}: beyond, it fails, or needs the numbers ({error})")
            return
        yield (point := {along: size, **counted, "seconds": seconds})
        held, taken_s = size, subject.spent_s - began
        if not empty and _is_large(point):
            empty, taken_s = True, (point["calls"] or 0) * EMPTY_S
            if not far:
                notes.append(f"counted up to {along} = {held:,}")
                return


def _list_sizes(subject: Subject, along: str) -> list[int]:
    """Return the sizes of a curve: the one asked for, its doubles, and of T its whole halves."""
    asked = subject.sizes.get(along, 0)
    if along == "heads" and asked:
        return [1 << n for n in range(13) if subject.sizes["D"] % (1 << n) == 0]
    halves = [asked >> n for n in range(6, 0, -1) if along == "T" and asked % (1 << n) == 0 and asked >> n >= _FEWEST]
    doubles = [asked << n for n in range(17) if n == 0 or asked << n <= GREATEST.get(along, 8192)]
    return [*halves, *doubles] if asked else []


def _list_ways(subject: Subject, notes: list[str]) -> Iterator[dict[str, int]]:
    """Yield path, sees and steps at numbers of tokens that double, as far as time allows; longer than any chunk."""
    lengths = [n for n in subject.idea["parameters"].values() if type(n) is int and n > 4 * _FEWEST]
    further = {times * n for n in lengths for times in (2, 4) if n <= _MOST_WALKED}
    held, taken_s = _FEWEST, 0.0
    for size in sorted({_FEWEST, 2 * _FEWEST, 4 * _FEWEST, 8 * _FEWEST, *further}) if "T" in subject.sizes else ():
        if size > 4 * _FEWEST and not subject.has_time(0.8, for_s=1.3 * taken_s * size / held):
            return
        began = subject.spent_s
        try:
            way = subject.measure_way({**subject.sizes, "B": 1, "T": size})
        except FAILURES as error:
            notes.append(f"the way from token to token cannot be walked: {error}")
            return
        if not way:
            return
        yield {"T": size, **way}
        held, taken_s = size, subject.spent_s - began
