"""DeltaNet: its three forms, what its features and its normalisation change, and why it needs the latter."""

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


def _check_forms(subject: Subject, draw: Draw) -> Measurement:
    """Measure the worst relative difference between the subject and DeltaNet in all forms, gradients too."""
    from kb.reference.deltanet import deltanet

    q, k = draw.normal(2, 2, 6, 3, 4)
    k, v, beta = k / k.norm(dim=-1, keepdim=True), draw.normal(2, 6, 3, 5), draw.uniform(0.2, 1, 2, 6, 3)
    apart = []
    for form in ("recurrent", "parallel", "chunkwise"):
        shipped = partial(deltanet, form=form, chunk=2, features="identity", normalise="none")
        apart.append(relative_with_gradients(partial(run_in_parts, shipped), subject, q, k, v, beta))
    return Measurement(find_worst(apart))


def _solve(q: "Tensor", k: "Tensor", v: "Tensor", beta: "Tensor") -> "Tensor":
    """Return tril(Q K^T) (I + tril(diag(beta) K K^T, -1))^{-1} diag(beta) V."""
    system, strength = _system(k, beta), beta.transpose(1, 2)[..., None]
    return _mix(q, k, system.inverse() @ (strength * v.transpose(1, 2)))


def _system(k: "Tensor", beta: "Tensor", diagonal: int = -1) -> "Tensor":
    import torch

    products = beta.transpose(1, 2)[..., None] * torch.einsum("bthk,bshk->bhts", k, k)
    return torch.eye(k.shape[1], dtype=k.dtype) + products.tril(diagonal)


def _mix(q: "Tensor", k: "Tensor", u: "Tensor") -> "Tensor":
    import torch

    return torch.einsum("bhts,bhsv->bthv", torch.einsum("bthk,bshk->bhts", q, k).tril(), u)


def _own_product_too(q: "Tensor", k: "Tensor", v: "Tensor", beta: "Tensor") -> "Tensor":
    return _mix(q, k, _system(k, beta, 0).inverse() @ (beta[..., None] * v).transpose(1, 2))


def _strength_once(q: "Tensor", k: "Tensor", v: "Tensor", beta: "Tensor") -> "Tensor":
    return _mix(q, k, _system(k, beta * 0 + 1).inverse() @ (beta[..., None] * v).transpose(1, 2))


def _strength_missing(q: "Tensor", k: "Tensor", v: "Tensor", beta: "Tensor") -> "Tensor":
    return _mix(q, k, _system(k, beta).inverse() @ v.transpose(1, 2))


def _strength_of_the_other(q: "Tensor", k: "Tensor", v: "Tensor", beta: "Tensor") -> "Tensor":
    # strengths multiply the columns of the system instead of its rows
    products = _system(k, beta * 0 + 1).tril(-1) * beta.transpose(1, 2)[:, :, None]
    return _mix(q, k, (_system(k, beta * 0) + products).inverse() @ (beta[..., None] * v).transpose(1, 2))


def _first_order(q: "Tensor", k: "Tensor", v: "Tensor", beta: "Tensor") -> "Tensor":
    # (I + A)^{-1} taken for I - A: corrections are not corrected in their turn
    first = 2 * _system(k, beta * 0) - _system(k, beta)
    return _mix(q, k, first @ (beta[..., None] * v).transpose(1, 2))


def _check_features(subject: Subject, draw: Draw) -> Measurement:
    """Measure the worst relative difference over all features and normalisations, gradients too, and that for a key
    of zero, which has no direction."""
    from kb.reference.deltanet import deltanet

    q, k = draw.normal(2, 1, 4, 2, 4)
    v, beta = draw.normal(1, 4, 2, 3), draw.uniform(0.05, 0.2, 1, 4, 2)
    nothing = k * (k != k[:, 2:3])
    unit = deltanet(q, nothing, v, beta, features="identity", normalise="l2")[0]
    apart = [relative(unit, subject(q, nothing, v, beta, "identity", "l2"))]
    for features in ("identity", "elu", "dpfp"):
        for normalise in ("none", "l2", "sum"):
            if (features, normalise) == ("identity", "sum"):
                # a sum that may be zero
                continue
            shipped = partial(deltanet, features=features, normalise=normalise)
            expected = with_last(subject, features, normalise)
            if (features, normalise) not in (("identity", "l2"), ("elu", "sum"), ("dpfp", "l2")):
                apart.append(relative(shipped(q, k, v, beta)[0], expected(q, k, v, beta)))
            else:
                apart.append(relative_with_gradients(partial(run_in_parts, shipped), expected, q, k, v, beta))
    return Measurement(find_worst(apart), "identity, elu and dpfp; none, l2 and sum")


def _mapped(q: "Tensor", k: "Tensor", v: "Tensor", beta: "Tensor", features: str, normalise: str) -> "Tensor":
    """Return what the shipped delta rule answers for mapped and normalised queries and keys."""
    from kb.reference.delta_rule import delta_rule

    q, k = (_normalise(_map(x, features), normalise) for x in (q, k))
    return delta_rule(q, k, v, beta)[0]


def _map(x: "Tensor", features: str) -> "Tensor":
    from torch.nn.functional import elu

    from kb.reference.dpfp import dpfp

    mapped: Tensor = {"identity": x, "elu": elu(x) + 1, "dpfp": dpfp(x)}[features]
    return mapped


def _normalise(x: "Tensor", normalise: str) -> "Tensor":
    from torch.nn.functional import normalize

    # dpfp maps some keys to zero, which stay zero
    order = {"l2": 2, "sum": 1}
    return normalize(x, p=order[normalise], dim=-1, eps=1e-30) if normalise in order else x


def _queries_as_they_are(
    q: "Tensor", k: "Tensor", v: "Tensor", beta: "Tensor", features: str, normalise: str
) -> "Tensor":
    from kb.reference.delta_rule import delta_rule

    return delta_rule(_map(q, features), _normalise(_map(k, features), normalise), v, beta)[0]


def _normalised_first(
    q: "Tensor", k: "Tensor", v: "Tensor", beta: "Tensor", features: str, normalise: str
) -> "Tensor":
    from kb.reference.delta_rule import delta_rule

    q, k = (_map(_normalise(x, normalise), features) for x in (q, k))
    return delta_rule(q, k, v, beta)[0]


def _sum_for_length(q: "Tensor", k: "Tensor", v: "Tensor", beta: "Tensor", features: str, normalise: str) -> "Tensor":
    return _mapped(q, k, v, beta, features, {"none": "none", "l2": "sum", "sum": "l2"}[normalise])


def _normalised_output(
    q: "Tensor", k: "Tensor", v: "Tensor", beta: "Tensor", features: str, normalise: str
) -> "Tensor":
    found = _mapped(q, k, v, beta, features, normalise)
    weight = (_map(q, features) * _map(k, features).cumsum(dim=1)).sum(dim=-1, keepdim=True)
    return found / weight if (features, normalise) == ("elu", "sum") else found


def _check_growth(subject: Subject, draw: Draw) -> Measurement:
    """Measure by how many powers of ten the subject's memory stays above 10^20 without normalisation or below 10^3
    with it: the least of the three margins."""
    q, k, v = draw.normal(3, 1, 128, 1, 8)
    beta = draw.uniform(0, 1, 1, 128, 1)
    raw, by_sum, by_length = (math.log10(float(subject(q, k, v, beta, way).norm())) for way in ("none", "sum", "l2"))
    return Measurement(
        -find_worst([20 - raw, by_sum - 3, by_length - 3]),
        f"norms 1e{raw:.1f}, by their sum 1e{by_sum:.1f}, by their length 1e{by_length:.1f}",
    )


def _memory(q: "Tensor", k: "Tensor", v: "Tensor", beta: "Tensor", normalise: str) -> "Tensor":
    from kb.reference.deltanet import deltanet

    return deltanet(q, k, v, beta, features="elu", normalise=normalise)[1]


def _weak_memory(q: "Tensor", k: "Tensor", v: "Tensor", beta: "Tensor", normalise: str) -> "Tensor":
    return _memory(q, k, v, beta / 100, normalise)


def _additive_memory(q: "Tensor", k: "Tensor", v: "Tensor", beta: "Tensor", normalise: str) -> "Tensor":
    from kb.reference.delta_rule import delta_rule

    k = _normalise(_map(k, "elu"), normalise)
    return delta_rule(k, k, v, beta, read=False)[1]


def _scaled_memory(q: "Tensor", k: "Tensor", v: "Tensor", beta: "Tensor", normalise: str) -> "Tensor":
    # the root of the number of channels in the place of a norm
    from kb.reference.delta_rule import delta_rule

    k = _map(k, "elu") / math.sqrt(k.shape[-1])
    return delta_rule(k, k, v, beta)[1]


CLAIMS = (
    Claim(
        id="deltanet-solves-one-triangular-system",
        statement=(
            "All corrections that DeltaNet writes, one after the other, solve one unit lower triangular system; "
            "token by token, all at once and chunk by chunk, also where the run is interrupted, it is one function."
        ),
        kind="equality",
        between=("delta-rule", "deltanet"),
        evidence=Evidence("arxiv:2406.06484", "Section 3"),
        inputs=(
            "normal q and v, unit keys, beta 0.2 to 1; B 2, T 6, H 3, K 4, V 5; run in three parts, chunks of 2; "
            "float64, float32"
        ),
        equation=(
            r"O = \mathrm{tril}(Q K^\top)\left(I + \mathrm{tril}(\mathrm{diag}(\beta) K K^\top, -1)\right)^{-1} "
            r"\mathrm{diag}(\beta)\, V"
        ),
        bound=1e-12,
        bound_single=1e-4,
        why_bound=(
            "A triangular system of six equations with a unit diagonal and entries below one is well-conditioned."
        ),
        pitfall=(
            "It holds for longer keys too, but the memory then explodes and only relative differences stay small."
        ),
        family="fast-weights",
        check=_check_forms,
        subject=_solve,
        wrong_variants={
            "a key's product with itself in the system": _own_product_too,
            "strength on the values only": _strength_once,
            "strength in the system only": _strength_missing,
            "strength of the older token": _strength_of_the_other,
            "first-order inverse": _first_order,
        },
        executes=("deltanet",),
    ),
    Claim(
        id="deltanet-is-the-delta-rule-on-normalised-features",
        statement=(
            "DeltaNet is the delta rule whose queries and keys have both been mapped to features and divided by "
            "their sum or by their length; without features and normalisation it is the delta rule."
        ),
        kind="reduction",
        between=("delta-rule", "dpfp", "deltanet"),
        evidence=Evidence("arxiv:2102.11174", "Section 4.2"),
        inputs="standard normal q, k, v, beta 0.05 to 0.2; B 1, T 4, H 2, K 4, V 3; run in three parts; float64",
        equation=r"\phi(k) \leftarrow \phi(k) \Big/ \sum_i \phi(k)_i",
        bound=1e-11,
        why_bound=(
            "Triangular systems against four steps; features that are not normalised multiply "
            "rounding by their squared length, a hundred or so."
        ),
        family="fast-weights",
        check=_check_features,
        subject=_mapped,
        wrong_variants={
            "only keys normalised": _queries_as_they_are,
            "normalised before the features": _normalised_first,
            "sum and length exchanged": _sum_for_length,
            "attention's denominator beside the sum": _normalised_output,
        },
        executes=("deltanet", "delta-rule", "dpfp"),
    ),
    Claim(
        id="the-delta-rule-explodes-without-normalised-keys",
        statement=(
            "With the features elu(x) + 1 of random keys of eight channels and random strengths, the delta rule's "
            "memory has grown beyond 10^20 after 128 tokens; with keys divided by their sum or by their length it "
            "stays below 10^3."
        ),
        kind="inequality",
        between=("delta-rule", "deltanet"),
        evidence=Evidence("arxiv:2102.11174", "Section 4.2"),
        inputs="standard normal k, v, beta 0 to 1; T 128, K 8, V 8; float64",
        equation=(
            r"\lVert S_t \rVert \text{ may grow by } \left| 1 - \beta_t \lVert \phi(k_t) \rVert^2 \right| \text{ a "
            r"token}"
        ),
        bound=0.0,
        why_bound=(
            "A transition I - beta k k^T stretches the key's direction where beta |k|^2 > 2. Squared lengths of raw "
            "features are about sixteen, so that most tokens stretch; normalised keys are "
            "never longer than one."
        ),
        pitfall="In float32 the memory becomes infinite instead of large.",
        holds="at least",
        family="fast-weights",
        check=_check_growth,
        subject=_memory,
        wrong_variants={
            "strengths a hundred times smaller": _weak_memory,
            "the plain sum": _additive_memory,
            "keys divided by the root of the number of channels": _scaled_memory,
        },
        executes=("deltanet", "delta-rule"),
    ),
)
