"""The gated delta rule: its two forms, and what it is where nothing fades or nothing is corrected."""

from functools import partial
from typing import TYPE_CHECKING

from kb.claims.claim import Claim, Measurement, Subject, find_worst
from kb.claims.draw import Draw
from kb.claims.measure import relative
from kb.claims.mixers import relative_with_gradients, run_in_parts
from kb.records import Evidence

if TYPE_CHECKING:
    from torch import Tensor

    Sides = tuple[Tensor, ...]


def _gates(draw: Draw, T: int) -> "tuple[Tensor, Tensor]":
    return draw.uniform(0.2, 1, 2, T, 3), draw.uniform(0.5, 0.9, 2, T, 3)


def _check_forms(subject: Subject, draw: Draw) -> Measurement:
    """Measure the worst relative difference between the subject and both forms, gradients too."""
    from kb.reference.gated_delta_rule import gated_delta_rule

    q, k = draw.normal(2, 2, 6, 3, 4)
    v, (beta, decay) = draw.normal(2, 6, 3, 5), _gates(draw, 6)
    apart = []
    for form in ("recurrent", "chunkwise"):
        shipped = partial(run_in_parts, partial(gated_delta_rule, form=form, chunk=2))
        apart.append(relative_with_gradients(shipped, subject, q, k, v, beta, decay))
    return Measurement(find_worst(apart))


def _carry(
    q: "Tensor",
    k: "Tensor",
    v: "Tensor",
    beta: "Tensor",
    decay: "Tensor",
    slip: str = "",
) -> "Tensor":
    """Return sum over i <= t of q_t^T M_t ... M_{i+1} beta_i k_i v_i^T, M_t = decay_t (I - beta_t k_t k_t^T).

    Parameters
    ----------
    slip : what is done wrongly: a write fades at its "own" token too, the decay comes "late", being that of the token
           before, or nothing is "read" and taken away under the key
    """
    import torch
    from torch.nn.functional import normalize

    q, k = normalize(q, dim=-1), normalize(k, dim=-1)
    fade = torch.cat([decay[:, :1], decay[:, :-1]], dim=1) if slip == "late" else decay
    outputs = []
    for t in range(k.shape[1]):
        reader, o = q[:, t], torch.zeros_like(v[:, t])
        for i in range(t, -1, -1):
            # the reader is carried back through the transitions behind token i
            seen = reader * fade[:, i, :, None] if slip == "own" else reader
            o = o + (beta[:, i] * (seen * k[:, i]).sum(dim=-1))[..., None] * v[:, i]
            if slip != "read":
                met = (reader * k[:, i]).sum(dim=-1, keepdim=True)
                reader = reader - beta[:, i, :, None] * met * k[:, i]
            reader = fade[:, i, :, None] * reader
        outputs.append(o)
    return torch.stack(outputs, dim=1)


def _gates_exchanged(q: "Tensor", k: "Tensor", v: "Tensor", beta: "Tensor", decay: "Tensor") -> "Tensor":
    return _carry(q, k, v, decay, beta)


def _check_no_fading(subject: Subject, draw: Draw) -> Measurement:
    """Measure how far the sides are apart: the gated rule, the delta rule on unit keys, DeltaNet without features."""
    q, k = draw.normal(2, 2, 8, 3, 4)
    v = draw.normal(2, 8, 3, 5)
    # one key of zero, which has no direction and stays as it is
    k = k * (k != k[:, 2:3])
    gated, *others = subject(q, k, v, _gates(draw, 8)[0])
    return Measurement(find_worst(relative(gated, one) for one in others))


def _at_decay(q: "Tensor", k: "Tensor", v: "Tensor", beta: "Tensor", decay: float, normalise: str = "l2") -> "Sides":
    from torch.nn.functional import normalize

    from kb.reference.delta_rule import delta_rule
    from kb.reference.deltanet import deltanet
    from kb.reference.gated_delta_rule import gated_delta_rule

    gated = gated_delta_rule(q, k, v, beta, beta * 0 + decay, normalise="l2")[0]
    net = deltanet(q, k, v, beta, features="identity", normalise=normalise)[0]
    return gated, delta_rule(normalize(q, dim=-1), normalize(k, dim=-1), v, beta)[0], net


def _decay_one(q: "Tensor", k: "Tensor", v: "Tensor", beta: "Tensor") -> "Sides":
    return _at_decay(q, k, v, beta, 1)


def _decay_below_one(q: "Tensor", k: "Tensor", v: "Tensor", beta: "Tensor") -> "Sides":
    return _at_decay(q, k, v, beta, 0.99)


def _sum_normalised(q: "Tensor", k: "Tensor", v: "Tensor", beta: "Tensor") -> "Sides":
    gated, *_ = _at_decay(q.abs(), k.abs(), v, beta, 1)
    return gated, _at_decay(q.abs(), k.abs(), v, beta, 1, "sum")[2]


def _decay_in_the_strength(q: "Tensor", k: "Tensor", v: "Tensor", beta: "Tensor") -> "Sides":
    # a weaker write in the place of a memory that fades
    gated, *_ = _at_decay(q, k, v, beta, 0.9)
    return gated, _at_decay(q, k, v, 0.9 * beta, 1)[1]


def _check_orthonormal(subject: Subject, draw: Draw) -> Measurement:
    """Measure how far the two sides are apart for orthonormal keys, each used once."""
    k = draw.orthonormal(6, 8)[None, :, None]
    q, v = draw.normal(1, 6, 1, 8), draw.normal(1, 6, 1, 3)
    return Measurement(relative(*subject(q, k, v, draw.uniform(0.5, 0.9, 1, 6, 1))))


def _at_strength(q: "Tensor", k: "Tensor", v: "Tensor", decay: "Tensor", strength: float = 1) -> "Sides":
    from kb.reference.gated_delta_rule import gated_delta_rule
    from kb.reference.state_space_duality import state_space_duality

    gated = gated_delta_rule(q, k, v, decay * 0 + strength, decay, normalise="none")[0]
    return gated, state_space_duality(q, k, v, decay)[0]


def _half_strength(q: "Tensor", k: "Tensor", v: "Tensor", decay: "Tensor") -> "Sides":
    return _at_strength(q, k, v, decay, 0.5)


def _key_again(q: "Tensor", k: "Tensor", v: "Tensor", decay: "Tensor") -> "Sides":
    import torch

    return _at_strength(q, torch.cat([k[:, :3], k[:, :3]], dim=1), v, decay)


def _not_orthogonal(q: "Tensor", k: "Tensor", v: "Tensor", decay: "Tensor") -> "Sides":
    k = k + k.roll(1, dims=1)
    return _at_strength(q, k / k.norm(dim=-1, keepdim=True), v, decay)


_PAPER = Evidence("arxiv:2412.06464", "Section 3")

CLAIMS = (
    Claim(
        id="the-gated-delta-rule-carries-each-write-through-all-later-transitions",
        statement=(
            "The gated delta rule, token by token or in chunks, also where the run is interrupted, is the sum over "
            "all writes, each carried through the product of decay (I - beta k k^T) of every later token, and of no "
            "other."
        ),
        kind="equality",
        between=("gated-delta-rule",),
        evidence=_PAPER,
        inputs=(
            "standard normal q, k, v, beta 0.2 to 1, decay 0.5 to 0.9; B 2, T 6, H 3, K 4, V 5; three parts; "
            "float64, float32"
        ),
        equation=(
            r"S_t = \sum_{i \le t} \Big( \prod_{j=t}^{i+1} \alpha_j \big(I - \beta_j k_j k_j^\top\big) \Big) "
            r"\beta_i k_i v_i^\top"
        ),
        bound=1e-12,
        bound_single=1e-4,
        why_bound="No transition stretches anything, so at most six roundings add up; the chunks take logarithms.",
        family="fast-weights",
        check=_check_forms,
        subject=_carry,
        wrong_variants={
            "a write fades with its own token's decay": partial(_carry, slip="own"),
            "the decay of the token before": partial(_carry, slip="late"),
            "nothing taken away under the key": partial(_carry, slip="read"),
            "decay and strength exchanged": _gates_exchanged,
        },
        executes=("gated-delta-rule",),
    ),
    Claim(
        id="the-gated-delta-rule-at-decay-one-is-the-delta-rule",
        statement=(
            "With a decay of one the gated delta rule is the delta rule on keys and queries of unit length, which is "
            "DeltaNet with the identity for features and unit lengths in the place of unit sums."
        ),
        kind="reduction",
        between=("delta-rule", "deltanet", "gated-delta-rule"),
        evidence=_PAPER,
        inputs=(
            "standard normal q, k, v, beta 0.2 to 1; B 2, T 8, H 3, K 4, V 5, one key of zero; float64 and float32"
        ),
        equation=r"\alpha_t = 1: \quad S_t = \left(I - \beta_t k_t k_t^\top\right) S_{t-1} + \beta_t k_t v_t^\top",
        bound=1e-12,
        bound_single=1e-4,
        why_bound="Unit keys keep all three bounded, and each is a sum of eight corrections.",
        pitfall="The DeltaNet of 2021 divides features by their sum: with that it is another function.",
        family="fast-weights",
        check=_check_no_fading,
        subject=_decay_one,
        wrong_variants={
            "a decay of 0.99": _decay_below_one,
            "keys divided by their sum": _sum_normalised,
            "decay taken for a weaker write": _decay_in_the_strength,
        },
        executes=("gated-delta-rule", "delta-rule", "deltanet"),
    ),
    Claim(
        id="the-gated-delta-rule-with-orthonormal-keys-is-state-space-duality",
        statement=(
            "With orthonormal keys, each used once, and full strength the gated delta rule is a state space with one "
            "decay a token: it finds nothing to correct, whatever has faded."
        ),
        kind="reduction",
        between=("state-space-duality", "gated-delta-rule"),
        evidence=_PAPER,
        inputs="six orthonormal keys in eight channels, normal q and v, decay 0.5 to 0.9; V 3; float64 and float32",
        equation=(r"k_i^\top k_j = \delta_{ij},\ \beta_t = 1: \quad S_t = \alpha_t S_{t-1} + k_t v_t^\top"),
        bound=1e-12,
        bound_single=1e-4,
        why_bound="Keys are orthonormal to 1e-16 or so, and the six writes only shrink.",
        family="fast-weights",
        check=_check_orthonormal,
        subject=_at_strength,
        wrong_variants={
            "half the strength": _half_strength,
            "keys that come again": _key_again,
            "unit keys that are not orthogonal": _not_orthogonal,
        },
        executes=("gated-delta-rule", "state-space-duality"),
    ),
)
