"""Composes programs about several ideas at once: two to four of one form compared on the same inputs.

Pure functions, as in ``program``: ideas and what the user set go in, a program's text comes out.

A comparison reports ideas (a list of what ``program`` says of a run, and gradients: see ``guest_gradients``) and
pairs: between, comparable, max_abs, relative, tolerance, first_index ([b, t, ...] or None) with axes and
first_values (of both), heat (the differences over heat_axes, 32 x 32 at most) and heat_pooled; and source, the lines
in which the sources differ, block by block: lines, their numbers in both, one and other.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from kb.errors import InvalidQueryError
from kb.records import Idea
from kb.reference.header import speak_form
from kb.reference.parameters import list_sizes
from kb.reference.program import compose, describe_idea, read_idea

MOST_LAYERS = 64


def build_compare_program(
    ideas: Sequence[Idea | str],
    parameters: Mapping[str, object] | None = None,
    *,
    seed: int = 0,
    sizes: Mapping[str, object] | None = None,
    layers: int = 8,
) -> str:
    """Return a program that runs two to four ideas of one form on the same inputs, gates, weights and sizes.

    Parameters
    ----------
    parameters : a plain name goes to every idea that declares it; ``pangu-pi.n`` or ``2.n`` to one, by its slug or
                 its place in the list (from 1)
    layers     : how many copies stand on one another where gradients are measured layer by layer

    Raises
    ------
    InvalidQueryError : not two to four ideas, different forms, or a name or value that is refused
    """
    if not 1 <= layers <= MOST_LAYERS:
        raise InvalidQueryError(f"layers must be a whole number in 1..{MOST_LAYERS}, not {layers}")
    read = [read_idea(idea) for idea in ideas]
    if not 2 <= len(read) <= 4:
        raise InvalidQueryError(f"a comparison takes two to four ideas, not {len(read)}")
    if len({idea.form for idea in read}) > 1:
        forms = ", ".join(f"{idea.slug} is {speak_form(idea.form)}" for idea in read)
        raise InvalidQueryError(f"only ideas of one form take the same input: {forms}; choose ideas of one form")
    own = share_settings(read, {**(parameters or {}), **(sizes or {})})
    described = [describe_idea(idea, given) for idea, given in zip(read, own, strict=True)]
    for idea, label in zip(described, label_ideas(read), strict=True):
        idea["label"] = label
    _share_gates(described)
    return compose("report_compare", described, seed, "guest_gradients", "guest_comparing", layers=layers)


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


def share_settings(ideas: Sequence[Idea], given: Mapping[str, object]) -> list[dict[str, object]]:
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


def label_ideas(ideas: Sequence[Idea]) -> list[str]:
    """Return a label for each idea: its slug, with its place behind it where two share one."""
    often = Counter(idea.slug for idea in ideas)
    return [
        idea.slug if often[idea.slug] == 1 else f"{idea.slug} ({place})" for place, idea in enumerate(ideas, start=1)
    ]
