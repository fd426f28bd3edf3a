"""Training without a warm-up: what a deep Pre-LN stack learns in a few steps, and a Post-LN stack does not."""

import math
from typing import TYPE_CHECKING

from kb.claims.claim import Claim, Measurement, Subject
from kb.claims.draw import Draw
from kb.claims.normalisation._blocks import draw_block
from kb.records import Evidence

if TYPE_CHECKING:
    from torch import Tensor

    Weights = dict[str, Tensor]

_WIDTH, _HEADS, _WORDS, _TOKENS, _SEQUENCES = 64, 4, 32, 8, 16
_STEPS, _RATE, _LAST = 100, 1e-3, 10


def _check(subject: Subject, draw: Draw) -> Measurement:
    """Measure by how many nats the second loss that the subject returns is below the first."""
    worse, better = subject(draw)
    return Measurement(worse - better, f"{worse:.2f} and {better:.2f}, where {math.log(_WORDS):.2f} is chance")


def _train(draw: Draw, *, first: bool, blocks: int = 12, warm_up: int = 0) -> float:
    """Return the mean loss of the last ten of 100 steps of Adam: every token has to name the one before it."""
    import torch
    from torch.nn.functional import cross_entropy

    stack = [_draw_start(draw) for _ in range(blocks)]
    table = draw.normal(_WORDS + _TOKENS, _WIDTH).float()
    words = draw.normal(_WIDTH, _WORDS, scale=_WIDTH**-0.5).float()
    weights = [table, words, *(one for w in stack for one in w.values())]
    optimiser = torch.optim.Adam([one.requires_grad_() for one in weights], lr=_RATE)
    losses = []
    for step in range(_STEPS):
        for group in optimiser.param_groups:
            group["lr"] = _RATE * min(1.0, (step + 1) / max(1, warm_up))
        tokens = draw.integers(0, _WORDS, _SEQUENCES, _TOKENS)
        found = _run(table[tokens] + table[_WORDS:], stack, first=first) @ words
        loss = cross_entropy(found[:, 1:].flatten(0, 1), tokens[:, :-1].flatten())
        optimiser.zero_grad()
        torch.autograd.backward(loss)
        optimiser.step()
        losses.append(loss.item())
    return sum(losses[-_LAST:]) / _LAST


def _draw_start(draw: Draw) -> "Weights":
    """Return the weights of a block as training starts: gains one, biases and shifts zero."""
    drawn = draw_block(draw, _WIDTH, 4 * _WIDTH)
    started = {name: one if name[0] == "w" else 0 * one + float(name[0] == "g") for name, one in drawn.items()}
    return {name: one.float() for name, one in started.items()}


def _run(x: "Tensor", stack: "list[Weights]", *, first: bool) -> "Tensor":
    from torch.nn.functional import layer_norm

    from kb.reference.post_ln import post_ln
    from kb.reference.pre_ln import pre_ln

    for w in stack:
        x = (pre_ln if first else post_ln)(x, w, heads=_HEADS)
    return layer_norm(x, x.shape[-1:]) if first else x


def _post_and_pre(draw: Draw) -> tuple[float, float]:
    return _train(draw, first=False), _train(draw, first=True)


def _pre_and_post(draw: Draw) -> tuple[float, float]:
    return _train(draw, first=True), _train(draw, first=False)


def _two_blocks(draw: Draw) -> tuple[float, float]:
    return _train(draw, first=False, blocks=2), _train(draw, first=True, blocks=2)


def _pre_with_warm_up(draw: Draw) -> tuple[float, float]:
    return _train(draw, first=True), _train(draw, first=True, warm_up=_STEPS // 2)


CLAIMS = (
    Claim(
        id="pre-ln-learns-without-a-warm-up-where-post-ln-does-not",
        statement=(
            "Twelve Pre-LN blocks learn at Adam's full rate from the first step what twelve Post-LN blocks of the "
            "same size do not: after 100 steps the loss is more than one nat lower."
        ),
        kind="ordering",
        between=("post-ln", "pre-ln"),
        evidence=Evidence("arxiv:2002.04745", "Section 4"),
        inputs=(
            "random words of 32, each to be named by the token behind it; 12 blocks, D 64, 4 heads, F 256, 16 "
            "sequences of 8 a step, rate 0.001, 100 steps; float32"
        ),
        bound=1.0,
        why_bound=(
            "Chance is 3.47 nats. A stack that has found the token before it is near zero, one that has not is near "
            "chance: one nat tells them apart."
        ),
        pitfall=(
            "In so few steps a warm-up does not yet rescue Post-LN, and sets Pre-LN back, since the steps are fixed: "
            "the claim is about no warm-up. Two blocks learn in either order."
        ),
        family="normalisation",
        check=_check,
        subject=_post_and_pre,
        wrong_variants={
            "the two exchanged": _pre_and_post,
            "two blocks": _two_blocks,
            "Pre-LN without and with a warm-up": _pre_with_warm_up,
        },
        executes=("post-ln", "pre-ln"),
        holds="at least",
        cost="long",
        draws=3,
    ),
)
