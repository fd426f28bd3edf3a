"""Attention as one step of a modern Hopfield network."""

from typing import TYPE_CHECKING

from kb.claims.claim import Claim, Measurement, Subject
from kb.claims.draw import Draw
from kb.claims.measure import relative
from kb.records import Evidence

if TYPE_CHECKING:
    from torch import Tensor


def _check(subject: Subject, draw: Draw) -> Measurement:
    """Measure the subject, given states, patterns and a matrix, against attention to the patterns."""
    from kb.reference.scaled_dot_product_attention import scaled_dot_product_attention

    states, patterns, matrix = draw.normal(2, 5, 2, 4), draw.normal(2, 7, 2, 4), draw.normal(4, 3)
    attended, _ = scaled_dot_product_attention(states, patterns, patterns @ matrix, causal=False)
    return Measurement(relative(subject(states, patterns, matrix), attended))


def _descend(states: "Tensor", patterns: "Tensor", *, beta: float, steps: int = 1, rate: float = 1.0) -> "Tensor":
    """Return the states after steps of gradient descent on E = |x|^2 / 2 - lse(beta, patterns x)."""
    import torch

    for _ in range(steps):
        states = states.detach().requires_grad_()
        products = torch.einsum("bthk,bshk->bths", states, patterns)
        energy = states.square().sum() / 2 - (beta * products).logsumexp(dim=-1).sum() / beta
        (slope,) = torch.autograd.grad(energy, states)
        states = states.detach() - rate * slope
    return states


def _one_step(states: "Tensor", patterns: "Tensor", matrix: "Tensor") -> "Tensor":
    return _descend(states, patterns, beta=states.shape[-1] ** -0.5) @ matrix


def _two_steps(states: "Tensor", patterns: "Tensor", matrix: "Tensor") -> "Tensor":
    return _descend(states, patterns, beta=states.shape[-1] ** -0.5, steps=2) @ matrix


def _until_it_rests(states: "Tensor", patterns: "Tensor", matrix: "Tensor") -> "Tensor":
    return _descend(states, patterns, beta=states.shape[-1] ** -0.5, steps=20) @ matrix


def _temperature_one(states: "Tensor", patterns: "Tensor", matrix: "Tensor") -> "Tensor":
    return _descend(states, patterns, beta=1.0) @ matrix


def _half_a_step(states: "Tensor", patterns: "Tensor", matrix: "Tensor") -> "Tensor":
    return _descend(states, patterns, beta=states.shape[-1] ** -0.5, rate=0.5) @ matrix


def _patterns_themselves(states: "Tensor", patterns: "Tensor", matrix: "Tensor") -> "Tensor":
    return _descend(states, patterns, beta=states.shape[-1] ** -0.5)[..., :3]


CLAIMS = (
    Claim(
        id="one-step-of-a-modern-hopfield-network-is-attention",
        statement=(
            "One step of a modern Hopfield network, that is, one step of rate one down the gradient of its energy at "
            "inverse temperature one over the root of the key size, is attention with the states for queries and the "
            "stored patterns for keys, whose values are a matrix times the patterns. More steps are not."
        ),
        kind="equality",
        between=("scaled-dot-product-attention", "modern-hopfield-network"),
        evidence=Evidence("arxiv:2008.02217", "Section 2, the energy and the update rule"),
        inputs="standard normal states, patterns and matrix; B 2, 5 states, 7 patterns, H 2, K 4, V 3; float64",
        equation=(
            r"E(\xi) = \tfrac12 \xi^\top \xi - \beta^{-1} \log \sum_i e^{\beta x_i^\top \xi}, \qquad "
            r"\xi - \nabla E(\xi) = X\, \mathrm{softmax}(\beta X^\top \xi)"
        ),
        bound=1e-12,
        why_bound="The gradient of the energy is the state less the mean of the patterns: rounding is near 1e-15.",
        pitfall="Values of their own, not a linear map of the keys, are attention and no Hopfield network.",
        family="attention",
        check=_check,
        subject=_one_step,
        wrong_variants={
            "two steps": _two_steps,
            "until it rests": _until_it_rests,
            "inverse temperature one": _temperature_one,
            "half a step": _half_a_step,
            "patterns in the place of values": _patterns_themselves,
        },
        executes=("scaled-dot-product-attention",),
    ),
)
