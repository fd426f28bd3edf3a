"""Searches executed in this process, and ideas that somebody else might add."""

from collections.abc import Callable
from typing import Any

import pytest

from kb.claims.discovery.program import build_discovery_program
from kb.library.discovery import read_figures
from kb.records import DiscoveredRelation, Discovery, Idea
from kb.reference.registry import get_idea, parse_idea

Search = Callable[..., Discovery]
_HEADER = '''r"""{title}: for a test.

Paper       none
Idea        {title}
Equation    $$ o $$
Shapes      q, k (B, T, H, K); v, o (B, T, H, V)
Form        mixer
{more}
Assumes     causal
Cost        time O(T^2)
Parents     none
Leaves out  nothing
Checked     here
"""

import torch
from torch import Tensor, einsum


'''


def write_idea(title: str, body: str, *, gates: str = "", parameters: str = "form = only of only") -> str:
    """Return a reference file of a mixer."""
    more = (f"Gates       {gates}\n" if gates else "") + f"Parameters  {parameters}"
    return _HEADER.format(title=title, more=more) + body


def read_idea(*arguments: str, **labels: str) -> Idea:
    """Return a mixer as an idea."""
    return parse_idea(write_idea(*arguments, **labels))


def run_search(*ideas: Idea | str, seed: int = 0) -> Discovery:
    """Search among ideas of one form."""
    chosen = [get_idea(one) if isinstance(one, str) else one for one in ideas]
    figures: dict[str, Any] = {}
    program = build_discovery_program(chosen, seed=seed)
    exec(compile(program, "search", "exec"), {"report": figures.__setitem__, "__name__": "guest"})
    (found,) = read_figures(figures)
    return found


@pytest.fixture
def search() -> Search:
    return run_search


def tell_briefly(relation: DiscoveredRelation) -> tuple[object, ...]:
    """Return kind, sides and conditions: what a test compares."""
    sides = {(side.idea, frozenset(side.settings)) for side in relation.sides}
    return relation.kind, frozenset(sides), frozenset(relation.condition_names)


def list_briefly(found: Discovery) -> set[tuple[object, ...]]:
    return {tell_briefly(one) for one in found.relations}


def brief(kind: str, one: tuple[str, ...], other: tuple[str, ...], *conditions: str) -> tuple[object, ...]:
    """Return what ``tell_briefly`` returns: each side its idea and then its settings."""
    return kind, frozenset({(side[0], frozenset(side[1:])) for side in (one, other)}), frozenset(conditions)
