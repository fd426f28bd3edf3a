"""Gated linear attention: its three forms, and what is left where its gates are all one, equal or constant."""

from functools import partial
from typing import TYPE_CHECKING

from kb.claims.claim import Claim, Measurement, Subject, find_worst
from kb.claims.draw import Draw
from kb.claims.measure import relative
from kb.claims.mixers import relative_with_gradients, run_in_parts
from kb.records import Evidence

if TYPE_CHECKING:
    from torch import Tensor

    Sides = tuple[Tensor, Tensor]


def _check_forms(subject: Subject, draw: Draw) -> Measurement:
    """Measure the worst relative difference between the subject and all three forms, gradients too."""
    from kb.reference.gated_linear_attention import gated_linear_attention

    q, k = draw.normal(2, 2, 6, 3, 4)
    v, decay = draw.normal(2, 6, 3, 5), draw.uniform(0.5, 0.9, 2, 6, 3, 4)
    apart = []
    for form in ("recurrent", "parallel", "chunkwise"):
        shipped = partial(run_in_parts, partial(gated_linear_attention, form=form, chunk=2))
        apart.append(relative_with_gradients(shipped, subject, q, k, v, decay))
    return Measurement(find_worst(apart))


def _pairs(q: "Tensor", k: "Tensor", v: "Tensor", decay: "Tensor", shift: int = 0) -> "Tensor":
    """Return the sum over pairs, channel by channel times the decays of the tokens i + 1 + shift to t + shift."""
    import torch

    outputs = []
    for t in range(k.shape[1]):
        o = torch.zeros_like(v[:, t])
        for i in range(t + 1):
            between = decay[:, max(i + 1 + shift, 0) : t + 1 + shift].prod(dim=1)
            o = o + (q[:, t] * k[:, i] * between).sum(dim=-1, keepdim=True) * v[:, i]
        outputs.append(o)
    return torch.stack(outputs, dim=1)


def _fade_last(q: "Tensor", k: "Tensor", v: "Tensor", decay: "Tensor") -> "Tensor":
    # S_t = diag(decay_t) (S_{t-1} + k_t v_t^T): the write fades at once
    return _pairs(q, k * decay, v, decay)


def _one_gate_a_head(q: "Tensor", k: "Tensor", v: "Tensor", decay: "Tensor") -> "Tensor":
    return _pairs(q, k, v, decay.mean(dim=-1, keepdim=True).expand_as(decay))


def _gated_values(q: "Tensor", k: "Tensor", v: "Tensor", decay: "Tensor") -> "Tensor":
    """Return the answers of a memory whose columns fade instead of its rows."""
    import torch

    memory, outputs = k.new_zeros(*k.shape[:1], *k.shape[2:], v.shape[-1]), []
    for t in range(k.shape[1]):
        # there are more columns than rows: the last has the first row's decay
        fade = torch.cat([decay[:, t], decay[:, t, :, :1]], dim=-1)[:, :, None]
        memory = fade * memory + torch.einsum("bhk,bhv->bhkv", k[:, t], v[:, t])
        outputs.append(torch.einsum("bhkv,bhk->bhv", memory, q[:, t]))
    return torch.stack(outputs, dim=1)


def _convex(q: "Tensor", k: "Tensor", v: "Tensor", decay: "Tensor") -> "Tensor":
    # an input gate of one minus the forget gate, as gated recurrent units have it
    return _pairs(q, k * (1 - decay), v, decay)


def _check_gates(subject: Subject, draw: Draw) -> Measurement:
    """Measure how far gated linear attention is from its relatives, for the gates that the subject makes."""
    q, k, v = draw.normal(3, 2, 8, 2, 4)
    gates = draw.uniform(0.5, 0.95, 2, 8, 2, 4)
    return Measurement(find_worst(relative(*pair) for pair in subject(q, k, v, gates)))


def _open(q: "Tensor", k: "Tensor", v: "Tensor", gates: "Tensor", level: float = 1) -> "list[Sides]":
    from kb.reference.fast_weight_programmer import fast_weight_programmer
    from kb.reference.gated_linear_attention import gated_linear_attention

    gated = gated_linear_attention(q, k, v, gates * 0 + level)[0]
    return [(gated, fast_weight_programmer(q, k, v)[0])]


def _normalised(q: "Tensor", k: "Tensor", v: "Tensor", gates: "Tensor") -> "list[Sides]":
    from kb.reference.linear_attention import linear_attention

    return [(_open(q, k, v, gates)[0][0], linear_attention(q, k, v)[0])]


def _features(q: "Tensor", k: "Tensor", v: "Tensor", gates: "Tensor") -> "list[Sides]":
    from kb.reference.linear_attention import linear_attention

    return [(_open(q, k, v, gates)[0][0], linear_attention(q, k, v, normalise=False)[0])]


def _one_a_head(q: "Tensor", k: "Tensor", v: "Tensor", gates: "Tensor") -> "list[Sides]":
    """Return gated linear attention beside the two relatives, with a gate a token and head, then one a head alone."""
    from kb.reference.gated_linear_attention import gated_linear_attention
    from kb.reference.retention import retention
    from kb.reference.state_space_duality import state_space_duality

    by_token = gates[..., :1].expand_as(gates)
    by_head = gates[:1, :1, :, :1].expand_as(gates)
    return [
        (gated_linear_attention(q, k, v, by_token)[0], state_space_duality(q, k, v, gates[..., 0])[0]),
        (gated_linear_attention(q, k, v, by_head)[0], retention(q, k, v, by_head[0, 0, :, 0], rotation="none")[0]),
    ]


def _one_a_channel(q: "Tensor", k: "Tensor", v: "Tensor", gates: "Tensor") -> "list[Sides]":
    from kb.reference.gated_linear_attention import gated_linear_attention
    from kb.reference.state_space_duality import state_space_duality

    return [(gated_linear_attention(q, k, v, gates)[0], state_space_duality(q, k, v, gates[..., 0])[0])]


def _changing(q: "Tensor", k: "Tensor", v: "Tensor", gates: "Tensor") -> "list[Sides]":
    from kb.reference.gated_linear_attention import gated_linear_attention
    from kb.reference.retention import retention

    by_token = gates[..., :1].expand_as(gates)
    return [(gated_linear_attention(q, k, v, by_token)[0], retention(q, k, v, gates[0, 0, :, 0], rotation="none")[0])]


def _rotated(q: "Tensor", k: "Tensor", v: "Tensor", gates: "Tensor") -> "list[Sides]":
    from kb.reference.retention import retention

    gated = _one_a_head(q, k, v, gates)[1][0]
    return [(gated, retention(q, k, v, gates[0, 0, :, 0], rotation="rope")[0])]


_PAPER = Evidence("arxiv:2312.06635", "Section 4")
_INPUTS = "standard normal q, k, v, gates 0.5 to 0.95; B 2, T 8, H 2, K 4, V 4; float64 and float32"

CLAIMS = (
    Claim(
        id="gated-linear-attention-multiplies-the-decays-between",
        statement=(
            "Gated linear attention, token by token, over all pairs at once and in chunks, also where the run is "
            "interrupted, multiplies each channel of a pair's product by the decays of the tokens after the older "
            "one, up to and with the newer."
        ),
        kind="equality",
        between=("gated-linear-attention",),
        evidence=_PAPER,
        inputs=(
            "standard normal q, k, v, decay 0.5 to 0.9; B 2, T 6, H 3, K 4, V 5; three parts, chunks of 2; float64, "
            "float32"
        ),
        equation=r"o_t = \sum_{i \le t} v_i \sum_c q_{tc}\, k_{ic} \prod_{j=i+1}^{t} \alpha_{jc}",
        bound=1e-12,
        bound_single=1e-4,
        why_bound="Products of at most five factors below one, taken as sums of logarithms in two of the forms.",
        family="fast-weights",
        check=_check_forms,
        subject=_pairs,
        wrong_variants={
            "a write fades at once": _fade_last,
            "the decay of the token before": partial(_pairs, shift=-1),
            "one gate a head": _one_gate_a_head,
            "columns fade instead of rows": _gated_values,
            "an input gate of one minus the decay": _convex,
        },
        executes=("gated-linear-attention",),
    ),
    Claim(
        id="gated-linear-attention-with-open-gates-is-a-fast-weight-programmer",
        statement=(
            "With all gates at one, gated linear attention is the fast weight programmer: linear attention without "
            "its denominator and with the identity for features."
        ),
        kind="reduction",
        between=("fast-weight-programmer", "linear-attention", "gated-linear-attention"),
        evidence=_PAPER,
        inputs=_INPUTS,
        equation=r"\alpha_t = 1: \quad S_t = S_{t-1} + k_t v_t^\top",
        bound=1e-12,
        bound_single=1e-4,
        why_bound="Sums of eight terms in two orders.",
        pitfall="The features and the denominator of linear attention do not come back by opening the gates.",
        family="fast-weights",
        check=_check_gates,
        subject=_open,
        wrong_variants={
            "gates of 0.99": partial(_open, level=0.99),
            "with linear attention's features": _features,
            "with linear attention's features and denominator": _normalised,
        },
        executes=("gated-linear-attention", "fast-weight-programmer", "linear-attention"),
    ),
    Claim(
        id="gated-linear-attention-with-one-gate-a-head-is-state-space-duality",
        statement=(
            "Gated linear attention with the same gate in all channels of a head is state space duality, and with a "
            "gate that is also the same for all tokens it is retention without its rotation."
        ),
        kind="reduction",
        between=("retention", "gated-linear-attention", "state-space-duality"),
        evidence=Evidence("arxiv:2405.21060", "Section 5"),
        papers=("arxiv:2312.06635",),
        inputs=_INPUTS,
        equation=r"\mathrm{diag}(\alpha_t) = a_t I,\ \text{and } a_t = \gamma",
        bound=1e-12,
        bound_single=1e-4,
        why_bound=(
            "The same sums of at most eight terms; two of the three take products of decays as sums of logarithms."
        ),
        pitfall="Step size, norms, gates and rotation around the three are not part of it.",
        family="fast-weights",
        check=_check_gates,
        subject=_one_a_head,
        wrong_variants={
            "a gate a channel": _one_a_channel,
            "a gate that changes, against retention": _changing,
            "retention with its rotation": _rotated,
        },
        executes=("gated-linear-attention", "state-space-duality", "retention"),
    ),
)
