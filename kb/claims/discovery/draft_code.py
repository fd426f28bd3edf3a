"""Writes what a relation asks for as code: conditions on the inputs, settings, gates, weights, a factor."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence

from kb.records import Idea, Side
from kb.reference.header import FORMS
from kb.reference.parameters import list_gates, list_weights

Shapes = Mapping[str, Sequence[str]]
_STEP = {"infinity": 1e4, "zero": 1e-4}
_CHANGES: Mapping[str, str] = {
    "heads-alike": 'inputs | {n: inputs[n][:, :, :1].expand_as(inputs[n]) for n in ("k", "v")}',
    "keys-alike": 'inputs | {"k": inputs["k"][:, :1].expand_as(inputs["k"])}',
    "queries-alike": 'inputs | {"q": inputs["q"][:, :1].expand_as(inputs["q"])}',
    "values-alike": 'inputs | {"v": inputs["v"][:, :1].expand_as(inputs["v"])}',
    "tokens-alike": 'inputs | {"x": inputs["x"][:, :1].expand_as(inputs["x"])}',
    "keys-unit": 'inputs | {"k": inputs["k"] / inputs["k"].norm(dim=-1, keepdim=True)}',
    "keys-orthonormal": 'inputs | {"k": torch.linalg.qr(inputs["k"].permute(0, 2, 3, 1)).Q.permute(0, 3, 1, 2)}',
    "queries-unit": 'inputs | {"q": inputs["q"] / inputs["q"].norm(dim=-1, keepdim=True)}',
    "queries-zero": 'inputs | {"q": torch.zeros_like(inputs["q"])}',
    "queries-are-keys": 'inputs | {"q": inputs["k"]}',
    "unit": 'inputs | {"x": inputs["x"] / inputs["x"].norm(dim=-1, keepdim=True)}',
    "centred": 'inputs | {"x": inputs["x"] - inputs["x"].mean(dim=-1, keepdim=True)}',
    "channels-centred": 'inputs | {"x": inputs["x"] - inputs["x"].mean(dim=(0, 1), keepdim=True)}',
    "unit-root-mean-square": 'inputs | {"x": inputs["x"] / inputs["x"].square().mean(dim=-1, keepdim=True).sqrt()}',
}
"""How the inputs are made to meet a condition, as ``guest_conditions`` does it."""
_NARROWED = {"one-token": ("T", 1), "one-head": ("H", 1), "one-sequence": ("B", 1)}


def list_shapes(one: Idea, other: Idea) -> dict[str, Sequence[str]]:
    """Return the dimensions of every input and gate by the name under which it is drawn."""
    shapes: dict[str, Sequence[str]] = dict(FORMS[one.form])
    for idea in (one, other):
        for gate in list_gates(idea):
            shapes[_key(gate.name, idea, one)] = gate.shape
    return shapes


def _key(gate: str, idea: Idea, first: Idea) -> str:
    shapes = [{g.name: g.shape for g in list_gates(which)}.get(gate) for which in (idea, first)]
    return gate if shapes[1] is None or shapes[0] == shapes[1] else f"{gate}_of_{idea.function}"


def write_condition(name: str, shapes: Shapes) -> str:
    if name in _NARROWED:
        return _narrow(*_NARROWED[name], shapes)
    if name == "non-negative":
        names = ("q", "k") if "q" in shapes else ("x",)
        return f"    inputs = inputs | {{n: inputs[n].abs() for n in {names!r}}}\n".replace("'", '"')
    return f"    inputs = {_CHANGES[name]}\n"


def _cut(shape: Sequence[str], letter: str, count: object) -> str:
    return ", ".join(f":{count}" if part == letter else ":" for part in shape)


def _narrow(letter: str, count: int, shapes: Shapes) -> str:
    """Return the line that keeps the first few along a dimension, of every input that has it."""
    parts = []
    for name, shape in shapes.items():
        if letter in shape:
            parts.append(f'"{name}": inputs["{name}"][{_cut(shape, letter, count)}]')
    return f"    inputs = inputs | {{{', '.join(parts)}}}\n"


def write_settings(side: Side, one: Idea, skipped: int = -1) -> Iterator[str]:
    for place, detail in enumerate(side.details):
        if place == skipped:
            continue
        slot, kind, value = str(detail["slot"]), detail["kind"], detail["value"]
        if kind == "value":
            yield f", {slot}={json.dumps(value) if isinstance(value, str) else repr(value)}"
        elif kind == "limit":
            yield f", {slot}={_go(detail)!r}"
        elif kind == "size":
            name, axis = next((n, s.index(value)) for n, s in FORMS[one.form].items() if value in s)
            yield f', {slot}=inputs["{name}"].shape[{axis}]'


def _go(detail: Mapping[str, object]) -> float:
    """Return how far a number has gone towards its end."""
    return float(str(detail["start"])) * _STEP[str(detail["value"])]


def write_factor(factor: str, sides: Sequence[Side], one: Idea) -> str:
    """Return the factor as code: its letters are sizes of inputs, a name is the number that goes to its end."""
    if not factor:
        return ""
    text = factor.replace("^", "**")
    for detail in (each for side in sides for each in side.details if each["kind"] == "limit"):
        text = re.sub(rf"\b{detail['slot']}\b", repr(_go(detail)), text)
    for letter in set(re.findall(r"\b[A-Z]\b", text)):
        name, axis = next((n, s.index(letter)) for n, s in FORMS[one.form].items() if letter in s)
        text = re.sub(rf"\b{letter}\b", f'inputs["{name}"].shape[{axis}]', text)
    text = re.sub(r"sqrt\((.+?\])\)", r"\1**0.5", text)
    text = re.sub(r"^([\d.e+-]+) (?!/)", r"\1 * ", text)
    return f" * ({text})"


def write_own(detail: Mapping[str, object], idea: Idea, one: Idea, other: Idea) -> Iterator[str]:
    slot, kind, value, words = str(detail["slot"]), detail["kind"], detail["value"], str(detail["words"])
    line = ""
    sized = [weight for weight in list_weights(idea) if slot in weight.shape] if kind == "value" else []
    if sized:
        parts = [
            f'"{weight.name}": inputs["w"]["{weight.name}"][{_cut(weight.shape, slot, value)}]' for weight in sized
        ]
        line = f'inputs = inputs | {{"w": inputs["w"] | {{{", ".join(parts)}}}}}'
    elif kind in ("gate", "alike", "role"):
        key = _key(slot, idea, one)
        line = f'inputs = inputs | {{"{key}": {_write_gate_value(detail, idea, one, other)}}}'
    elif kind in ("first", "zero", "tied"):
        initials = {weight.name: weight.initial for weight in list_weights(idea)}
        names = value if isinstance(value, list) else [slot]
        parts = [f'"{name}": {_write_weight(name, kind, value, initials[name])}' for name in names]
        line = f'inputs = inputs | {{"w": inputs["w"] | {{{", ".join(parts)}}}}}'
    if line:
        yield f"    if without != {json.dumps(words)}:\n        {line}\n"


def _write_weight(name: str, kind: object, value: object, initial: str) -> str:
    present = f'inputs["w"]["{name}"]'
    if kind == "tied":
        return f'inputs["w"]["{value}"]'
    if kind == "zero":
        return f"torch.zeros_like({present})"
    if ".." in initial:
        low, high = map(float, initial.split(".."))
        return f"torch.linspace({low}, {high}, {present}.shape[-1]).to({present}).expand_as({present})"
    return f"torch.full_like({present}, {float({'zero': '0', 'one': '1'}.get(initial, initial))})"


def _write_gate_value(detail: Mapping[str, object], idea: Idea, one: Idea, other: Idea) -> str:
    slot, kind, value = str(detail["slot"]), detail["kind"], detail["value"]
    key = _key(slot, idea, one)
    mine = next(gate.shape for gate in list_gates(idea) if gate.name == slot)
    if kind == "gate":
        return f'torch.full_like(inputs["{key}"], {float(str(value))})'
    kin = other if idea is one else one
    name = str(detail["gate"]["name"]) if kind == "role" else slot  # type: ignore[index]
    theirs = next((gate.shape for gate in list_gates(kin) if gate.name == name), None)
    if theirs is None:
        # alike in every place, whatever the other idea has: the first number stands for all
        cut = ", ".join(":" if part in value else ":1" for part in mine)  # type: ignore[operator]
        return f'inputs["{key}"][{cut}].expand_as(inputs["{key}"])'
    source = f'inputs["{_key(name, kin, one)}"]'
    if kind == "alike" and list(theirs) != value:
        cut = ", ".join(":" if part in value else ":1" for part in mine)  # type: ignore[operator]
        return f'inputs["{key}"][{cut}].expand_as(inputs["{key}"])'
    cut = ", ".join(":" if part in theirs else "None" for part in mine)
    text = f'{source}[{cut}].expand_as(inputs["{key}"])'
    return f"1 - {text}" if detail.get("rest") else text
