"""Searches for the smallest input on which two functions differ: numbers that a reader can check by hand.

Small means: few tokens first, then narrow vectors, then small whole numbers. All inputs of one size are tried at
once, as a batch; of those on which the two differ, the one with the least sum of magnitudes is returned, and of these
the first in the order in which they are written down.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from kb.records import Example

if TYPE_CHECKING:
    from torch import Tensor

Shapes = Mapping[str, tuple[int, ...]]
"""The shape of each input behind the batch."""
Pair = Callable[[Mapping[str, "Tensor"]], "Mapping[str, Tensor]"]
"""Inputs with a batch in front go in, the outputs to compare come out by name, batch in front."""

MOST = 1 << 17
"""Inputs of one size; a size that has more is passed over."""
_APART = 1e-6


def find_smallest(
    run: Pair, sizes: Iterable[Shapes], values: Mapping[str, Sequence[float]] | Sequence[float] = (0, 1, -1, 2)
) -> Example | None:
    """Return the smallest input on which the outputs of ``run`` differ, or None where none of these sizes has one.

    Parameters
    ----------
    sizes  : from small to large
    values : what an entry may be, simplest first: for all inputs, or by name
    """
    import torch

    for shapes in sizes:
        inputs = _list_inputs(shapes, values)
        if inputs is None:
            continue
        outputs = run(inputs)
        rows = torch.stack([output.flatten(1) for output in outputs.values()])
        apart = (rows[1:] - rows[0]).abs().amax(dim=(0, 2))
        # a difference that is not finite is none that can be checked by hand
        found = (apart > _APART) & apart.isfinite()
        if found.any():
            weight = torch.cat([one.flatten(1) for one in inputs.values()], dim=1).abs().sum(dim=1)
            place = int(weight.masked_fill(~found, float("inf")).argmin())
            return Example(
                inputs={name: one[place].tolist() for name, one in inputs.items()},
                outputs={name: one[place].tolist() for name, one in outputs.items()},
            )
    return None


def mixer_sizes(most_tokens: int = 4, **gates: tuple[int, ...]) -> list[Shapes]:
    """Return shapes of q, k (T, 1, K), v (T, 1, 1) and of gates (T, 1, ...) for T = 1, 2, ... and K = 1, 2."""
    return [
        {"q": (T, 1, K), "k": (T, 1, K), "v": (T, 1, 1), **{name: (T, 1, *rest) for name, rest in gates.items()}}
        for T in range(1, most_tokens + 1)
        for K in (1, 2)
    ]


def _list_inputs(
    shapes: Shapes, values: Mapping[str, Sequence[float]] | Sequence[float]
) -> "dict[str, Tensor] | None":
    """Return every input of these shapes as one batch; None where they are too many."""
    import math

    import torch

    allowed = [
        list(values[name] if isinstance(values, Mapping) else values)
        for name, shape in shapes.items()
        for _ in range(math.prod(shape))
    ]
    if math.prod(map(len, allowed)) > MOST:
        return None
    columns = [torch.tensor(one, dtype=torch.float64) for one in allowed]
    table = torch.cartesian_prod(*columns).reshape(-1, len(columns))
    parts = torch.split(table, [math.prod(shape) for shape in shapes.values()], dim=1)
    return {name: part.reshape(-1, *shape) for (name, shape), part in zip(shapes.items(), parts, strict=True)}
