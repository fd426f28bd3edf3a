"""Sums of outer products: the fast weight programmer and linear attention."""

import math
from typing import TYPE_CHECKING

from kb.claims.claim import Claim, Measurement, Subject
from kb.claims.draw import Draw
from kb.claims.mixers import relative_with_gradients, run_in_parts
from kb.records import Evidence

if TYPE_CHECKING:
    from torch import Tensor


def _check(subject: Subject, draw: Draw) -> Measurement:
    """Measure max |a - b| / max |b| between the subject and unnormalised linear attention, gradients too."""
    q, k = draw.normal(2, 2, 16, 3, 4)
    return Measurement(relative_with_gradients(subject, _over_pairs, q, k, draw.normal(2, 16, 3, 5)))


def _over_pairs(q: "Tensor", k: "Tensor", v: "Tensor") -> "Tensor":
    from kb.reference.linear_attention import linear_attention

    # the pairwise form: no state is ever built, which makes it independent of the recurrence under test
    return linear_attention(q, k, v, form="parallel", normalise=False)[0]


def _phi(x: "Tensor") -> "Tensor":
    from torch.nn.functional import elu

    features: Tensor = elu(x) + 1
    return features


def _programmed(q: "Tensor", k: "Tensor", v: "Tensor") -> "Tensor":
    from kb.reference.fast_weight_programmer import fast_weight_programmer

    return run_in_parts(fast_weight_programmer, _phi(q), _phi(k), v)


def _normalised(q: "Tensor", k: "Tensor", v: "Tensor") -> "Tensor":
    weight = (_phi(q) * _phi(k).cumsum(dim=1)).sum(dim=-1, keepdim=True)
    return _programmed(q, k, v) / weight


def _read_before_write(q: "Tensor", k: "Tensor", v: "Tensor") -> "Tensor":
    own = (_phi(q) * _phi(k)).sum(dim=-1, keepdim=True) * v
    return _programmed(q, k, v) - own


def _delta_rule(q: "Tensor", k: "Tensor", v: "Tensor") -> "Tensor":
    import torch

    q, k = _phi(q), _phi(k)
    k = k / k.norm(dim=-1, keepdim=True)
    memory = v.new_zeros(v.shape[0], v.shape[2], k.shape[-1], v.shape[-1])
    outputs = []
    for t in range(k.shape[1]):
        error = v[:, t] - torch.einsum("bhkv,bhk->bhv", memory, k[:, t])
        memory = memory + torch.einsum("bhk,bhv->bhkv", k[:, t], error)
        outputs.append(torch.einsum("bhkv,bhk->bhv", memory, q[:, t]))
    return torch.stack(outputs, dim=1)


def _raw(q: "Tensor", k: "Tensor", v: "Tensor") -> "Tensor":
    from kb.reference.fast_weight_programmer import fast_weight_programmer

    return fast_weight_programmer(q, k, v)[0]


def _squashed(q: "Tensor", k: "Tensor", v: "Tensor") -> "Tensor":
    from kb.reference.fast_weight_programmer import fast_weight_programmer

    return fast_weight_programmer(_phi(q), _phi(k), v, squash="tanh")[0]


def _scaled(q: "Tensor", k: "Tensor", v: "Tensor") -> "Tensor":
    return _programmed(q, k, v) / math.sqrt(k.shape[-1])


def _elu_only(q: "Tensor", k: "Tensor", v: "Tensor") -> "Tensor":
    from torch.nn.functional import elu

    return _raw(elu(q), elu(k), v)


CLAIMS = (
    Claim(
        id="linear-attention-is-a-fast-weight-programmer",
        statement=(
            "Causal linear attention without its denominator is a fast weight programmer: fed with phi(q), phi(k) "
            "and v, phi = elu + 1, adding up outer products and reading the sum after each write gives the same "
            "outputs. With the denominator, or with a squashed memory, it does not hold."
        ),
        kind="equality",
        between=("fast-weight-programmer", "linear-attention"),
        evidence=Evidence("arxiv:2102.11174", "Sections 3.1 and 3.2"),
        inputs="standard normal q, k, v; B 2, T 16, H 3, K 4, V 5; run in three parts; float64 and float32",
        bound=1e-12,
        bound_single=1e-4,
        why_bound=(
            "Sums of sixteen terms in two different orders: rounding is near 1e-15 of the largest output. The bound "
            "is relative, because the absolute error grows with T and with the size of the sums."
        ),
        family="fast-weights",
        check=_check,
        subject=_programmed,
        wrong_variants={
            "with the denominator": _normalised,
            "read before write": _read_before_write,
            "delta rule for the plain sum": _delta_rule,
            "keys and queries without phi": _raw,
            "phi = elu without + 1": _elu_only,
            "squashed memory": _squashed,
            "divided by the root of d_k": _scaled,
        },
        executes=("fast-weight-programmer", "linear-attention"),
    ),
)
