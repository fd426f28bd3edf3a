"""Reads and range-checks what a user sets for a run: an idea's parameters, its gates and the sizes of its tensors.

Names of sizes are one capital letter, names of parameters and gates are lower case, so one list of settings may hold
all of them.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from kb.errors import InvalidQueryError
from kb.records import DRAWN, Idea, Parameter
from kb.reference.header import FORMS, OUTPUTS, Gate, Weight, parse_gates, parse_weights

Value = float | int | bool | str

SIZES: Mapping[str, tuple[int, int]] = {
    "B": (2, 64),
    "T": (8, 512),
    "H": (2, 16),
    "K": (8, 128),
    "V": (8, 128),
    "D": (16, 512),
    "F": (64, 2048),
    "R": (4, 128),
    "C": (128, 128),
    "A": (3, 16),
    "N": (8, 256),
}
"""Default and greatest value: batch, time, heads, key, value, model width, feed-forward width, bottleneck width,
vocabulary, dimensions of an action, bins of each."""

_MORE_TEXT = {"B": 4, "T": 32}
"""The defaults of an objective: a few words would say little about a text."""

MOST_ELEMENTS = 32_768
"""The greatest input or output: with T up to 512, pairs of tokens and channels then stay below 150 MB in float64."""


def list_weights(idea: Idea) -> tuple[Weight, ...]:
    """Return the weights that an idea declares; a mixer, a feature map or a schedule has none."""
    return parse_weights(idea.sections.get("Weights", ""))


def list_gates(idea: Idea) -> tuple[Gate, ...]:
    """Return the gates that an idea declares: a mixer's further inputs."""
    return parse_gates(idea.sections.get("Gates", ""))


def list_sizes(idea: Idea) -> tuple[str, ...]:
    """Return the sizes that an idea's inputs, gates and weights depend on."""
    return tuple(list_bounds(idea))


def list_bounds(idea: Idea) -> dict[str, tuple[int, int]]:
    """Return default and greatest value of each size that an idea depends on."""
    inputs = FORMS[idea.form]
    declared: list[Gate | Weight] = [*list_gates(idea), *list_weights(idea)]
    shapes = [*inputs.values(), *(one.shape for one in declared)]
    if "tokens" in inputs:
        shapes.append(("C",))
    more = _MORE_TEXT if "tokens" in inputs else {}
    return {
        name: (more.get(name, default), most)
        for name, (default, most) in SIZES.items()
        if any(name in shape for shape in shapes)
    }


def split_settings(given: Mapping[str, object]) -> tuple[dict[str, object], dict[str, object]]:
    """Return the parameters and the sizes among settings."""
    sizes = {name: value for name, value in given.items() if name in SIZES}
    return {name: value for name, value in given.items() if name not in sizes}, sizes


def parse_parameters(idea: Idea, given: Mapping[str, object]) -> dict[str, Value]:
    """Return a value for every parameter of the idea: those given, as text or number, and the defaults.

    Raises
    ------
    InvalidQueryError : a name that the idea does not declare, or a value outside its range or choices
    """
    return parse_values(idea.slug, idea.parameters, given)


def parse_values(whose: str, parameters: Sequence[Parameter], given: Mapping[str, object]) -> dict[str, Value]:
    """Return a value for every parameter: those given, as text or number, and the defaults; see parse_parameters."""
    known = {parameter.name: parameter for parameter in parameters}
    for name in given:
        if name not in known:
            raise InvalidQueryError(f"{whose} has no parameter {name!r}: it has {_names(known)}")
    return {
        name: _parse_value(whose, parameter, given[name]) if name in given else parameter.default
        for name, parameter in known.items()
    }


def parse_gate_values(idea: Idea, given: Mapping[str, object]) -> tuple[dict[str, float], dict[str, object]]:
    """Return the gates among settings that are set to one number, and the settings that are no gates.

    Raises
    ------
    InvalidQueryError : a value outside the gate's range
    """
    gates = {gate.name: gate for gate in idea.gates}
    others = {name: value for name, value in given.items() if name not in gates}
    fixed = {}
    for name in gates.keys() & given.keys():
        if str(given[name]).strip() != DRAWN:
            # the default of a gate is a word; its value is read as a number
            value = _parse_value(idea.slug, replace(gates[name], default=0.0), given[name])
            assert isinstance(value, float)
            fixed[name] = value
    return fixed, others


def parse_sizes(idea: Idea, given: Mapping[str, object], *, most: int = MOST_ELEMENTS) -> dict[str, int]:
    """Return every size that the idea depends on: those given, as text or number, and the defaults.

    Raises
    ------
    InvalidQueryError : a size that the idea does not have, is too large, or makes an input too large
    """
    known = list_bounds(idea)
    sizes = {name: default for name, (default, _) in known.items()}
    for name, text in given.items():
        if name not in sizes:
            raise InvalidQueryError(f"{idea.slug} has no size {name!r}: it has {_names(sizes)}")
        size = _read_int(text)
        if size is None or not 1 <= size <= known[name][1]:
            raise InvalidQueryError(f"{name} must be a whole number in 1..{known[name][1]}, not {text}")
        sizes[name] = size
    for name, shape in (*FORMS[idea.form].items(), ("output", tuple(OUTPUTS[idea.form].values()))):
        if math.prod(sizes.get(letter, 1) for letter in shape) > most:
            product = " * ".join(filter(None, shape))
            raise InvalidQueryError(f"{product} ({name} of {idea.slug}) must be at most {most:,}: lower one")
    return sizes


def _parse_value(whose: str, parameter: Parameter, given: object) -> Value:
    wanted = _expected(parameter)
    value = _read_like(parameter.default, given)
    in_range = isinstance(value, str | bool) or (
        value is not None
        and (parameter.low is None or value >= parameter.low)
        and (parameter.high is None or value <= parameter.high)
    )
    if value is None or not in_range or (parameter.choices and value not in parameter.choices):
        raise InvalidQueryError(f"{parameter.name} of {whose} must be {wanted}, not {given}")
    return value


def _expected(parameter: Parameter) -> str:
    if parameter.choices:
        return " or ".join(parameter.choices)
    if isinstance(parameter.default, bool):
        return "true or false"
    kind = "a whole number" if isinstance(parameter.default, int) else "a number"
    return kind if parameter.low is None else f"{kind} in {parameter.low:g}..{parameter.high:g}"


def _read_like(default: Value, given: object) -> Value | None:
    """Return what was given as the default's type, None where it is no such value."""
    if isinstance(default, bool):
        return {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}.get(
            str(given).strip().casefold()
        )
    if isinstance(default, int):
        return _read_int(given)
    if isinstance(default, str):
        return str(given).strip()
    try:
        value = float(str(given))
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _read_int(given: object) -> int | None:
    text = str(given).strip()
    return int(text) if text.removeprefix("-").isdecimal() and len(text) < 10 else None


def _names(known: Iterable[str]) -> str:
    return ", ".join(known) or "none"
