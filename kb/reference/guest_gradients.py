"""The part of a composed program that measures how large a gradient arrives where: by layer, by token, by weight.

The loss is the sum of the output times fixed noise, standard normal from the seed and the output's shape. So every
idea that is compared gets the same gradient at its output, which the summed square of the output would not give:
behind a last norm that sum is a constant and its gradient zero. An objective's loss is the sum of its losses.
"""

import contextlib
import io
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from kb.reference.guest import split_result
from kb.reference.guest_figures import plain, thin
from kb.reference.guest_inputs import build_arguments, build_tensor

STACKED = ("norm", "feed-forward", "recurrence", "block")
"""The forms that map (B, T, D) to itself, so that copies can stand on one another."""
FAILURES = (ArithmeticError, AssertionError, LookupError, RuntimeError, TypeError, ValueError)
"""What a strange function raises where a shape or a value does not suit it."""
_APART = 1_000_003


def measure_gradients(
    function: Callable[..., Any], idea: Mapping[str, Any], seed: int, layers: int
) -> dict[str, Any]:
    """Return norms of gradients, as JSON values; a norm that is not finite is None.

    Returns
    -------
    layers : of what maps (B, T, D) to itself: one of each of ``layers`` copies on one another, each with weights of
             its own (the first has those of the run): ``layer`` from 1, ``input`` and ``weights``, the norms with
             respect to what the layer reads and to all its weights; without weights None
    tokens : of other forms: ``positions``, and by name of each input and gate along time the norms at these positions
    whole  : by name the norms with respect to weights, and to gates that do not run along time
    why    : in words, where nothing can be measured
    """
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            torch.manual_seed(seed)
            measure = _measure_stack if idea["form"] in STACKED else _measure_inputs
            return measure(function, idea, seed, layers)
    except FAILURES as error:
        return {"why": f"{type(error).__name__}: {error}"}


def _measure_stack(function: Callable[..., Any], idea: Mapping[str, Any], seed: int, layers: int) -> dict[str, Any]:
    x, read, weights = build_arguments(idea, seed)["x"], [], []
    for layer in range(layers):
        x = x if x.requires_grad else x.requires_grad_()
        own = build_arguments(idea, seed + layer * _APART)
        w = {"w": {name: one.requires_grad_() for name, one in own["w"].items()}} if "w" in own else {}
        y, _ = split_result(function(x, **w, **idea["parameters"]), function)
        if y.shape != x.shape:
            return {"why": "its output has another shape than its input, so that no layer can stand on another"}
        read.append(x)
        weights.append(list(w.get("w", {}).values()))
        x = y
    own_gradients = _differentiate(x, seed, [*read, *(one for layer in weights for one in layer)])
    told, rest = [], own_gradients[layers:]
    for layer in range(layers):
        mine, rest = rest[: len(weights[layer])], rest[len(weights[layer]) :]
        norm = _norm(mine) if mine else None
        told.append({"layer": layer + 1, "input": _norm(own_gradients[layer : layer + 1]), "weights": norm})
    return {"layers": told}


def _measure_inputs(function: Callable[..., Any], idea: Mapping[str, Any], seed: int, layers: int) -> dict[str, Any]:
    arguments = build_arguments(idea, seed)
    shapes = {**idea["inputs"], **{gate["name"]: gate["shape"] for gate in idea["gates"]}}
    named = {name: arguments[name] for name in shapes if arguments[name].is_floating_point()}
    weights = arguments.get("w", {})
    for one in (*named.values(), *weights.values()):
        one.requires_grad_()
    output, _ = split_result(function(**arguments, **idea["parameters"]), function)
    if not output.requires_grad:
        return {"why": "no gradient runs through it: it takes no numbers, or counts"}
    noisy = not idea["form"].endswith("objective")
    gradients = _differentiate(output, seed, [*named.values(), *weights.values()], noisy=noisy)
    found = dict(zip([*named, *weights], gradients, strict=True))
    along = {name: list(shape).index("T") for name, shape in shapes.items() if name in named and "T" in shape}
    told: dict[str, Any] = {}
    if along:
        positions = thin(next(named[name].shape[axis] for name, axis in along.items()))
        told["tokens"] = {
            "positions": positions.tolist(),
            **{name: _norms_along(found[name], axis, positions) for name, axis in along.items()},
        }
    if whole := {name: _norm([found[name]]) for name in found if name not in along}:
        told["whole"] = whole
    return told


def _differentiate(output: Tensor, seed: int, to: Sequence[Tensor], *, noisy: bool = True) -> list[Tensor]:
    """Return the gradients of the loss; zero with respect to what the loss does not depend on."""
    noise = build_tensor("loss", tuple(output.shape), seed=seed) if noisy else torch.ones_like(output)
    loss = (output * noise).sum()
    return list(torch.autograd.grad(loss.real, list(to), allow_unused=True, materialize_grads=True))


def _norm(gradients: Sequence[Tensor]) -> float | None:
    return plain(math.hypot(*(float(_norms(one.reshape(1, -1))) for one in gradients)))


def _norms_along(gradient: Tensor, axis: int, positions: Tensor) -> list[float | None]:
    return [plain(value) for value in _norms(gradient.movedim(axis, 0).flatten(1))[positions]]


def _norms(rows: Tensor) -> Tensor:
    """Return the norm of each row, also where squares would be too large."""
    largest = rows.abs().amax(dim=1)
    scale = torch.where((largest > 0) & largest.isfinite(), largest, 1.0)
    norms: Tensor = torch.linalg.vector_norm(rows / scale[:, None], dim=1) * scale
    return norms
