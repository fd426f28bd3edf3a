"""The small constant that a widespread port adds to every random feature."""

from functools import partial
from typing import TYPE_CHECKING

from kb.claims.claim import Claim, Measurement, Subject
from kb.claims.draw import Draw
from kb.claims.measure import relative
from kb.records import Evidence

if TYPE_CHECKING:
    from torch import Tensor


def _check(subject: Subject, draw: Draw) -> Measurement:
    """Measure how far the two sides that the subject returns are apart, for vectors of unit variance."""
    q, k, v = draw.normal(3, 1, 64, 1, 32)
    return Measurement(relative(*subject(q, k, v, draw.seed)))


def _with_constant(
    q: "Tensor", k: "Tensor", v: "Tensor", seed: int, *, constant: float = 1e-4, shrink: float = 1
) -> "tuple[Tensor, Tensor]":
    """Return the attention whose features, divided by the largest exponential, get the constant, and the shipped."""
    import torch

    from kb.reference.random_feature_attention import draw_directions, log_features, random_feature_attention

    q, k = q / shrink, k / shrink
    omega = draw_directions(64, q.shape[-1], seed=seed).to(q)
    logs_q, logs_k = log_features(q, omega), log_features(k, omega)
    # each query by its own largest exponential, the keys by the largest of all: so the port has it
    phi_q = (logs_q - logs_q.amax(dim=-1, keepdim=True)).exp() + constant
    phi_k = (logs_k - logs_k.amax()).exp() + constant
    weights = torch.einsum("bthm,bshm->bhts", phi_q, phi_k).tril()
    shares = weights / weights.sum(dim=-1, keepdim=True)
    shipped, _ = random_feature_attention(q, k, v, m=64, seed=seed)
    return torch.einsum("bhts,bshv->bthv", shares, v), shipped


CLAIMS = (
    Claim(
        id="the-constant-in-random-features-is-harmless",
        statement=(
            "The constant of 1e-4 that a widespread port adds to every random feature, after dividing by the largest "
            "exponential, moves no output of the attention by more than a thousandth of the largest."
        ),
        kind="separation",
        between=("random-feature-attention",),
        evidence=Evidence("arxiv:2009.14794", "Lemma 1"),
        inputs="standard normal q, k, v; T 64, d 32, m 64; float64",
        equation=(
            r"\phi(x) + \epsilon: \quad \mathbb E\left[\phi(q)^\top \phi(k)\right] \text{ is no longer } e^{q^\top k}"
        ),
        bound=1e-3,
        why_bound=(
            "Were all features near the largest, a ten-thousandth would be lost in them. They spread over several "
            "powers of ten, so that for many keys the constant is as large as the feature."
        ),
        pitfall="The printed estimate is unbiased without a constant only.",
        family="fast-weights",
        check=_check,
        subject=_with_constant,
        wrong_variants={
            "no constant": partial(_with_constant, constant=0),
            "a constant of 1e-9": partial(_with_constant, constant=1e-9),
            "vectors a fifth as long": partial(_with_constant, shrink=5),
        },
        executes=("random-feature-attention",),
        expected="refuted",
    ),
)
