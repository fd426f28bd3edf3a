"""Random-feature attention: its forms and features, what it is with elu + 1, and the sign of its weights."""

import math
from functools import partial
from typing import TYPE_CHECKING

from kb.claims.claim import Claim, Measurement, Subject, find_worst
from kb.claims.draw import Draw
from kb.claims.measure import relative
from kb.claims.mixers import relative_with_gradients, run_in_parts, with_last
from kb.records import Evidence

if TYPE_CHECKING:
    from torch import Tensor

    Sides = tuple[Tensor, Tensor]


def _check_forms(subject: Subject, draw: Draw) -> Measurement:
    """Measure the worst relative difference between the subject and the attention, gradients too: both forms, both
    kinds of random features, orthogonal directions and independent ones, and exponents in the hundreds."""
    import torch

    from kb.reference.random_feature_attention import draw_directions, log_features, random_feature_attention

    q, k = draw.normal(2, 2, 6, 3, 4)
    v, apart = draw.normal(2, 6, 3, 5), []
    for form, features, orthogonal in (("parallel", "positive", False), ("recurrent", "hyperbolic", True)):
        omega = draw_directions(6, 4, seed=draw.seed, orthogonal=orthogonal).to(q)
        directions = torch.cat([omega, -omega]) if features == "hyperbolic" else omega
        expected = with_last(subject, directions)
        shipped = partial(random_feature_attention, form=form, features=features, m=6, seed=draw.seed)
        in_parts = partial(run_in_parts, partial(shipped, orthogonal=orthogonal))
        apart.append(relative_with_gradients(in_parts, expected, q, k, v))
        apart.append(relative(log_features(q, omega, features).exp(), _log_features(q / 4**0.25, directions).exp()))
        if features == "positive":
            apart.append(relative(in_parts(12 * q, 12 * k, v), expected(12 * q, 12 * k, v)))
    return Measurement(find_worst(apart))


def _quotient(
    q: "Tensor",
    k: "Tensor",
    v: "Tensor",
    omega: "Tensor",
    scale: float = -0.25,
    slip: str = "",
) -> "Tensor":
    """Return the mean of the values so far by the weights phi(q) . phi(k).

    Parameters
    ----------
    scale : queries and keys are multiplied by the width to this power
    slip  : what is done wrongly: features have "no norm", the denominator sums "all" keys, or features are "shares"
            of their sum
    """
    import torch

    q, k = (_log_features(x * x.shape[-1] ** scale, omega, slip != "no norm") for x in (q, k))
    if slip == "shares":
        q, k = (x.log_softmax(dim=-1) for x in (q, k))
    # log of phi(q_t) . phi(k_i), and of its sum over the past : in logarithms nothing overflows
    logits = (q[:, :, None] + k[:, None]).logsumexp(dim=-1).permute(0, 3, 1, 2)
    future = torch.ones(q.shape[1], q.shape[1], dtype=torch.bool).triu(1)
    past = logits.masked_fill(future, -torch.inf)
    total = (logits if slip == "all" else past).logsumexp(dim=-1, keepdim=True)
    return torch.einsum("bhts,bshv->bthv", (past - total).exp(), v)


def _log_features(x: "Tensor", omega: "Tensor", norm: bool = True) -> "Tensor":
    import torch

    exponents = torch.einsum("bthk,mk->bthm", x, omega) - (x.square().sum(dim=-1, keepdim=True) / 2 if norm else 0)
    return exponents - math.log(len(omega)) / 2


def _check_elu(subject: Subject, draw: Draw) -> Measurement:
    """Measure how far the two sides are apart, whole and in two parts."""
    q, k, v = draw.normal(3, 2, 8, 2, 4)
    return Measurement(relative(*subject(q, k, v)))


def _with_elu(
    q: "Tensor", k: "Tensor", v: "Tensor", features: str = "elu", normalise: bool = True, softmax: bool = False
) -> "Sides":
    """Return random-feature attention in both forms, the recurrent one in two parts, and what it should be."""
    import torch

    from kb.reference.linear_attention import linear_attention
    from kb.reference.random_feature_attention import random_feature_attention
    from kb.reference.scaled_dot_product_attention import scaled_dot_product_attention

    run = partial(random_feature_attention, features=features)
    first, state = run(q[:, :3], k[:, :3], v[:, :3], form="recurrent")
    rest, _ = run(q[:, 3:], k[:, 3:], v[:, 3:], state, form="recurrent")
    found = torch.stack([run(q, k, v, form="parallel")[0], torch.cat([first, rest], dim=1)])
    softmaxed, linear = scaled_dot_product_attention(q, k, v)[0], linear_attention(q, k, v, normalise=normalise)[0]
    return found, (softmaxed if softmax else linear).expand_as(found)


def _check_directions(subject: Subject, draw: Draw) -> Measurement:
    """Measure the largest cosine between two directions of one block, plus one for two blocks that are the same and
    for lengths that are all equal."""
    import torch

    omega = subject(12, 6, draw.seed)
    lengths = omega.norm(dim=-1)
    blocks = (omega / lengths[:, None]).reshape(2, 6, 6)
    cosines = blocks @ blocks.transpose(1, 2) - torch.eye(6, dtype=omega.dtype)
    repeated = float((blocks[0] - blocks[1]).abs().max() < 1e-6) + float(lengths.max() / lengths.min() < 1 + 1e-6)
    return Measurement(float(cosines.abs().max()) + repeated, f"lengths {lengths.min():.2f} to {lengths.max():.2f}")


def _shipped_directions(m: int, d: int, seed: int) -> "Tensor":
    from kb.reference.random_feature_attention import draw_directions

    return draw_directions(m, d, seed=seed)


def _independent_directions(m: int, d: int, seed: int) -> "Tensor":
    from kb.reference.random_feature_attention import draw_directions

    return draw_directions(m, d, orthogonal=False, seed=seed)


def _equal_lengths(m: int, d: int, seed: int) -> "Tensor":
    omega = _shipped_directions(m, d, seed)
    lengths: Tensor = omega.norm(dim=-1, keepdim=True)
    return omega / lengths * math.sqrt(d)


def _one_block_repeated(m: int, d: int, seed: int) -> "Tensor":
    import torch

    return torch.cat([_shipped_directions(d, d, seed)] * (m // d))


def _check_sign(subject: Subject, draw: Draw) -> Measurement:
    """Measure the share of weights that are negative, for queries and keys of twice the normal length."""
    from kb.reference.random_feature_attention import draw_directions

    q, k = draw.normal(2, 1, 32, 1, 8, scale=2.0)
    weights = subject(q, k, draw_directions(16, 8, seed=draw.seed).to(q))
    # counted so, because a comparison with NaN is false
    return Measurement(1 - float((weights >= 0).sum()) / weights.numel())


def _positive(q: "Tensor", k: "Tensor", omega: "Tensor", features: str = "positive") -> "Tensor":
    import torch

    from kb.reference.random_feature_attention import log_features

    q, k = (log_features(x, omega, features).exp() for x in (q, k))
    return torch.einsum("bthm,bshm->bhts", q, k)


def _trigonometric(q: "Tensor", k: "Tensor", omega: "Tensor") -> "Tensor":
    """Return e^(|q|^2 / 2 + |k|^2 / 2) times the mean of cos(omega . (q - k)), which is unbiased too."""
    import torch

    q, k = (x * x.shape[-1] ** -0.25 for x in (q, k))
    lengths = q.square().sum(dim=-1)[:, :, None] + k.square().sum(dim=-1)[:, None]
    angles = torch.einsum("btshk,mk->btshm", q[:, :, None] - k[:, None], omega)
    return (lengths / 2).exp() * angles.cos().mean(dim=-1)


def _centred(q: "Tensor", k: "Tensor", omega: "Tensor") -> "Tensor":
    import torch

    from kb.reference.random_feature_attention import log_features

    mapped = [log_features(x, omega).exp() for x in (q, k)]
    q, k = (x - x.mean(dim=-1, keepdim=True) for x in mapped)
    return torch.einsum("bthm,bshm->bhts", q, k)


_PAPER = "arxiv:2009.14794"

CLAIMS = (
    Claim(
        id="random-feature-attention-is-a-quotient-of-sums",
        statement=(
            "Random-feature attention, over all pairs and token by token, also where the run is interrupted, weighs "
            "each value by the product of the features of query and key, and divides by the sum of those weights; "
            "what it divides by underway, so that nothing overflows, cancels."
        ),
        kind="equality",
        between=("linear-attention", "random-feature-attention"),
        evidence=Evidence(_PAPER, "Sections 2.2 to 2.4"),
        inputs=(
            "normal q, k, v, also with q and k twelve times as long; six directions; B 2, T 6, H 3, K 4, V 5; run in "
            "three parts; float64 and float32"
        ),
        equation=r"\phi(x) = \tfrac{1}{\sqrt m}\, e^{-\lVert x \rVert^2 / 2} \left(e^{\omega_1^\top x}, \dots\right)",
        bound=1e-12,
        bound_single=1e-3,
        why_bound=(
            "Sums of at most six positive weights. Exponents in the hundreds multiply their rounding by as much."
        ),
        family="fast-weights",
        check=_check_forms,
        subject=_quotient,
        wrong_variants={
            "queries and keys not scaled": partial(_quotient, scale=0),
            "both divided by the root of the width": partial(_quotient, scale=-0.5),
            "without e^(-|x|^2 / 2)": partial(_quotient, slip="no norm"),
            "the denominator sums the whole sequence": partial(_quotient, slip="all"),
            "features divided by their sum": partial(_quotient, slip="shares"),
        },
        executes=("random-feature-attention",),
    ),
    Claim(
        id="random-feature-attention-with-elu-is-linear-attention",
        statement=(
            "With elu(x) + 1 in the place of the random features, random-feature attention is linear attention."
        ),
        kind="reduction",
        between=("linear-attention", "random-feature-attention"),
        evidence=Evidence(_PAPER, "Section 2"),
        inputs="standard normal q, k, v; B 2, T 8, H 2, K 4, V 4; float64 and float32",
        bound=1e-12,
        bound_single=1e-4,
        why_bound="The same quotient, one of the two by logarithms of features of a size near one.",
        family="fast-weights",
        check=_check_elu,
        subject=_with_elu,
        wrong_variants={
            "the random features": partial(_with_elu, features="positive"),
            "linear attention without its denominator": partial(_with_elu, normalise=False),
            "softmax attention": partial(_with_elu, softmax=True),
        },
        executes=("random-feature-attention", "linear-attention", "scaled-dot-product-attention"),
    ),
    Claim(
        id="random-directions-are-orthogonal-in-blocks",
        statement=(
            "The directions of random-feature attention are orthogonal within every block of as many as there are "
            "channels; the blocks differ, and so do the lengths."
        ),
        kind="equality",
        between=("random-feature-attention",),
        evidence=Evidence(_PAPER, "Sections 2.2 to 2.4"),
        inputs="two random blocks of six directions in six channels; float64",
        bound=1e-12,
        why_bound="The factor Q of a QR decomposition is orthogonal to rounding.",
        pitfall="Orthogonal directions of one length would bias the kernel: each has the length of a normal vector.",
        family="fast-weights",
        check=_check_directions,
        subject=_shipped_directions,
        wrong_variants={
            "independent directions": _independent_directions,
            "all of length root d": _equal_lengths,
            "one block repeated": _one_block_repeated,
        },
        executes=("random-feature-attention",),
    ),
    Claim(
        id="positive-random-features-give-no-negative-weight",
        statement=(
            "Positive random features never give a pair a negative weight, whatever the directions; trigonometric "
            "ones, which estimate the same kernel without bias, do."
        ),
        kind="inequality",
        between=("scaled-dot-product-attention", "random-feature-attention"),
        evidence=Evidence(_PAPER, "Sections 2.2 to 2.4"),
        inputs="normal q and k of scale two, 16 random directions; T 32, K 8; float64",
        equation=(
            r"\phi(q)^\top \phi(k) = \tfrac1m e^{-(\lVert q \rVert^2 + \lVert k \rVert^2) / 2} \sum_i "
            r"e^{\omega_i^\top (q + k)} > 0"
        ),
        bound=0.0,
        why_bound="A sum of exponentials has no negative term: of 1024 weights none may be negative.",
        family="fast-weights",
        check=_check_sign,
        subject=_positive,
        wrong_variants={
            "trigonometric features": _trigonometric,
            "positive features less their mean": _centred,
        },
        executes=("random-feature-attention",),
    ),
)
