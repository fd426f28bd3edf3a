"""Composes text programs for a confined guest: the guest's parts, then one call with everything written out.

The guest has torch and a built-in ``report(name, value)``, and cannot import this package. Pure functions: an idea
and what the user set go in, a program's text comes out; a wrong setting is refused here, before anything runs.

A run reports: idea, form, parameters, sizes, gates (where there are any: the number, or between what it was drawn),
words (of an objective: those of the first sequence), seed, parameter_count, state_elements (None without a state),
seconds, growth (T, flops, matmul_flops, state_elements and seconds at T / 4, T / 2, T; ``guest_flops`` says what is
counted), shape, axes (their names), dtype, finite, mean, std, min, max, and one of

slice     first batch, first head, 16 x 16 at most, with slice_axes (down, across)
curves    of a schedule: one a group, over steps
curves    of an objective of either kind: one a sequence, over positions; average over all sequences; loss, the mean
          over all positions that have one, and counted, how many those are
"""

import json
import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from kb.errors import InvalidQueryError
from kb.records import Idea
from kb.reference.header import FORMS, OUTPUTS
from kb.reference.parameters import (
    MOST_ELEMENTS,
    list_gates,
    list_weights,
    parse_gate_values,
    parse_parameters,
    parse_sizes,
    split_settings,
)
from kb.reference.preconditions import refuse_unfit
from kb.reference.registry import parse_idea
from kb.reference.text import build_vocabulary, number_words

_RUN = ("guest_inputs", "guest_figures", "guest_flops", "guest_counting", "guest")
"""The parts of the guest that run an idea, in the order in which they need one another."""
_IMPORT = re.compile(r"^from kb\.\S+ import (?:\([^)]*\)|.*)\n", re.MULTILINE)
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
    sizes      : by letter, B, T, D and so on

    Raises
    ------
    InvalidQueryError : the source cannot be read, or a name or value is refused
    """
    described = describe_idea(read_idea(idea), {**(parameters or {}), **(sizes or {})})
    return compose("report_run", [described], seed)


def describe_idea(idea: Idea, given: Mapping[str, object], *, most: int = MOST_ELEMENTS) -> dict[str, Any]:
    """Return an idea as the guest takes it: source, checked settings, shapes of inputs, gates and weights.

    Parameters
    ----------
    most : the greatest number of elements of an input or an output
    """
    parameters, sizes = split_settings(given)
    fixed, parameters = parse_gate_values(idea, parameters)
    values, dimensions = parse_parameters(idea, parameters), parse_sizes(idea, sizes, most=most)
    refuse_unfit(idea, {**values, **dimensions})
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


def read_idea(idea: Idea | str) -> Idea:
    """Return the idea itself, or what a source text with its header describes."""
    return parse_idea(idea) if isinstance(idea, str) else idea


def compose(call: str, described: Sequence[Mapping[str, Any]], seed: int, *more: str, **settings: object) -> str:
    """Return the text of a program: the guest's parts, then one call of a function of theirs.

    Parameters
    ----------
    call      : the function's name; it gets a dictionary of seed, ideas and settings, and ``report``
    described : what ``describe_idea`` says of each idea
    more      : further parts, in the order in which they need one another
    settings  : JSON values that the function reads from the dictionary
    """
    text = json.dumps({"seed": seed, "ideas": described, **settings})
    return f"{_read_guest(*_RUN, *more)}\n\nimport json\n\n{call}(json.loads({text!r}), report)\n"


@cache
def _read_guest(*parts: str) -> str:
    texts = [Path(__file__).with_name(f"{part}.py").read_text(encoding="utf-8") for part in parts]
    return "\n\n".join(_IMPORT.sub("", text) for text in texts)
