"""Writes, as code, how the inputs of two ideas of one form are drawn, and how each is called on them."""

import json
from collections.abc import Iterable, Mapping

from kb.records import Idea
from kb.reference.header import FORMS, Gate
from kb.reference.parameters import list_gates, list_weights

_SIZES = {"B": 2, "T": 6, "H": 2, "K": 4, "V": 4, "D": 8, "F": 16, "R": 4, "C": 16, "A": 3, "N": 8}
"""Small: a draw takes a millisecond."""


def list_inputs(newer: Idea, older: Idea, sizes: Mapping[str, int] = _SIZES) -> str:
    """Return the inputs of both as the text of a dictionary, an entry a line, with its dimensions behind it."""
    lines = [_write_input(name, shape, newer, sizes) for name, shape in FORMS[newer.form].items()]
    for idea in (newer, older):
        for gate in list_gates(idea):
            key = _key(gate, idea, newer)
            if not any(line.startswith(f'    "{key}"') for line in lines):
                lines.append(_write_gate(key, gate, idea, sizes))
    weights = {one.name: (one.shape, one.initial, idea) for idea in (older, newer) for one in list_weights(idea)}
    if weights:
        lines.append('    "w": {')
        lines += [f"    {_write_weight(name, *one, sizes)}" for name, one in weights.items()]
        lines.append("    },")
    return "\n".join(["{", *lines, "}"]) if lines else "{}"


def write_call(idea: Idea, newer: Idea) -> str:
    """Return the text that calls an idea on these inputs."""
    given = [f'{name}=inputs["{name}"]' for name in FORMS[idea.form]]
    given += [f'{gate.name}=inputs["{_key(gate, idea, newer)}"]' for gate in list_gates(idea)]
    given += ['w=inputs["w"]'] if list_weights(idea) else []
    arguments = ",\n        ".join([*given, "**settings"])
    return f"{idea.function}(\n        {arguments},\n    )"


def _key(gate: Gate, idea: Idea, newer: Idea) -> str:
    """Return under which name a gate is drawn: its own, or another where the two ideas shape it differently."""
    same = [one for one in list_gates(newer) if one.name == gate.name]
    if same and same[0].shape != gate.shape:
        return f"{gate.name}_of_{idea.function}"
    return gate.name


def _write_input(name: str, shape: tuple[str, ...], idea: Idea, sizes: Mapping[str, int]) -> str:
    dimensions = _resolve(shape, idea, sizes)
    drawn = {
        "tokens": f"draw.integers(2, {sizes['C']}, {dimensions})",
        "actions": f"draw.integers(0, {sizes['N']}, {dimensions})",
    }
    return _line(name, drawn.get(name, f"draw.normal({dimensions})"), shape)


def _write_gate(key: str, gate: Gate, idea: Idea, sizes: Mapping[str, int]) -> str:
    return _line(key, f"draw.uniform({gate.low}, {gate.high}, {_resolve(gate.shape, idea, sizes)})", gate.shape)


def _write_weight(name: str, shape: tuple[str, ...], initial: str, idea: Idea, sizes: Mapping[str, int]) -> str:
    dimensions = _resolve(shape, idea, sizes)
    if initial == "normal":
        rows = _resolve((shape[-2] if len(shape) > 1 else shape[-1],), idea, sizes)
        return _line(name, f"draw.normal({dimensions}, scale={rows}**-0.5)", shape)
    if ".." in initial:
        low, high = initial.split("..")
        return _line(name, f"draw.uniform({float(low)}, {float(high)}, {dimensions})", shape)
    middle = float({"zero": "0", "one": "1"}.get(initial, initial))
    # not the value that it starts from: at zero or one much agrees that differs elsewhere
    return _line(name, f"draw.uniform({middle - 0.5}, {middle + 0.5}, {dimensions})", shape)


def _line(name: str, drawn: str, shape: Iterable[str]) -> str:
    return f"    {json.dumps(name)}: {drawn},  # {', '.join(shape)}"


def _resolve(shape: Iterable[str], idea: Idea, sizes: Mapping[str, int]) -> str:
    defaults = {one.name: one.default for one in idea.parameters}
    return ", ".join(str(sizes.get(part, defaults.get(part, part))) for part in shape)
