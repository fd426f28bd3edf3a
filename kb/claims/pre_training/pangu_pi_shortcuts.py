"""PanGu-pi's shortcuts at the start: they keep tokens apart, and yet take dimensions away."""

import math
from itertools import pairwise
from typing import TYPE_CHECKING

from kb.claims.claim import Claim, Measurement, Subject
from kb.claims.draw import Draw
from kb.records import Evidence

if TYPE_CHECKING:
    from torch import Tensor

    Weights = dict[str, Tensor]

_WIDTH, _NARROW, _HIDDEN, _LAYERS, _STARTS = 64, 16, 256, 12, 12
_FEW = 4
_LEAST = 1e-12


def _draw(draw: Draw, *, tokens: int, hidden: int = 1) -> "tuple[Tensor, list[Weights]]":
    """Return normal tokens and twelve blocks; the network has variance two over its rows, where there is one."""
    names = dict.fromkeys(("w_q", "w_k", "w_v", "w_o"), (_WIDTH, _WIDTH))
    x, stack = draw.normal(1, tokens, _WIDTH), []
    for _ in range(_LAYERS):
        w = {name: draw.normal(*shape, scale=shape[0] ** -0.5) for name, shape in names.items()}
        w |= {"aug_down": draw.normal(1, _WIDTH, _NARROW, scale=_WIDTH**-0.5)}
        w |= {"aug_up": draw.normal(1, _NARROW, _WIDTH, scale=_NARROW**-0.5)}
        w |= {"w_1": draw.normal(_WIDTH, hidden, scale=(2 / _WIDTH) ** 0.5)}
        w |= {"w_2": draw.normal(hidden, _WIDTH, scale=(2 / hidden) ** 0.5 if hidden > 1 else 0.0)}
        zeros, ones = x.new_zeros(_WIDTH), x.new_ones(_WIDTH)
        w |= {"b_1": zeros[:1].expand(hidden), "b_2": zeros, "series_a": ones[:1], "series_b": zeros[:1]}
        stack.append({**w, "g_1": ones, "g_2": ones, "c_1": zeros, "c_2": zeros})
    return x, stack


def _run(x: "Tensor", stack: "list[Weights]", *, straight: bool, augmented: bool) -> "Tensor":
    """Return the tokens behind the stack, with or without each kind of shortcut around attention."""
    from kb.reference.pangu_pi import pangu_pi

    for w in stack:
        y = pangu_pi(x, w, heads=4, causal=False, n=1, shortcuts=int(augmented))
        # the shipped block always has the straight shortcut, and takes it in once
        x = y if straight else y - x
    return x


def _check_order(subject: Subject, draw: Draw) -> Measurement:
    """Measure the least factor by which each of four ways of shortcuts keeps tokens further apart than the one
    before, in distance and in share, on the geometric mean of twelve starts."""
    logarithms = [[0.0, 0.0] for _ in range(4)]
    for _ in range(_STARTS):
        x, stack = _draw(draw, tokens=32)
        for sums, z in zip(logarithms, subject(x, stack), strict=True):
            apart = float((z - z.mean(dim=1, keepdim=True)).norm())
            for place, figure in enumerate((apart, apart / float(z.norm()))):
                sums[place] += math.log(max(figure, _LEAST)) / _STARTS
    factors = [math.exp(b - a) for one, other in pairwise(logarithms) for a, b in zip(one, other, strict=True)]
    shares = ", ".join(f"{math.exp(sums[1]):.2g}" for sums in logarithms)
    return Measurement(min(factors), f"shares {shares}")


def _four_ways(x: "Tensor", stack: "list[Weights]") -> "list[Tensor]":
    ways = ((False, False), (False, True), (True, False), (True, True))
    return [_run(x, stack, straight=straight, augmented=augmented) for straight, augmented in ways]


def _augmented_before_straight(x: "Tensor", stack: "list[Weights]") -> "list[Tensor]":
    none, augmented, straight, both = _four_ways(x, stack)
    return [none, straight, augmented, both]


def _straight_alone_best(x: "Tensor", stack: "list[Weights]") -> "list[Tensor]":
    none, augmented, straight, both = _four_ways(x, stack)
    return [none, augmented, both, straight]


def _tenth(x: "Tensor", stack: "list[Weights]") -> "list[Tensor]":
    return _four_ways(x, [{**w, "aug_up": w["aug_up"] / 10} for w in stack])


def _check_dimension(subject: Subject, draw: Draw) -> Measurement:
    """Measure how many dimensions the augmented shortcut adds to the tokens, on the mean of four starts."""
    found = []
    for _ in range(_FEW):
        plain, augmented = subject(*_draw(draw, tokens=64, hidden=_HIDDEN))
        found.append((_dimension(plain), _dimension(augmented)))
    plain_mean, augmented_mean = (sum(one) / _FEW for one in zip(*found, strict=True))
    return Measurement(augmented_mean - plain_mean, f"{plain_mean:g} without, {augmented_mean:g} with")


def _dimension(z: "Tensor") -> int:
    """Return d(0.8): how many singular values it takes for four fifths of their sum."""
    import torch

    values = torch.linalg.svdvals(z[0])
    return int((values.cumsum(dim=0) / values.sum() < 0.8).sum()) + 1


def _with_and_without(x: "Tensor", stack: "list[Weights]") -> "tuple[Tensor, Tensor]":
    return _run(x, stack, straight=True, augmented=False), _run(x, stack, straight=True, augmented=True)


def _three_layers_of_attention(x: "Tensor", stack: "list[Weights]") -> "tuple[Tensor, Tensor]":
    few = [{**w, "w_2": 0 * w["w_2"]} for w in stack[:3]]
    return _run(x, few, straight=False, augmented=False), _run(x, few, straight=False, augmented=True)


CLAIMS = (
    Claim(
        id="augmented-shortcuts-keep-tokens-apart-at-the-start",
        statement=(
            "At the start of attention stacked alone, tokens stay apart in this order: no shortcut, least; the "
            "augmented one alone; the straight one alone; both. It holds for their distance and for its share in "
            "their length, on the mean of twelve starts of twelve layers."
        ),
        kind="ordering",
        between=("rank-collapse", "augmented-shortcut", "pangu-pi"),
        evidence=Evidence("arxiv:2312.17276", "Section 3 and 4, the theorems on the diversity of tokens"),
        inputs="normal tokens and weights; 12 layers without networks, T 32, D 64, 4 heads, R 16, 12 starts; float64",
        equation=r"d_M(\mathrm{MSA}) < d_M(\mathrm{Aug}) < d_M(\mathrm{MSA} + I) < d_M(\mathrm{AugMSA})",
        bound=1.05,
        why_bound=(
            "The paper's are upper bounds, so that no size of the steps follows. The smallest is the last, in "
            "share: a twentieth more is asked of it."
        ),
        pitfall=(
            "Attention alone, at the start, with a shortcut about as strong as attention. Distances also grow "
            "because all lengths do, hence the share. With networks between the layers, or weaker shortcuts, the "
            "last two may come in either order."
        ),
        papers=("arxiv:2106.15941",),
        family="pre-training",
        check=_check_order,
        subject=_four_ways,
        wrong_variants={
            "the augmented shortcut before the straight one": _augmented_before_straight,
            "the straight one alone before both": _straight_alone_best,
            "shortcuts a tenth as strong": _tenth,
        },
        executes=("pangu-pi",),
        holds="at least",
        cost="trend",
        draws=4,
    ),
    Claim(
        id="augmented-shortcuts-raise-the-effective-dimension-at-the-start",
        statement=(
            "Augmented shortcuts raise the effective dimension of the tokens, as the paper's figure shows of trained "
            "models, and do so from the start."
        ),
        kind="separation",
        between=("augmented-shortcut", "pangu-pi"),
        evidence=Evidence("arxiv:2312.17276", "Figure 4"),
        inputs="normal tokens and weights; 12 blocks, T 64, D 64, F 256, 4 heads, R 16, 4 starts; float64",
        equation=r"d(0.8) = \min\Big\{ k : \sum_{i \le k} \sigma_i \ge 0.8 \sum_i \sigma_i \Big\}",
        bound=0.0,
        why_bound="Were it so, the difference would be at least zero on the mean of four starts.",
        pitfall=(
            "GELU's outputs are positive on the mean, so that each augmented shortcut adds to all tokens alike, and "
            "this one direction grows. What the figure shows is learned. Where no straight shortcut stands beside "
            "it, the augmented one does raise the dimension."
        ),
        family="pre-training",
        check=_check_dimension,
        subject=_with_and_without,
        wrong_variants={
            "three layers of attention without the straight shortcut": _three_layers_of_attention,
        },
        executes=("pangu-pi",),
        holds="at least",
        expected="refuted",
        cost="trend",
        draws=4,
    ),
)
