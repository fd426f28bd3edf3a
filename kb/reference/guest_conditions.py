"""The part of a composed program that knows what may be asked of a form's inputs: unit keys, one token, no queries.

A condition changes inputs that were drawn at random into special ones; that two ideas agree on these and not on all
others is a relation between them. A condition may imply weaker ones: orthonormal keys are unit keys.
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import combinations
from typing import Any, NamedTuple

import torch
from torch import Tensor

Arguments = dict[str, Any]


class InapplicableError(Exception):
    """No input of these sizes meets the condition."""


class Condition(NamedTuple):
    """What is asked of the inputs: by name, in words, as sizes and as a change of what was drawn."""

    name: str
    words: str
    change: Callable[[Arguments], Arguments] | None = None
    sizes: Mapping[str, int] = {}
    implies: tuple[str, ...] = ()


def _unit(x: Tensor) -> Tensor:
    unit: Tensor = x / x.norm(dim=-1, keepdim=True)
    return unit


def _orthonormal(x: Tensor) -> Tensor:
    """Return vectors (B, T, H, K) that are orthonormal over the tokens of each head: T is at most K."""
    if x.shape[1] > x.shape[-1]:
        raise InapplicableError("more tokens than channels")
    directions: Tensor = torch.linalg.qr(x.permute(0, 2, 3, 1)).Q
    return directions.permute(0, 3, 1, 2)


def _first(x: Tensor, axis: int) -> Tensor:
    """Return the same numbers all along an axis, those of its first place."""
    return x.narrow(axis, 0, 1).expand_as(x).clone()


def _each(change: Callable[[Tensor], Tensor], *names: str) -> Callable[[Arguments], Arguments]:
    return lambda arguments: {**arguments, **{name: change(arguments[name]) for name in names}}


_ONE_TOKEN = Condition(
    "one-token",
    "one token",
    sizes={"T": 1},
    implies=("tokens-alike", "keys-alike", "queries-alike", "values-alike"),
)
_HEADS = (
    Condition("one-head", "one head", sizes={"H": 1}, implies=("heads-alike",)),
    Condition("heads-alike", "keys and values the same in all heads", _each(lambda x: _first(x, 2), "k", "v")),
)
_TOKENS_ALIKE = Condition("tokens-alike", "all tokens alike", _each(lambda x: _first(x, 1), "x"))
_NON_NEGATIVE = Condition("non-negative", "inputs nowhere negative", _each(torch.abs, "x"))
_CENTRED = Condition("centred", "every token centred", _each(lambda x: x - x.mean(dim=-1, keepdim=True), "x"))
CONDITIONS: Mapping[str, tuple[Condition, ...]] = {
    "mixer": (
        _ONE_TOKEN,
        *_HEADS,
        Condition("keys-alike", "all keys alike", _each(lambda x: _first(x, 1), "k")),
        Condition("values-alike", "all values alike", _each(lambda x: _first(x, 1), "v")),
        Condition("non-negative", "queries and keys nowhere negative", _each(torch.abs, "q", "k")),
        Condition("keys-unit", "unit keys", _each(_unit, "k")),
        Condition("keys-orthonormal", "orthonormal keys", _each(_orthonormal, "k"), implies=("keys-unit",)),
        Condition("queries-unit", "unit queries", _each(_unit, "q")),
        Condition("queries-zero", "queries zero", _each(torch.zeros_like, "q")),
        Condition("queries-are-keys", "queries equal to keys", lambda given: {**given, "q": given["k"]}),
    ),
    "position": (
        _ONE_TOKEN,
        Condition("one-head", "one head", sizes={"H": 1}),
        Condition("keys-alike", "all keys alike", _each(lambda x: _first(x, 1), "k")),
        Condition("queries-alike", "all queries alike", _each(lambda x: _first(x, 1), "q")),
        Condition("queries-are-keys", "queries equal to keys", lambda given: {**given, "q": given["k"]}),
    ),
    "features": (_NON_NEGATIVE, Condition("unit", "unit inputs", _each(_unit, "x"))),
    "norm": (
        _ONE_TOKEN,
        Condition("one-sequence", "one sequence", sizes={"B": 1}),
        _CENTRED,
        Condition(
            "channels-centred",
            "every channel centred over all tokens",
            _each(lambda x: x - x.mean(dim=(0, 1), keepdim=True), "x"),
        ),
        Condition(
            "unit-root-mean-square",
            "every token of root mean square one",
            _each(lambda x: x / x.square().mean(dim=-1, keepdim=True).sqrt(), "x"),
        ),
    ),
    "feed-forward": (_NON_NEGATIVE,),
    "recurrence": (_ONE_TOKEN, _TOKENS_ALIKE),
    "block": (_ONE_TOKEN, _TOKENS_ALIKE, _CENTRED),
    "objective": (Condition("one-sequence", "one sequence", sizes={"B": 1}),),
    "value-objective": (_ONE_TOKEN,),
}


def list_conjunctions(form: str, most: int = 2) -> list[tuple[Condition, ...]]:
    """Return no condition, each of the form's, and each few of them together where none implies another."""
    known = CONDITIONS.get(form, ())
    return [
        chosen
        for count in range(most + 1)
        for chosen in combinations(known, count)
        if not any(one.name in other.implies for one in chosen for other in chosen)
    ]


def close(chosen: Sequence[Condition], form: str) -> frozenset[str]:
    """Return the names of what is asked and of all that it implies."""
    known = {one.name: one for one in CONDITIONS.get(form, ())}
    names, waiting = set[str](), [one.name for one in chosen]
    while waiting:
        name = waiting.pop()
        if name not in names:
            names.add(name)
            waiting += known[name].implies if name in known else ()
    return frozenset(names)


def meet(arguments: Arguments, chosen: Sequence[Condition]) -> Arguments:
    """Return the inputs changed so that they meet all conditions, in the order in which the form lists them.

    Raises
    ------
    InapplicableError : no input of these sizes does
    """
    for condition in chosen:
        if condition.change is not None:
            arguments = condition.change(arguments)
    return arguments
