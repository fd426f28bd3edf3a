"""How the gradient of the last layer goes with depth at the start: Post-LN's stays, Pre-LN's shrinks with the
root."""

import math
from typing import TYPE_CHECKING

from kb.claims.claim import Claim, Measurement, Subject
from kb.claims.draw import Draw
from kb.claims.normalisation._stacks import draw_even_block, slope
from kb.records import Evidence

if TYPE_CHECKING:
    from torch import Tensor

    Weights = dict[str, Tensor]

_DEPTHS = (4, 16, 64)
_WIDTH = 64
_STARTS = 6


def _check_post(subject: Subject, draw: Draw) -> Measurement:
    """Measure how far the exponent of the depth is from zero."""
    return _measure(subject, draw, wanted=0.0)


def _check_pre(subject: Subject, draw: Draw) -> Measurement:
    """Measure how far the exponent of the depth is from minus one half."""
    return _measure(subject, draw, wanted=-0.5)


def _measure(subject: Subject, draw: Draw, *, wanted: float) -> Measurement:
    norms = []
    for depth in _DEPTHS:
        logarithms = [math.log(_gradient(subject, draw, depth)) for _ in range(_STARTS)]
        norms.append(math.exp(sum(logarithms) / _STARTS))
    exponent = slope(_DEPTHS, norms)
    listed = ", ".join(f"{norm:.3g}" for norm in norms)
    return Measurement(abs(exponent - wanted), f"exponent {exponent:.3f}; gradients {listed}")


def _gradient(subject: Subject, draw: Draw, depth: int) -> float:
    """Return the norm of the gradient of the last tokens' cross-entropy by one matrix of a random stack."""
    import torch
    from torch.nn.functional import cross_entropy, layer_norm

    x = layer_norm(draw.normal(16, 4, _WIDTH), (_WIDTH,)).float()
    stack = [{name: one.float() for name, one in draw_even_block(draw, _WIDTH).items()} for _ in range(depth)]
    words, targets = draw.normal(_WIDTH, _WIDTH, scale=_WIDTH**-0.5).float(), draw.integers(0, _WIDTH, 16)
    y, matrix = subject(x, stack)
    # one token a sequence: those of a sequence grow alike with depth, and would count as one more and more
    (found,) = torch.autograd.grad(cross_entropy(y[:, -1] @ words, targets), matrix)
    return float(found.norm())


def _run(
    x: "Tensor", stack: "list[Weights]", *, first: bool, last_norm: bool, watch: int = -1, heavy: bool = False
) -> "tuple[Tensor, Tensor]":
    """Return the output of a stack, and the last matrix of its block ``watch``, by which the gradient is taken."""
    from torch.nn.functional import layer_norm

    from kb.reference.post_ln import post_ln
    from kb.reference.pre_ln import pre_ln

    watched = stack[watch]["w_2"].requires_grad_()
    for place, w in enumerate(stack, start=1):
        if heavy:
            # a shortcut times the root of the sub-layers so far is a branch divided by it
            w = {**w, **{name: w[name] / (2 * place) ** 0.5 for name in ("w_o", "w_2")}}
        x = (pre_ln if first else post_ln)(x, w, heads=1, causal=False)
    return (layer_norm(x, x.shape[-1:]) if last_norm else x), watched


def _post(x: "Tensor", stack: "list[Weights]") -> "tuple[Tensor, Tensor]":
    return _run(x, stack, first=False, last_norm=False)


def _post_heavy_shortcuts(x: "Tensor", stack: "list[Weights]") -> "tuple[Tensor, Tensor]":
    return _run(x, stack, first=False, last_norm=False, heavy=True)


def _pre(x: "Tensor", stack: "list[Weights]") -> "tuple[Tensor, Tensor]":
    return _run(x, stack, first=True, last_norm=True)


def _pre_without_last_norm(x: "Tensor", stack: "list[Weights]") -> "tuple[Tensor, Tensor]":
    return _run(x, stack, first=True, last_norm=False)


def _pre_first_layer(x: "Tensor", stack: "list[Weights]") -> "tuple[Tensor, Tensor]":
    return _run(x, stack, first=True, last_norm=True, watch=0)


_INPUTS = (
    "4, 16 and 64 random blocks, 6 starts each; normal tokens and weights of variance 1 / D; uniform attention, D "
    "64, 16 sequences of 4 tokens, cross-entropy of the last ones over 64 random words; float32"
)
_WHY = (
    "The exponent is fitted over a sixteenfold range of depths; six starts leave it uncertain by some 0.04. The two "
    "laws are 0.5 apart, and 0.15 is less than a third of that."
)

CLAIMS = (
    Claim(
        id="post-ln-gradients-do-not-shrink-with-depth",
        statement=(
            "At the start the gradient by the last matrix of a Post-LN stack has the same size at any depth: fitted "
            "as a power of the number of blocks, its exponent is within 0.15 of zero."
        ),
        kind="scaling",
        between=("post-ln",),
        evidence=Evidence("arxiv:2002.04745", "Theorem 1"),
        inputs=_INPUTS,
        equation=r"\left\lVert \frac{\partial \mathcal L}{\partial W_2^{(L)}} \right\rVert = O(d \sqrt{\ln d})",
        bound=0.15,
        why_bound=_WHY,
        pitfall=(
            "The theorem is about the last layer. That the gradient grows with the index of the layer, as the "
            "paper's curves over layers suggest, is hardly seen with single starts: it is the mean over data that "
            "grows."
        ),
        family="normalisation",
        check=_check_post,
        subject=_post,
        wrong_variants={
            "Pre-LN": _pre,
            "Post-LN whose shortcuts weigh as much as Admin sets them": _post_heavy_shortcuts,
        },
        executes=("post-ln",),
        cost="trend",
        draws=5,
    ),
    Claim(
        id="pre-ln-gradients-shrink-with-the-root-of-depth",
        statement=(
            "At the start the gradient by the last matrix of a Pre-LN stack falls with the root of its depth: "
            "fitted as a power of the number of blocks, its exponent is within 0.15 of minus one half."
        ),
        kind="scaling",
        between=("post-ln", "pre-ln"),
        evidence=Evidence("arxiv:2002.04745", "Theorem 1"),
        inputs=_INPUTS,
        equation=(
            r"\left\lVert \frac{\partial \mathcal L}{\partial W_2^{(L)}} \right\rVert = "
            r"O\big(d \sqrt{\ln d / L}\big)"
        ),
        bound=0.15,
        why_bound=_WHY,
        pitfall=(
            "The norm at the end of the stack does it: it divides by a stream that has grown with the root of the "
            "depth. And the last layer alone: by the first matrix the gradient is as large at any depth, so across "
            "the layers of one stack Pre-LN's gradients are not flat."
        ),
        family="normalisation",
        check=_check_pre,
        subject=_pre,
        wrong_variants={
            "Post-LN": _post,
            "without the norm at the end": _pre_without_last_norm,
            "by the first block's matrix": _pre_first_layer,
        },
        executes=("pre-ln",),
        cost="trend",
        draws=5,
    ),
)
