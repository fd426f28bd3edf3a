"""Composes text programs for a confined guest: the guest's parts, then one call with everything written out.

The guest has torch and a built-in ``report(name, value)``, and cannot import this package. Pure functions: an idea
and what the user set go in, a program's text comes out; a wrong setting is refused here, before anything runs.

A run reports: idea, form, parameters, sizes, gates (where there are any: the number, or between what it was drawn),
words (of an objective: those of the first sequence), seed, parameter_count, state_elements (None without a state),
seconds, growth (T, matmul_flops and state_elements at T / 4, T / 2, T), shape, axes (their names), dtype, finite,
mean, std, min, max, and one of

slice     first batch, first head, 16 x 16 at most, with slice_axes (down, across)
curves    of a schedule: one a group, over steps
curves    of an objective: one a sequence, over positions; average over all sequences; loss, the mean over all
          positions that have one, and counted, how many those are

A comparison reports ideas (a list of the same) and pairs: between, comparable, max_abs, relative, tolerance,
first_index ([b, t, ...] or None) with axes, heat (the differences over heat_axes, 32 x 32 at most) and heat_pooled.
"""

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from kb.errors import InvalidQueryError
from kb.records import Idea
from kb.reference.header import FORMS, OUTPUTS, speak_form
from kb.reference.parameters import (
    list_gates,
    list_sizes,
    list_weights,
    parse_gate_values,
    parse_parameters,
    parse_sizes,
    refuse_uneven_heads,
    split_settings,
)
from kb.reference.registry import parse_idea
from kb.reference.text import build_vocabulary, number_words

_PARTS = ("guest_inputs", "guest_figures", "guest")
_IMPORT = re.compile(r"^from kb\..*\n", re.MULTILINE)
"""How the parts of the guest name one another here; there they stand in one text."""


def build_run_program(
    idea: Idea | str,
    parameters: Mapping[str, object] | None = None,
    *,
    seed: int = 0,
    sizes: Mapping[str, object] | None = None,
) -> str:
    """Return a program that runs one idea on its standard input and reports its figures.

    Parameters
    ----------
    idea       : a shipped idea, or the source text of an edited one with its header
    parameters : by name, as text or number; gates and sizes (capital letters) may stand among them
    sizes      : B, T, H, K, V, D, F, R or C

    Raises
    ------
    InvalidQueryError : the source cannot be read, or a name or value is refused
    """
    described = describe_idea(_read(idea), {**(parameters or {}), **(sizes or {})})
    return _compose("report_run", [described], seed)


def build_compare_program(
    ideas: Sequence[Idea | str],
    parameters: Mapping[str, object] | None = None,
    *,
    seed: int = 0,
    sizes: Mapping[str, object] | None = None,
) -> str:
    """Return a program that runs two to four ideas of one form on the same inputs, gates, weights and sizes.

    Parameters
    ----------
    parameters : a plain name goes to every idea that declares it; ``pangu-pi.n`` or ``2.n`` to one, by its slug or
                 its place in the list (from 1)

    Raises
    ------
    InvalidQueryError : not two to four ideas, different forms, or a name or value that is refused
    """
    read = [_read(idea) for idea in ideas]
    if not 2 <= len(read) <= 4:
        raise InvalidQueryError(f"a comparison takes two to four ideas, not {len(read)}")
    if len({idea.form for idea in read}) > 1:
        forms = ", ".join(f"{idea.slug} is {speak_form(idea.form)}" for idea in read)
        raise InvalidQueryError(f"only ideas of one form take the same input: {forms}; choose ideas of one form")
    own = _share(read, {**(parameters or {}), **(sizes or {})})
    described = [describe_idea(idea, given) for idea, given in zip(read, own, strict=True)]
    for idea, label in zip(described, _label(read), strict=True):
        idea["label"] = label
    _share_gates(described)
    return _compose("report_compare", described, seed)


def describe_idea(idea: Idea, given: Mapping[str, object]) -> dict[str, Any]:
    """Return an idea as the guest takes it: source, checked settings, shapes of inputs, gates and weights."""
    parameters, sizes = split_settings(given)
    fixed, parameters = parse_gate_values(idea, parameters)
    values, dimensions = parse_parameters(idea, parameters), parse_sizes(idea, sizes)
    refuse_uneven_heads(idea, values, dimensions)
    gates, weights = list_gates(idea), list_weights(idea)
    for kind, name, shape in [
        *(("gate", gate.name, gate.shape) for gate in gates),
        *(("weight", weight.name, weight.shape) for weight in weights),
    ]:
        for part in shape:
            if part not in dimensions and type(values.get(part)) is not int and not part.isdecimal():
                raise InvalidQueryError(f"the header's {kind} {name} has an unknown dimension {part}")
    return {
        "label": idea.slug,
        "form": idea.form,
        "function": idea.function,
        "source": idea.code,
        "parameters": values,
        "sizes": dimensions,
        "inputs": FORMS[idea.form],
        "axes": list(OUTPUTS[idea.form]),
        "gates": [
            {
                "name": gate.name,
                "shape": gate.shape,
                "drawn": gate.shape,
                "low": fixed.get(gate.name, gate.low),
                "high": fixed.get(gate.name, gate.high),
            }
            for gate in gates
        ],
        "weights": [(weight.name, weight.shape, weight.initial) for weight in weights],
        **_take_text(idea, dimensions),
    }


def _take_text(idea: Idea, sizes: Mapping[str, int]) -> dict[str, Any]:
    """Return the text as numbers of words, and the words; nothing for an idea that takes no tokens."""
    if "tokens" not in FORMS[idea.form]:
        return {}
    return {"text": number_words(sizes["C"]), "vocabulary": build_vocabulary(sizes["C"])}


def _share_gates(described: Sequence[dict[str, Any]]) -> None:
    """Let gates of one name be the same numbers in all ideas, over what their shapes and ranges have in common."""
    several: dict[str, list[dict[str, Any]]] = {}
    for idea in described:
        for gate in idea["gates"]:
            if gate["low"] < gate["high"]:
                several.setdefault(gate["name"], []).append(gate)
    for name, gates in several.items():
        low, high = max(gate["low"] for gate in gates), min(gate["high"] for gate in gates)
        if low > high:
            raise InvalidQueryError(f"no {name} suits all of these ideas: set it to a number in each of them")
        drawn = [part for part in gates[0]["shape"] if all(part in gate["shape"] for gate in gates)]
        for gate in gates:
            gate.update(low=low, high=high, drawn=drawn)


def _read(idea: Idea | str) -> Idea:
    return parse_idea(idea) if isinstance(idea, str) else idea


def _share(ideas: Sequence[Idea], given: Mapping[str, object]) -> list[dict[str, object]]:
    """Return for each idea the settings that concern it; every setting must concern one."""
    own: list[dict[str, object]] = [{} for _ in ideas]
    for setting, value in given.items():
        to, _, name = setting.rpartition(".")
        meant = [
            place
            for place, idea in enumerate(ideas)
            if to in ("", idea.slug, idea.function, str(place + 1)) and name in _settable(idea)
        ]
        if not meant:
            offered = "; ".join(f"{idea.slug} has {', '.join(_settable(idea))}" for idea in ideas)
            raise InvalidQueryError(f"none of these ideas takes {setting!r}: {offered}")
        for place in meant:
            own[place][name] = value
    return own


def _settable(idea: Idea) -> list[str]:
    return [one.name for one in (*idea.parameters, *idea.gates)] + list(list_sizes(idea))


def _label(ideas: Sequence[Idea]) -> list[str]:
    """Return a label for each idea: its slug, with its place behind it where two share one."""
    often = Counter(idea.slug for idea in ideas)
    return [
        idea.slug if often[idea.slug] == 1 else f"{idea.slug} ({place})" for place, idea in enumerate(ideas, start=1)
    ]


def _compose(call: str, described: list[dict[str, Any]], seed: int) -> str:
    text = json.dumps({"seed": seed, "ideas": described})
    return f"{_read_guest()}\n\nimport json\n\n{call}(json.loads({text!r}), report)\n"


@cache
def _read_guest() -> str:
    parts = [Path(__file__).with_name(f"{part}.py").read_text(encoding="utf-8") for part in _PARTS]
    return "\n\n".join(_IMPORT.sub("", part) for part in parts)
