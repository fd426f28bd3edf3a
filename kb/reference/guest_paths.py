"""The part of a composed program that measures the way from a token of the input to the last of the output.

It is measured on a run, not looked up: from the numbers of the last output token one walks back, operation by
operation, to whatever number makes a difference to it, that is, where the derivative is not zero. The derivatives are
the library's own, one operation at a time, with random numbers put in at every step, so that nothing is lost by
fading along the way nor by chance; a masked entry has no derivative, so no way leads through it.

path   the most, over the tokens of the input that the last output token depends on, of the fewest operations from
       that token to it: the "maximum path length" of Vaswani et al. (2017), section 4 and table 1
sees   how many tokens of the input these are
steps  the most operations that come one after the other: the "sequential operations" of the same table

An operation is one of the library; a sum or a product over any number of terms is one, as in that table. Moving
numbers (views, copies, gathering, joining, masking) is none. In ``steps`` a running sum of n numbers and a Fourier
transform of n count log2 n, a system of n equations and a decomposition n: they cannot be done at once.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor

Node = Any
"""A node of the library's graph of derivatives."""
_MOVE_WORDS = (
    "View UnsafeView ReshapeAlias Transpose T Permute Expand Select Slice Squeeze Unsqueeze Alias AsStrided Split "
    "SplitWithSizes Unbind Diagonal Unfold Clone Cat Stack Copy CopySlices ToCopy Index IndexSelect IndexPut "
    "Gather Scatter Embedding DiagEmbed Flip Roll Repeat ConstantPadNd MaskedFill MaskedSelect Tril Triu Where "
    "ViewAsReal ViewAsComplex Complex Real Imag Conj ResolveConj Take AccumulateGrad"
)
_MOVES = frozenset(_MOVE_WORDS.split())
_IN_TURN = {
    **dict.fromkeys(("Cumsum", "Cumprod", "Cummax", "Cummin", "Logcumsumexp", "FftC2C", "FftR2C", "FftC2R"), "log"),
    **dict.fromkeys(("LinalgSolveTriangular", "LinalgSolveEx", "LinalgInvEx", "LinalgCholeskyEx", "LinalgQr"), "all"),
    **dict.fromkeys(("LinalgEig", "LinalgEigh", "LinalgSvd", "LinalgLuFactorEx"), "all"),
}
"""Operations of several steps: as many as the logarithm of the length, or as the length."""


def measure_path(call: Callable[[], Tensor], inputs: Mapping[str, tuple[Tensor, int]], last: int) -> dict[str, int]:
    """Return path, sees and steps of one call.

    Parameters
    ----------
    call   : computes the output from the inputs
    inputs : the tensors that a way may begin in, each with the axis of its tokens; they need gradients
    last   : the axis of the output's tokens
    """
    # what has a derivative written by hand is opened: its forward pass is walked as any other
    closed = vars(torch.autograd.Function)["apply"]
    torch.autograd.Function.apply = classmethod(_open)  # type: ignore[method-assign,assignment]
    try:
        with torch.enable_grad():
            output = call()
    finally:
        torch.autograd.Function.apply = closed  # type: ignore[method-assign]
    if output.grad_fn is None:
        return {}
    begin = torch.zeros(output.shape, dtype=torch.bool)
    begin.select(last, -1).fill_(True)
    reached = _walk_back(output, begin)
    fewest: dict[int, int] = {}
    for tensor, axis in inputs.values():
        for token, away in enumerate(_by_token(reached.get(id(tensor)), axis)):
            if away is not None:
                fewest[token] = min(away, fewest.get(token, away))
    if not fewest:
        return {}
    return {"path": max(fewest.values()), "sees": len(fewest), "steps": _count_steps(output.grad_fn)}


class _Kept:
    """Stands in for what a derivative written by hand keeps from its forward pass."""

    def save_for_backward(self, *_: object) -> None: ...

    def mark_non_differentiable(self, *_: object) -> None: ...


def _open(cls: Any, *args: Any) -> Any:
    return cls.forward(_Kept(), *args)


def _by_token(away: Tensor | None, axis: int) -> list[int | None]:
    """Return of each token how far its nearest number is; None where none is reached."""
    if away is None:
        return []
    rows = away.movedim(axis, 0).flatten(1)
    return [int(row[row >= 0].min()) if bool((row >= 0).any()) else None for row in rows]


def _walk_back(output: Tensor, begin: Tensor) -> dict[int, Tensor]:
    """Return for each leaf, by its id, how many operations each of its numbers is away; -1 where no way leads."""
    noise = torch.Generator().manual_seed(0)
    seen: dict[tuple[Node, int], Tensor] = {}
    leaves: dict[int, Tensor] = {}
    levels: dict[int, list[tuple[Node, int, Tensor]]] = {0: [(output.grad_fn, output.output_nr, begin)]}
    while levels:
        level = min(levels)
        todo = levels.pop(level)
        while todo:
            fresh = _take_fresh(todo, seen)
            todo = []
            for node, masks in fresh.items():
                if hasattr(node, "variable"):
                    away = leaves.setdefault(id(node.variable), torch.full(node.variable.shape, -1))
                    away[masks[0] & (away < 0)] = level
                    continue
                ways = _step_back(node, masks, noise)
                if _count_one(node):
                    levels.setdefault(level + 1, []).extend(ways)
                else:
                    todo.extend(ways)
    return leaves


def _take_fresh(
    todo: list[tuple[Node, int, Tensor]], seen: dict[tuple[Node, int], Tensor]
) -> dict[Node, dict[int, Tensor]]:
    """Return by node and output the numbers that are met for the first time, and note that they are."""
    fresh: dict[Node, dict[int, Tensor]] = {}
    for node, place, mask in todo:
        old = seen.get((node, place))
        new = mask if old is None else mask & ~old
        if bool(new.any()):
            seen[node, place] = new if old is None else old | new
            masks = fresh.setdefault(node, {})
            masks[place] = masks[place] | new if place in masks else new
    return fresh


def _step_back(node: Node, masks: Mapping[int, Tensor], noise: torch.Generator) -> list[tuple[Node, int, Tensor]]:
    """Return which numbers of the nodes before make a difference to the marked ones."""
    gradients = []
    for place, made in enumerate(node._input_metadata):
        drawn = torch.randn(made.shape, generator=noise, dtype=made.dtype)
        gradients.append(drawn * masks[place] if place in masks else torch.zeros_like(drawn))
    found = node(*gradients)
    found = found if isinstance(found, tuple) else (found,)
    ways = []
    for (before, place), gradient in zip(node.next_functions, found, strict=False):
        if before is not None and gradient is not None:
            shape = (before.variable if hasattr(before, "variable") else before._input_metadata[place]).shape
            ways.append((before, place, _undo_broadcast(gradient != 0, tuple(shape))))
    return ways


def _undo_broadcast(mask: Tensor, shape: tuple[int, ...]) -> Tensor:
    """Return the mask in the shape of what was repeated to it."""
    while mask.dim() > len(shape):
        mask = mask.any(dim=0)
    for axis, size in enumerate(shape):
        mask = mask.any(dim=axis, keepdim=True) if mask.shape[axis] != size else mask
    return mask


def _name(node: Node) -> str:
    return str(node.name()).rpartition("::")[2].partition("Backward")[0]


def _count_one(node: Node) -> int:
    return 0 if _name(node) in _MOVES else 1


def _count_in_turn(node: Node) -> int:
    kind = _IN_TURN.get(_name(node))
    if kind is None:
        return _count_one(node)
    shape = node._input_metadata[0].shape
    axes = getattr(node, "_saved_dim", -1 if kind == "log" else -2)
    axes = [axes] if isinstance(axes, int) else axes
    # an axis comes back without its sign
    length = math.prod(shape[axis - 2**64 if axis >= 2**63 else axis] for axis in axes) if shape else 1
    return math.ceil(math.log2(length)) if kind == "log" and length > 1 else length


def _count_steps(root: Node) -> int:
    """Return the longest chain of operations behind a node."""
    longest: dict[Node, int] = {}
    stack = [root]
    while stack:
        node = stack[-1]
        before = [one for one, _ in node.next_functions if one is not None]
        waiting = [one for one in before if one not in longest]
        if waiting:
            stack.extend(waiting)
            continue
        longest[node] = _count_in_turn(node) + max((longest[one] for one in before), default=0)
        stack.pop()
    return longest[root]
