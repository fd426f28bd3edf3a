"""Runs a mixer with interruptions, and compares what two of them answer and how both depend on their inputs."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from kb.claims.claim import Subject, find_worst
from kb.claims.measure import relative

if TYPE_CHECKING:
    from torch import Tensor

Mixer = Callable[..., Any]
"""``f(q, k, v, [gates], state) -> (o, state)``, inputs and outputs (B, T, ...)."""


def run_in_parts(mixer: Mixer, *inputs: "Tensor", cuts: Sequence[int] = (2, 3)) -> "Tensor":
    """Return the outputs (B, T, H, V) of a mixer that is interrupted at the cuts and handed its own state."""
    import torch

    outputs, state = [], None
    for begin, end in pairwise((0, *cuts, inputs[0].shape[1])):
        o, state = mixer(*(one[:, begin:end] for one in inputs), state)
        outputs.append(o)
    return torch.cat(outputs, dim=1)


def relative_with_gradients(
    found: Callable[..., "Tensor"], expected: Callable[..., "Tensor"], *inputs: "Tensor"
) -> float:
    """Return the worst of the relative differences of the outputs and of the gradients with respect to each input.

    The gradients are those of the sum of the outputs, weighted by the outputs expected. In single precision only
    the outputs are compared.
    """
    import torch

    if inputs[0].dtype != torch.float64:
        return relative(found(*inputs), expected(*inputs))
    leaves = [one.detach().requires_grad_() for one in inputs]
    outputs = found(*leaves), expected(*leaves)
    weights = outputs[1].detach()
    gradients = [torch.autograd.grad((o * weights).sum(), leaves, materialize_grads=True) for o in outputs]
    apart = [relative(outputs[0].detach(), weights)]
    for one, other in zip(*gradients, strict=True):
        # one of the two may be zero throughout: not to depend on an input is as far apart as can be
        apart.append(relative(one, other) if other.any() else float(one.any()))
    return find_worst(apart)


def with_last(subject: Subject, *last: object) -> Callable[..., Any]:
    """Return the subject as a function of its first arguments only, the last ones being given."""
    return lambda *first: subject(*first, *last)
