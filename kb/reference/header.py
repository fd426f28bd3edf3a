"""Reads the literate header of a reference file: text in, sections, gates, weights and parameters out.

The syntax is written down in the docstring of ``kb.reference``. Nothing here imports or executes the file.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from kb.errors import InvalidQueryError
from kb.records import Parameter

LABELS = (
    "Paper",
    "Idea",
    "Equation",
    "Shapes",
    "Form",
    "Gates",
    "Weights",
    "Parameters",
    "Assumes",
    "Cost",
    "Parents",
    "Leaves out",
    "Checked",
)
"""In the order in which they stand; a file may leave out Gates and Weights only."""

OPTIONAL = frozenset({"Gates", "Weights"})

_HEADS = ("B", "T", "H", "K")
_STREAM = ("B", "T", "D")
_BINS = ("B", "T", "A", "N")

FORMS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "mixer": {"q": _HEADS, "k": _HEADS, "v": ("B", "T", "H", "V")},
    "position": {"q": _HEADS, "k": _HEADS},
    "features": {"x": _HEADS},
    "norm": {"x": _STREAM},
    "feed-forward": {"x": _STREAM},
    "recurrence": {"x": _STREAM},
    "block": {"x": _STREAM},
    "schedule": {},
    "objective": {"tokens": ("B", "T")},
    "value-objective": {"values": _BINS, "target_values": _BINS, "actions": ("B", "T", "A"), "rewards": ("B", "T")},
}
"""Each form's inputs with their dimensions. ``tokens`` and ``actions`` are whole numbers: words of the shipped text,
and bins below N."""

OUTPUTS: Mapping[str, Mapping[str, str]] = {
    "mixer": {"batch": "B", "token": "T", "head": "H", "channel": "V"},
    "position": {"batch": "B", "head": "H", "query": "T", "key": "T"},
    "features": {"batch": "B", "token": "T", "head": "H", "feature": ""},
    "norm": {"batch": "B", "token": "T", "channel": "D"},
    "feed-forward": {"batch": "B", "token": "T", "channel": "D"},
    "recurrence": {"batch": "B", "token": "T", "channel": "D"},
    "block": {"batch": "B", "token": "T", "channel": "D"},
    "schedule": {"step": "", "group": ""},
    "objective": {"batch": "B", "token": "T"},
    "value-objective": {"batch": "B", "step": "T"},
}
"""The axes of each form's output, with the size that each has; empty where the idea's parameters decide."""

_SPOKEN = {
    "position": "a position scheme",
    "features": "a feature map",
    "feed-forward": "a feed-forward network",
    "objective": "an objective",
    "value-objective": "an objective over values",
}

GATED = frozenset({"mixer"})
"""The forms that may declare Gates."""

WEIGHTED = frozenset({"position", "norm", "feed-forward", "recurrence", "block", "objective"})
"""The forms that may declare Weights."""

_LABEL = re.compile(rf"({'|'.join(LABELS)})\s+(\S.*)")
_NUMBER = r"-?\d+(?:\.\d+)?(?:e-?\d+)?"
_RANGE = rf"({_NUMBER})\.\.({_NUMBER})"
_WEIGHT = re.compile(rf"([\w, ]+?)\s*\(([\w, ]+)\)(?:\s+(zero|one|{_NUMBER}|{_RANGE}))?")
_GATE = re.compile(rf"([\w, ]+?)\s*\(([\w, ]+)\)\s+{_RANGE}(?:\s*\((.+)\))?")
_PARAMETER = re.compile(rf"(\w+)\s*=\s*([\w.+-]+)(?:\s+in\s+{_RANGE})?(?:\s+of\s+([\w| ]+?))?(?:\s*\((.+)\))?")


@dataclass(frozen=True, slots=True)
class Weight:
    """One weight that a header declares: its dimensions by name, and ``normal`` or what it starts from."""

    name: str
    shape: tuple[str, ...]
    initial: str


@dataclass(frozen=True, slots=True)
class Gate:
    """A further input of a mixer: its dimensions by name, and the range in which it is drawn."""

    name: str
    shape: tuple[str, ...]
    low: float
    high: float
    neutral: str = ""


def speak_form(form: str) -> str:
    """Return what an idea of a form is, with its article: a mixer, a feature map."""
    return _SPOKEN.get(form, f"a {form}")


def parse_header(text: str) -> tuple[str, dict[str, str]]:
    """Return the title sentence and the text of each label, lines joined (those of Equation kept apart).

    Raises
    ------
    InvalidQueryError : a label is missing, or Form names no known form
    """
    title, _, body = text.partition("\n")
    lines: dict[str, list[str]] = {}
    label = ""
    for line in body.splitlines():
        if match := _LABEL.fullmatch(line.rstrip()):
            label = match[1]
            lines[label] = [match[2]]
        elif label and line.strip():
            lines[label].append(line.strip())
    for wanted in LABELS:
        if wanted not in lines and wanted not in OPTIONAL:
            raise InvalidQueryError(f"the header has no label {wanted}: put it back as the shipped file has it")
    sections = {name: ("\n" if name == "Equation" else " ").join(part) for name, part in lines.items()}
    if sections["Form"] not in FORMS:
        raise InvalidQueryError(f"the header's Form is {sections['Form']!r}: write one of {', '.join(FORMS)}")
    return title.strip().rstrip("."), sections


def parse_gates(text: str) -> tuple[Gate, ...]:
    """Return the gates that the text of ``Gates`` declares, in its order."""
    gates = []
    for entry in _split(text):
        match = _GATE.fullmatch(entry)
        if match is None:
            raise InvalidQueryError(
                f"the header's Gates cannot be read at {entry!r}: write name (B, T, H) low..high [(name=1 gives ...)]"
            )
        names, shape, low, high, neutral = match.groups()
        dimensions = tuple(part.strip() for part in shape.split(","))
        gates += [Gate(name.strip(), dimensions, float(low), float(high), neutral or "") for name in names.split(",")]
    return tuple(gates)


def write_gate(gate: Gate) -> str:
    """Return a gate as ``Gates`` declares it, without its neutral value: that holds for one idea, not for another."""
    return f"{gate.name} ({', '.join(gate.shape)}) {gate.low!r}..{gate.high!r}"


def parse_weights(text: str) -> tuple[Weight, ...]:
    """Return the weights that the text of ``Weights`` declares, in its order."""
    weights = []
    for entry in _split(text):
        match = _WEIGHT.fullmatch(entry)
        if match is None:
            raise InvalidQueryError(f"the header's Weights cannot be read at {entry!r}: write name (D, D) [initial]")
        shape = tuple(part.strip() for part in match[2].split(","))
        weights += [Weight(name.strip(), shape, match[3] or "normal") for name in match[1].split(",")]
    return tuple(weights)


def parse_parameters_section(text: str) -> tuple[Parameter, ...]:
    """Return the parameters that the text of ``Parameters`` declares, in its order."""
    return tuple(_parse_parameter(entry) for entry in _split(text))


def _split(text: str) -> list[str]:
    return [entry.strip() for entry in text.split(";") if entry.strip()]


def _parse_parameter(entry: str) -> Parameter:
    match = _PARAMETER.fullmatch(entry)
    if match is None:
        raise InvalidQueryError(
            f"the header's Parameters cannot be read at {entry!r}: write name = default [in low..high | of a | b]"
        )
    name, default, low, high, choices, neutral = match.groups()
    return Parameter(
        name=name,
        default=_read_value(default),
        low=float(low) if low else None,
        high=float(high) if high else None,
        choices=tuple(choice.strip() for choice in choices.split("|")) if choices else (),
        neutral=neutral or "",
    )


def _read_value(text: str) -> float | int | bool | str:
    if text in ("true", "false"):
        return text == "true"
    if re.fullmatch(r"-?\d+", text):
        return int(text)
    return float(text) if re.fullmatch(_NUMBER, text) else text
