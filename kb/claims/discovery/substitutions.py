"""What may be set in an idea so that another comes back: read from its header and from those of its kin.

Pure functions of headers: parameters at their declared neutral values, at 0, 1, the ends of their range, a size, or
the default of a namesake; numbers that go to zero or grow without bound; gates at a number, alike along dimensions
in which a namesake has none, or in the part of another idea's gate; weights that only this idea has at their first
value, at zero, or tied to another.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from kb.records import Idea, Parameter
from kb.reference.header import FORMS, Gate, Weight
from kb.reference.parameters import list_gates, list_weights

Substitution = dict[str, Any]
"""slot, kind, value, words, declared; for the guest (``guest_agreement``)."""
FAR = 50
"""A range's end that is so many times the default, or its inverse, stands for zero or for no bound."""
_MOST_WEIGHTS = 6
_DECLARED = re.compile(r"(\w+)\s*=\s*(-?\d+(?:\.\d+)?(?:e-?\d+)?|\w+)")
_RANDOM = "seed"
_WORDS = {"B": "sequences", "T": "tokens", "H": "heads", "K": "key channels", "V": "value channels", "D": "channels"}


def list_substitutions(idea: Idea, kin: Sequence[Idea]) -> list[Substitution]:
    """Return everything of an idea's own that may be set, declared neutral values first.

    Parameters
    ----------
    kin : ideas of the same form, this one may be among them
    """
    declared = _read_declared(idea)
    others = [one for one in kin if one is not idea]
    found = [
        *(one for parameter in idea.parameters for one in _of_parameter(parameter, idea, others, declared)),
        *(one for gate in list_gates(idea) for one in _of_gate(gate, idea, others, declared)),
        *_of_weights(idea, others),
    ]
    return sorted(found, key=lambda one: not one["declared"])


def _read_declared(idea: Idea) -> set[tuple[str, str]]:
    """Return each name and value that the header's brackets give as neutral; whole numbers in one spelling."""
    texts = " ".join(one.neutral for one in (*idea.parameters, *idea.gates))
    return {(name, _spell(value)) for name, value in _DECLARED.findall(texts)}


def _spell(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    try:
        return f"{float(str(value)):g}"
    except ValueError:
        return str(value)


def _of_parameter(
    parameter: Parameter, idea: Idea, others: Sequence[Idea], declared: set[tuple[str, str]]
) -> Iterator[Substitution]:
    name, default = parameter.name, parameter.default
    if name == _RANDOM:
        return
    for value in _list_values(parameter, others, declared):
        yield _build(name, "value", value, f"{name} = {_spell(value)}", declared=(name, _spell(value)) in declared)
    if isinstance(default, bool | str):
        return
    if isinstance(default, int):
        for letter in _sizes_of(idea):
            yield _build(name, "size", letter, f"{name} = the number of {_WORDS[letter]}")
    if default > 0 and parameter.high is not None and parameter.high >= FAR * default and isinstance(default, float):
        yield _build(name, "limit", "infinity", f"{name} to infinity", start=default)
    if (
        default > 0
        and parameter.low is not None
        and 0 < parameter.low <= default / FAR
        and isinstance(default, float)
    ):
        yield _build(name, "limit", "zero", f"{name} to 0", start=default)


def _sizes_of(idea: Idea) -> list[str]:
    """Return the letters of the form's inputs, but that of the batch: what a whole number may be as many as."""
    return sorted({letter for shape in FORMS[idea.form].values() for letter in shape} & _WORDS.keys() - {"B", "V"})


def _list_values(
    parameter: Parameter, others: Sequence[Idea], declared: set[tuple[str, str]]
) -> list[float | int | bool | str]:
    """Return the values worth trying, each once, without the default; a limit's end is no value."""
    default = parameter.default
    if isinstance(default, bool):
        return [not default]
    if isinstance(default, str):
        return [one for one in parameter.choices if one != default]
    low = -float("inf") if parameter.low is None else parameter.low
    high = float("inf") if parameter.high is None else parameter.high
    namesakes = [p.default for other in others for p in other.parameters if p.name == parameter.name]
    texts = [value for name, value in declared if name == parameter.name]
    numbers = [float(one) for one in (*namesakes, *texts, 0, 1) if _is_number(one)]
    kept = sorted({one for one in numbers if low <= one <= high and one != default})
    near = [one for one in kept if one == 0 or not _is_far(one, float(default), parameter)]
    return [int(one) for one in near] if isinstance(default, int) else list(near)


def _is_number(value: object) -> bool:
    return not isinstance(value, bool) and re.fullmatch(r"-?\d+(\.\d+)?(e[+-]?\d+)?", str(value)) is not None


def _is_far(value: float, default: float, parameter: Parameter) -> bool:
    """Tell whether a value stands for a limit: an end of the range of a number that is far from the default."""
    at_end = value in (parameter.low, parameter.high) and isinstance(parameter.default, float)
    return at_end and default > 0 and value > 0 and not 1 / FAR < value / default < FAR


def _of_gate(
    gate: Gate, idea: Idea, others: Sequence[Idea], declared: set[tuple[str, str]]
) -> Iterator[Substitution]:
    name = gate.name
    texts = {float(value) for one, value in declared if one == name and _is_number(value)}
    for value in sorted(texts | {0.0, 1.0}):
        if gate.low <= value <= gate.high:
            yield _build(name, "gate", value, f"{name} = {value:g}", declared=(name, _spell(value)) in declared)
    shapes = {one.shape for other in others for one in list_gates(other) if one.name == name}
    for shape in sorted(shapes, key=len, reverse=True):
        if set(shape) < set(gate.shape):
            along = [_WORDS.get(letter, letter) for letter in gate.shape if letter not in shape]
            yield _build(name, "alike", list(shape), f"{name} the same for all {_join(along)}")
    mine = {one.name for one in list_gates(idea)}
    if len(gate.shape) > 1:
        yield _build(name, "alike", [], f"{name} the same everywhere")
    for other in _list_roles(gate, others, mine):
        part = {"name": other.name, "shape": other.shape, "drawn": other.shape, "low": other.low, "high": other.high}
        if gate.low <= other.low and other.high <= gate.high:
            yield _build(name, "role", other.name, f"{name} = {other.name}", gate=part, rest=False)
        if gate.low <= 1 - other.high and 1 - other.low <= gate.high:
            yield _build(name, "role", f"1 - {other.name}", f"{name} = 1 - {other.name}", gate=part, rest=True)


def _list_roles(gate: Gate, others: Sequence[Idea], mine: set[str]) -> list[Gate]:
    """Return gates of others that this one could be under another name: no idea has both, and shapes fit."""
    several = [{one.name: one for one in list_gates(other)} for other in others]
    beside = {name for theirs in several if gate.name in theirs for name in theirs} | mine
    found = {name: one for theirs in several for name, one in theirs.items() if name not in beside}
    return [one for one in found.values() if one.shape == gate.shape[: len(one.shape)]]


def _of_weights(idea: Idea, others: Sequence[Idea]) -> Iterator[Substitution]:
    """Yield what may be set of the weights that not every other idea has."""
    weights = list_weights(idea)
    shared = set.intersection(*({one.name for one in list_weights(other)} for other in others)) if others else set()
    starting = [one for one in weights if one.initial != "normal"]
    for one in starting:
        if one.name not in shared or len(starting) <= _MOST_WEIGHTS:
            yield _build(one.name, "first", [one.name], _tell_first(one))
    if len(starting) > 1:
        names = [one.name for one in starting]
        yield _build("weights", "first", names, ", ".join(map(_tell_first, starting)), declared=True)
    own = [one for one in weights if one.name not in shared and one.initial == "normal"]
    for one in own[:_MOST_WEIGHTS]:
        yield _build(one.name, "zero", "zero", f"{one.name} = 0")
        for other in weights:
            if other.name != one.name and other.shape == one.shape and other.name in shared:
                yield _build(one.name, "tied", other.name, f"{one.name} = {other.name}")


_FIRST: Mapping[str, str] = {"zero": "0", "one": "1"}


def _tell_first(weight: Weight) -> str:
    return f"{weight.name} = {_FIRST.get(weight.initial, weight.initial.replace('..', ' to '))}"


def _join(words: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1])))


def _build(
    slot: str, kind: str, value: object, words: str, *, declared: bool = False, **more: object
) -> Substitution:
    return {"slot": slot, "kind": kind, "value": value, "words": words, "declared": declared, **more}


def share_ranges(ideas: Iterable[dict[str, Any]]) -> None:
    """Draw gates of one name between what their ranges have in common, so that they are the same numbers."""
    several: dict[str, list[dict[str, Any]]] = {}
    for idea in ideas:
        for gate in idea["gates"]:
            several.setdefault(gate["name"], []).append(gate)
    for gates in several.values():
        low, high = max(gate["low"] for gate in gates), min(gate["high"] for gate in gates)
        if low < high:
            for gate in gates:
                gate.update(low=low, high=high)


def share_parts(ideas: Sequence[dict[str, Any]]) -> None:
    """Let a gate in the part of another be drawn as that one is."""
    ranges = {gate["name"]: (gate["low"], gate["high"]) for idea in ideas for gate in idea["gates"]}
    for idea in ideas:
        for one in idea["substitutions"]:
            if one["kind"] == "role":
                low, high = ranges[one["gate"]["name"]]
                one["gate"] = {**one["gate"], "low": low, "high": high}
