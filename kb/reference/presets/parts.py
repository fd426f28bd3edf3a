"""The parts of a model as lists of weights: names and shapes, read from the reference files where these have them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from kb.reference.header import parse_weights
from kb.reference.registry import get_idea

Shape = tuple[int, ...]
Weights = Mapping[str, Shape]

BLOCK = {"norms": "g_* c_*", "feed-forward": "w_1 b_1 w_2 b_2 w_3"}
"""How the weights of a Transformer block are told apart; the rest is attention."""


@dataclass(frozen=True, slots=True)
class Part:
    """Weights that serve one purpose; in a stack of layers each of them exists ``copies`` times."""

    name: str
    weights: Weights
    copies: int = 1


def list_declared(slug: str, **sizes: int) -> dict[str, Shape]:
    """Return the weights that a reference file declares, with their shapes at these sizes.

    A dimension that is a parameter of the idea has its default unless it is among the sizes.
    """
    idea = get_idea(slug)
    known = {one.name: one.default for one in idea.parameters} | sizes
    return {
        weight.name: tuple(int(known.get(part, part)) for part in weight.shape)
        for weight in parse_weights(idea.sections.get("Weights", ""))
    }


def split(weights: Weights, patterns: Mapping[str, str], *, rest: str, copies: int = 1) -> list[Part]:
    """Return weights as parts by their names; what no pattern names goes to ``rest``, so that nothing is lost.

    Parameters
    ----------
    patterns : for each part the names of its weights, parted by blanks, with ``*`` for any ending
    """
    parts: dict[str, dict[str, Shape]] = {rest: {}, **{name: {} for name in patterns}}
    for name, shape in weights.items():
        fits = (part for part, named in patterns.items() if any(fnmatchcase(name, one) for one in named.split()))
        parts[next(fits, rest)][name] = shape
    return [Part(name, held, copies) for name, held in parts.items() if held]


def count_parts(parts: Iterable[Part]) -> dict[str, int]:
    """Return how many parameters each part has, parts of one name together.

    Every weight of every layer is made on torch's meta device: with its shape, and without memory.
    """
    import torch

    counts: dict[str, int] = {}
    for part in parts:
        made = [torch.empty(shape, device="meta") for _ in range(part.copies) for shape in part.weights.values()]
        counts[part.name] = counts.get(part.name, 0) + sum(weight.numel() for weight in made)
    return counts
