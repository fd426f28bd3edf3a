"""How fast random features approach the softmax kernel and softmax attention, and where they do not."""

import math
from functools import partial
from typing import TYPE_CHECKING

from kb.claims.claim import Claim, Measurement, Subject, find_worst
from kb.claims.draw import Draw
from kb.claims.measure import relative
from kb.records import Evidence

if TYPE_CHECKING:
    from torch import Tensor

_WIDTH = 16
_STRIDE = 10_000
"""Seeds of the directions of one draw lie between two multiples of it."""


def _pairs(draw: Draw) -> "tuple[Tensor, Tensor]":
    """Return a hundred queries and keys (1, 100, 1, 16), half as long as normal ones."""
    q, k = draw.normal(2, 1, 100, 1, _WIDTH, scale=0.5)
    return q, k


def _kernel(
    q: "Tensor",
    k: "Tensor",
    m: int,
    seed: int,
    change: str = "",
) -> "Tensor":
    """Return the shipped estimate of each pair's kernel, divided by e^(q . k / sqrt(d)).

    Parameters
    ----------
    change : directions that are "independent", all of "equal" length, or "repeated" after the first sixteen, or both
             queries and keys divided by the fourth root of d "never" or "twice"
    """
    import torch

    from kb.reference.random_feature_attention import draw_directions, log_features

    drawn = _WIDTH if change == "repeated" else m
    omega = torch.cat([draw_directions(drawn, _WIDTH, orthogonal=change != "independent", seed=seed)] * (m // drawn))
    if change == "equal":
        omega = omega / omega.norm(dim=-1, keepdim=True) * math.sqrt(_WIDTH)
    more = _WIDTH ** {"never": 0.25, "twice": -0.25}.get(change, 0)
    exponents = log_features(more * q, omega)[..., None, :] + log_features(more * k, omega)[..., None, :]
    return exponents.exp().sum(dim=-1).flatten() / ((q * k).sum(dim=-1) / math.sqrt(_WIDTH)).exp().flatten()


def _check_mean(subject: Subject, draw: Draw) -> Measurement:
    """Measure by how much the exponent of n misses -1/2, from means of 40 draws to means of 4000."""
    import torch

    q, k = _pairs(draw)
    estimates = [subject(q, k, _WIDTH, _STRIDE * draw.seed + number) for number in range(4000)]
    errors = torch.stack(estimates) - 1
    few, many = (float(errors.reshape(-1, n, errors.shape[1]).mean(dim=1).square().mean().sqrt()) for n in (40, 4000))
    return Measurement(abs(math.log10(many / few) / 2 + 0.5), f"relative error {few:.3g} of 40, {many:.3g} of 4000")


def _same_directions(q: "Tensor", k: "Tensor", m: int, seed: int) -> "Tensor":
    # the directions of a first draw are kept
    return _kernel(q, k, m, seed // _STRIDE * _STRIDE)


def _check_features(subject: Subject, draw: Draw) -> Measurement:
    """Measure by how much the exponent of m misses -0.45, from 16 features to 1024: medians of 60 draws."""
    import torch

    q, k = _pairs(draw)
    medians = []
    for m in (16, 1024):
        estimates = [subject(q, k, m, _STRIDE * draw.seed + number) for number in range(60)]
        medians.append(float((torch.stack(estimates) - 1).abs().median()))
    slope = math.log(medians[1] / medians[0]) / math.log(64)
    return Measurement(abs(slope + 0.45), f"exponent {slope:.3f}; medians {medians[0]:.3f} and {medians[1]:.3f}")


def _check_orthogonal(subject: Subject, draw: Draw) -> Measurement:
    """Measure by what share the subject's median error is smaller than that of independent directions, at 16 and 64
    features, and return the smaller share."""
    import torch

    q, k = _pairs(draw)
    margins = []
    for m in (16, 64):
        seeds = [_STRIDE * draw.seed + number for number in range(200)]
        found, independent = (
            float((torch.stack([estimate(q, k, m, seed) for seed in seeds]) - 1).abs().median())
            for estimate in (subject, partial(_kernel, change="independent"))
        )
        margins.append(1 - found / independent)
    return Measurement(find_worst(margins, "at least"), f"{margins[0]:.1%} at 16, {margins[1]:.1%} at 64 features")


def _other_independent(q: "Tensor", k: "Tensor", m: int, seed: int) -> "Tensor":
    return _kernel(q, k, m, seed + _STRIDE // 2, "independent")


def _check_attention(subject: Subject, draw: Draw) -> Measurement:
    """Measure how many times nearer softmax attention the subject is with 1024 features than with 16."""
    from kb.reference.scaled_dot_product_attention import scaled_dot_product_attention

    q, k = draw.normal(2, 1, 32, 4, _WIDTH, scale=0.5)
    v = draw.normal(1, 32, 4, _WIDTH)
    expected, _ = scaled_dot_product_attention(q, k, v)
    few, many = (
        sum(float((subject(q, k, v, m, _STRIDE * draw.seed + number) - expected).norm()) for number in range(8))
        for m in (16, 1024)
    )
    return Measurement(few / many)


def _attention(q: "Tensor", k: "Tensor", v: "Tensor", m: int, seed: int, features: str = "positive") -> "Tensor":
    from kb.reference.random_feature_attention import random_feature_attention

    return random_feature_attention(q, k, v, m=m, seed=seed, features=features)[0]


def _scaled_again(q: "Tensor", k: "Tensor", v: "Tensor", m: int, seed: int) -> "Tensor":
    return _attention(q / _WIDTH**0.25, k / _WIDTH**0.25, v, m, seed)


def _check_long(subject: Subject, draw: Draw) -> Measurement:
    """Measure how far the two sides that the subject returns are apart, for vectors three times as long as normal."""
    q, k = draw.normal(2, 1, 32, 2, _WIDTH, scale=3.0)
    return Measurement(relative(*subject(q, k, draw.normal(1, 32, 2, _WIDTH), draw.seed)))


def _both_attentions(q: "Tensor", k: "Tensor", v: "Tensor", seed: int, shrink: float = 1) -> "tuple[Tensor, Tensor]":
    from kb.reference.scaled_dot_product_attention import scaled_dot_product_attention

    q, k = q / shrink, k / shrink
    return _attention(q, k, v, 256, seed), scaled_dot_product_attention(q, k, v)[0]


_PAPER = "arxiv:2009.14794"
_IDEAS = ("scaled-dot-product-attention", "random-feature-attention")

CLAIMS = (
    Claim(
        id="the-random-feature-kernel-is-unbiased",
        statement=(
            "The mean of n draws of positive random features approaches the softmax kernel as one over the root of "
            "n: no bias is left underneath."
        ),
        kind="scaling",
        between=_IDEAS,
        evidence=Evidence(_PAPER, "Lemma 1"),
        inputs="a hundred normal pairs of scale 0.5, d 16, m 16; 4000 draws of directions; float64",
        equation=r"\mathbb E\left[\phi(q\, d^{-1/4})^\top \phi(k\, d^{-1/4})\right] = e^{q^\top k / \sqrt d}",
        bound=0.1,
        why_bound=(
            "The mean over 4000 draws is one number a pair, and pairs share directions: its error has a spread of "
            "some tens of a per cent, which over two decades is a few hundredths of an exponent."
        ),
        pitfall=(
            "For vectors of scale one the estimate is heavy-tailed, and the mean of thousands of draws still off."
        ),
        cost="trend",
        draws=3,
        family="fast-weights",
        check=_check_mean,
        subject=_kernel,
        wrong_variants={
            "directions all of length root d": partial(_kernel, change="equal"),
            "queries and keys scaled twice": partial(_kernel, change="twice"),
            "the same directions in every draw": _same_directions,
        },
        executes=("random-feature-attention",),
    ),
    Claim(
        id="kernel-error-falls-with-the-root-of-features",
        statement=(
            "The median relative error of the estimated kernel falls with the number of features m as m to the power "
            "of -0.35 to -0.55, from 16 to 1024."
        ),
        kind="scaling",
        between=_IDEAS,
        evidence=Evidence(_PAPER, "Sections 2.2 to 2.4"),
        inputs="a hundred normal pairs of scale 0.5, d 16; 60 draws of directions at m 16 and at m 1024; float64",
        bound=0.1,
        why_bound="One half in the limit; at few features the error is skewed and its median below its spread.",
        pitfall=(
            "At scale one the slope of the median is about -0.1: most of the mean lies in draws that hardly occur."
        ),
        cost="trend",
        draws=5,
        family="fast-weights",
        check=_check_features,
        subject=_kernel,
        wrong_variants={
            "sixteen directions used again and again": partial(_kernel, change="repeated"),
            "queries and keys not scaled": partial(_kernel, change="never"),
        },
        executes=("random-feature-attention",),
    ),
    Claim(
        id="orthogonal-directions-estimate-better",
        statement=(
            "With as many features as channels, and with four times as many, orthogonal directions give a smaller "
            "median error of the kernel than independent ones."
        ),
        kind="ordering",
        between=_IDEAS,
        evidence=Evidence(_PAPER, "Sections 2.2 to 2.4"),
        inputs="a hundred normal pairs of scale 0.5, d 16; 200 draws of directions at m 16 and at m 64; float64",
        bound=0.02,
        why_bound=(
            "A margin of the ordering over seeds: about a tenth is expected, and 200 draws leave a few per cent."
        ),
        pitfall="The gain is small, and with longer vectors it drowns in the variance of the lengths.",
        holds="at least",
        cost="trend",
        draws=3,
        family="fast-weights",
        check=_check_orthogonal,
        subject=_kernel,
        wrong_variants={
            "other independent directions": _other_independent,
            "sixteen directions used again and again": partial(_kernel, change="repeated"),
        },
        executes=("random-feature-attention",),
    ),
    Claim(
        id="random-feature-attention-tends-to-softmax-attention",
        statement=(
            "With 64 times as many random features the attention's output is at least three times nearer to softmax "
            "attention's, for short queries and keys."
        ),
        kind="limit",
        between=_IDEAS,
        evidence=Evidence(_PAPER, "Section 2"),
        inputs="normal q and k of scale 0.5, normal v; T 32, H 4, d 16; m 16 and 1024, eight draws each; float64",
        equation=r"\lim_{m \to \infty} o_t = \mathrm{softmax}\big(q_t K^\top / \sqrt d\big) V",
        bound=3.0,
        why_bound="The root of 64 is eight; the quotient is biased at few features, which leaves about five.",
        pitfall="The kernel is unbiased, the quotient is not.",
        holds="at least",
        cost="trend",
        draws=5,
        family="fast-weights",
        check=_check_attention,
        subject=_attention,
        wrong_variants={
            "features elu + 1": partial(_attention, features="elu"),
            "scaled once more": _scaled_again,
        },
        executes=("random-feature-attention", "scaled-dot-product-attention"),
    ),
    Claim(
        id="random-features-approximate-attention-at-any-length",
        statement=(
            "With 256 random features, sixteen times as many as channels, the output is within a quarter of the "
            "largest of softmax attention's, however long queries and keys are."
        ),
        kind="separation",
        between=_IDEAS,
        evidence=Evidence(_PAPER, "Section 2"),
        inputs="normal q and k of scale 3, normal v; T 32, H 2, d 16, m 256; float64",
        equation=r"\mathrm{Var} \propto \tfrac1m \big( e^{\lVert q + k \rVert^2 / \sqrt d} - 1 \big)",
        bound=0.25,
        why_bound=(
            "At this length the exponent is in the tens: no number of features that fits a memory averages it out."
        ),
        pitfall="Eight times shorter, the same features keep the bound.",
        family="fast-weights",
        check=_check_long,
        subject=_both_attentions,
        wrong_variants={
            "vectors an eighth as long": partial(_both_attentions, shrink=8),
            "vectors a twelfth as long": partial(_both_attentions, shrink=12),
        },
        executes=("random-feature-attention", "scaled-dot-product-attention"),
        expected="refuted",
    ),
)
