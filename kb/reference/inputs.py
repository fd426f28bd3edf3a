"""Builds an idea's inputs and weights on this side of the confinement, for claims and tests.

The numbers are those that a composed program sees: both come from ``guest_inputs``.
"""

import importlib
from collections.abc import Callable, Mapping
from typing import Any

from kb.records import Idea
from kb.reference.guest_inputs import build_arguments
from kb.reference.program import describe_idea


def build_inputs(idea: Idea, settings: Mapping[str, object] | None = None, *, seed: int = 0) -> dict[str, Any]:
    """Return what the idea's function takes, by name: its form's inputs, gates, and weights as w, in float64.

    Parameters
    ----------
    settings : parameters, gates and sizes that differ from their defaults
    """
    described = describe_idea(idea, settings or {})
    return build_arguments(described, seed)


def load_function(idea: Idea) -> Callable[..., Any]:
    """Import a shipped idea's file and return its public function."""
    function: Callable[..., Any] = getattr(importlib.import_module(f"kb.reference.{idea.function}"), idea.function)
    return function
