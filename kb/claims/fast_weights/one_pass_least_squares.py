"""The delta rule is not the least-squares solution of the context: what it would take."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from kb.claims.claim import Claim, Measurement, Subject
from kb.claims.draw import Draw
from kb.claims.measure import relative
from kb.claims.smallest import find_smallest, mixer_sizes
from kb.records import Evidence, Example

if TYPE_CHECKING:
    from torch import Tensor

    Sides = tuple[Tensor, Tensor]


def _check(subject: Subject, draw: Draw) -> Measurement:
    """Measure how far the two sides that the subject returns are apart."""
    q, k, v = draw.normal(3, 1, 8, 1, 8)
    return Measurement(relative(*subject(q, k / k.norm(dim=-1, keepdim=True), v)))


def _both(q: "Tensor", k: "Tensor", v: "Tensor", lam: float = 1) -> "Sides":
    """Return the delta rule with the strength that is best for a single pair, and the mesa layer."""
    from kb.reference.delta_rule import delta_rule
    from kb.reference.mesa_layer import mesa_layer

    strength = v.new_full(v.shape[:3], lam / (1 + lam))
    return delta_rule(q, k, v, strength)[0], mesa_layer(q, k, v, lam=lam)[0]


def _single(q: "Tensor", k: "Tensor", v: "Tensor") -> "Sides":
    return _both(q[:, :1], k[:, :1], v[:, :1])


def _orthonormal(q: "Tensor", k: "Tensor", v: "Tensor") -> "Sides":
    import torch

    return _both(q, torch.linalg.qr(k[:, :, 0])[0][:, :, None], v)


def _along_the_gain(q: "Tensor", k: "Tensor", v: "Tensor") -> "Sides":
    """Return recursive least squares written out: corrections along R_t k_t, and the mesa layer."""
    import torch

    S, R, outputs = v.new_zeros(k.shape[-1], v.shape[-1]), torch.eye(k.shape[-1], dtype=k.dtype), []
    for query, key, value in zip(q[0, :, 0], k[0, :, 0], v[0, :, 0], strict=True):
        R = R - torch.outer(R @ key, R @ key) / (1 + key @ R @ key)
        S = S + torch.outer(R @ key, value - key @ S)
        outputs.append(query @ S)
    return torch.stack(outputs)[None, :, None], _both(q, k, v)[1]


def _search(subject: Subject) -> Example | None:
    import torch

    def run(inputs: "Mapping[str, Tensor]") -> "dict[str, Tensor]":
        delta, optimum = subject(**inputs)
        unit = (inputs["k"].square().sum(dim=-1) == 1).all(dim=1)[:, :, None, None]
        # only keys of unit length: anything else is passed over
        return {"delta rule": torch.where(unit, delta, torch.inf), "mesa layer": optimum}

    return find_smallest(run, mixer_sizes(2))


CLAIMS = (
    Claim(
        id="one-pass-of-the-delta-rule-is-least-squares",
        statement=(
            "With keys of unit length, and with the strength that is best for a single pair, one pass of the delta "
            "rule over the context answers what least squares on the whole context would answer: the mesa layer."
        ),
        kind="separation",
        between=("delta-rule", "deltanet", "mesa-layer"),
        evidence=Evidence("arxiv:2309.05858", "Definition of the mesa-layer"),
        inputs="normal q and v, unit keys, lambda 1, beta 1/2; T 8, K 8, V 8; float64",
        equation=r"\beta_t k_t \neq R_t k_t, \qquad \beta = \tfrac{\lambda}{1 + \lambda}",
        bound=1e-11,
        why_bound="Were it so, both would be the same well-conditioned sums of eight terms, but for rounding.",
        pitfall="A step of gradient descent on the newest pair undoes part of what was fitted to the pairs before.",
        family="fast-weights",
        check=_check,
        subject=_both,
        wrong_variants={
            "orthonormal keys": _orthonormal,
            "a single pair": _single,
            "corrections along R_t k_t": _along_the_gain,
        },
        executes=("delta-rule", "mesa-layer"),
        expected="refuted",
        smallest=_search,
    ),
)
