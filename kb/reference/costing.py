"""Composes programs that measure what ideas cost, as functions of their sizes.

What they report stands in ``guest_growth``. Pure functions, as in ``program``: ideas and what the user set go in, a
program's text comes out.
"""

from collections.abc import Mapping, Sequence

from kb.errors import InvalidQueryError
from kb.records import Idea
from kb.reference.comparing import label_ideas, share_settings
from kb.reference.parameters import SIZES, list_bounds, list_sizes
from kb.reference.program import compose, describe_idea, read_idea

MOST_IDEAS = 8
MOST_ELEMENTS = 2**20
"""The greatest input or output where one asks for costs."""
_DEFAULTS: Mapping[str, int] = {"B": 1, "T": 512}
"""Sizes unless they are set: costs are those of one sequence, long enough to show how they grow."""
_PARTS = ("guest_gradients", "guest_paths", "guest_functions", "guest_costs", "guest_formulas", "guest_growth")


def build_costs_program(
    ideas: Sequence[Idea | str],
    parameters: Mapping[str, object] | None = None,
    *,
    seed: int = 0,
    along: str = "T",
) -> str:
    """Return a program that measures the costs of one to eight ideas of any form.

    Parameters
    ----------
    parameters : parameters, gates and sizes; a plain name goes to every idea that has it, ``pangu-pi.n`` or ``2.n``
                 to one, by its slug or its place in the list (from 1)
    along      : the letter of the curve, or ``heads``

    Raises
    ------
    InvalidQueryError : not one to eight ideas, no such letter, or a name or value that is refused
    """
    read = [read_idea(idea) for idea in ideas]
    if not 1 <= len(read) <= MOST_IDEAS:
        raise InvalidQueryError(f"costs are measured of one to {MOST_IDEAS} ideas at once, not of {len(read)}")
    letters = list_letters(read)
    if letters and along not in letters:
        raise InvalidQueryError(f"none of these ideas has a size {along!r}: choose {' or '.join(letters)}")
    own = share_settings(read, parameters or {})
    described = []
    for idea, given, label in zip(read, own, label_ideas(read), strict=True):
        sizes = {letter: default for letter, (default, _) in list_cost_sizes([idea]).items()}
        described.append({**describe_idea(idea, {**sizes, **given}, most=MOST_ELEMENTS), "label": label})
    return compose("report_costs", described, seed, *_PARTS, along=along)


def list_letters(ideas: Sequence[Idea]) -> tuple[str, ...]:
    """Return the sizes along which costs can be drawn, T first: those that one of the ideas has."""
    sizes = [size for idea in ideas for size in list_sizes(idea)]
    letters = ["T", *(letter for letter in SIZES if letter != "T")]
    found = [letter for letter in letters if letter in sizes]
    has_heads = any(one.name == "heads" for idea in ideas for one in idea.parameters)
    return (*found, *(["heads"] if has_heads else []))


def list_cost_sizes(ideas: Sequence[Idea]) -> dict[str, tuple[int, int]]:
    """Return default and greatest value of each size that one of the ideas depends on."""
    bounds: dict[str, tuple[int, int]] = {}
    for idea in ideas:
        bounds |= list_bounds(idea)
    return {letter: (_DEFAULTS.get(letter, default), most) for letter, (default, most) in bounds.items()}
