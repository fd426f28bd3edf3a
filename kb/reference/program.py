"""Composes text programs for a confined guest: the guest's file, then one call with everything written out.

The guest has torch and a built-in ``report(name, value)``, and cannot import this package. Pure functions: an idea
and what the user set go in, a program's text comes out; a wrong setting is refused here, before anything runs.

A run reports: idea, form, parameters, sizes, seed, parameter_count, state_elements (None without a state), seconds,
growth (T, matmul_flops and state_elements at T / 4, T / 2, T), shape, dtype, finite, mean, std, min, max, and slice
(first batch, first head, 16 x 16 at most) or, of a schedule, steps and curves (one a group). A comparison reports
ideas (a list of the same) and pairs: between, comparable, max_abs, relative, tolerance, first_index ([b, t, ...] or
None), heat (the differences over time and channels, 32 x 32 at most) and heat_pooled.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from kb.errors import InvalidQueryError
from kb.records import Idea
from kb.reference.header import FORMS
from kb.reference.parameters import (
    list_sizes,
    list_weights,
    parse_parameters,
    parse_sizes,
    refuse_uneven_heads,
    split_settings,
)
from kb.reference.registry import parse_idea

_GUEST = Path(__file__).with_name("guest.py")


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
    parameters : by name, as text or number; sizes (capital letters) may stand among them
    sizes      : B, T, H, K, V, D, F or R

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
    """Return a program that runs two to four ideas of one form on the same inputs, weights and sizes.

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
        forms = ", ".join(f"{idea.slug} is a {idea.form}" for idea in read)
        raise InvalidQueryError(f"only ideas of one form take the same input: {forms}; choose ideas of one form")
    own = _share(read, {**(parameters or {}), **(sizes or {})})
    described = [describe_idea(idea, given) for idea, given in zip(read, own, strict=True)]
    for idea, label in zip(described, _label(read), strict=True):
        idea["label"] = label
    return _compose("report_compare", described, seed)


def describe_idea(idea: Idea, given: Mapping[str, object]) -> dict[str, Any]:
    """Return an idea as the guest takes it: source, checked parameters and sizes, shapes of inputs and weights."""
    parameters, sizes = split_settings(given)
    values, dimensions = parse_parameters(idea, parameters), parse_sizes(idea, sizes)
    refuse_uneven_heads(idea, values, dimensions)
    weights = list_weights(idea)
    for weight in weights:
        for part in weight.shape:
            if part not in dimensions and type(values.get(part)) is not int and not part.isdecimal():
                raise InvalidQueryError(f"the header's weight {weight.name} has an unknown dimension {part}")
    return {
        "label": idea.slug,
        "form": idea.form,
        "function": idea.function,
        "source": idea.code,
        "parameters": values,
        "sizes": dimensions,
        "inputs": FORMS[idea.form],
        "weights": [(weight.name, weight.shape, weight.initial) for weight in weights],
    }


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
    return [parameter.name for parameter in idea.parameters] + list(list_sizes(idea))


def _label(ideas: Sequence[Idea]) -> list[str]:
    """Return a label for each idea: its slug, with its place behind it where two share one."""
    often = Counter(idea.slug for idea in ideas)
    return [
        idea.slug if often[idea.slug] == 1 else f"{idea.slug} ({place})" for place, idea in enumerate(ideas, start=1)
    ]


def _compose(call: str, described: list[dict[str, Any]], seed: int) -> str:
    text = json.dumps({"seed": seed, "ideas": described})
    return f"{_GUEST.read_text(encoding='utf-8')}\n\nimport json\n\n{call}(json.loads({text!r}), report)\n"
