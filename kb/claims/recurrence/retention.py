"""Retention: its three forms and its rotation, and what is left where nothing decays."""

from functools import partial
from typing import TYPE_CHECKING, Any

from kb.claims.claim import Claim, Measurement, Subject, find_worst
from kb.claims.draw import Draw
from kb.claims.measure import relative
from kb.claims.mixers import relative_with_gradients, run_in_parts, with_last
from kb.records import Evidence

if TYPE_CHECKING:
    from torch import Tensor

    Sides = tuple[Tensor, Tensor]


def _check_forms(subject: Subject, draw: Draw) -> Measurement:
    """Measure the worst relative difference between the subject and all forms and rotations, gradients too."""
    q, k = draw.normal(2, 2, 6, 3, 6)
    v, decay = draw.normal(2, 6, 3, 5), draw.uniform(0.8, 0.97, 3)
    apart = []
    for form, rotation in (("parallel", "rope"), ("recurrent", "none"), ("chunkwise", "code")):
        shipped = partial(_in_parts, form=form, chunk=2, rotation=rotation)
        apart.append(relative_with_gradients(shipped, with_last(subject, rotation), q, k, v, decay))
    return Measurement(find_worst([*apart, relative(_in_parts(q, k, v, decay), subject(q, k, v, decay, "rope"))]))


def _in_parts(q: "Tensor", k: "Tensor", v: "Tensor", decay: "Tensor", **options: Any) -> "Tensor":
    from kb.reference.retention import retention

    def run(q: "Tensor", k: "Tensor", v: "Tensor", state: "tuple[Tensor, int] | None") -> "tuple[Tensor, object]":
        return retention(q, k, v, decay, state, **options)

    return run_in_parts(run, q, k, v)


def _pairs(
    q: "Tensor",
    k: "Tensor",
    v: "Tensor",
    decay: "Tensor",
    rotation: str,
    slip: str = "",
) -> "Tensor":
    """Return the sum over pairs s <= t of decay^{t - s} Re(q_t e^{i t theta} conj(k_s e^{i s theta})) v_s.

    Parameters
    ----------
    slip : what is done wrongly: the decay begins a token "early", "only queries" are turned, or "halves" are paired,
           channel c with channel c + K / 2, instead of neighbours
    """
    import torch

    T, K = q.shape[1], q.shape[3]
    place = torch.arange(T, dtype=q.dtype)
    q, k = (_pair(x, slip == "halves") for x in (q, k))
    if rotation != "none":
        even = torch.arange(K // 2, dtype=place.dtype) / (K // 2)
        share = even if rotation == "rope" else torch.linspace(0, 1, K // 2, dtype=place.dtype)
        angle = place[:, None, None] * 10000.0**-share
        turn = torch.complex(angle.cos(), angle.sin())
        q, k = q * turn, k if slip == "only queries" else k * turn
    products = torch.einsum("bthc,bshc->bhts", q, k.conj()).real
    age = (place[:, None] - place).clamp(min=0) + (slip == "early")
    scores = products * (decay[:, None, None] ** age).tril()
    return torch.einsum("bhts,bshv->bthv", scores, v)


def _pair(x: "Tensor", halves: bool) -> "Tensor":
    """Return x (B, T, H, K) as complex numbers (B, T, H, K / 2)."""
    import torch

    K = x.shape[-1]
    return torch.complex(x[..., : K // 2], x[..., K // 2 :]) if halves else torch.complex(x[..., 0::2], x[..., 1::2])


def _growing(q: "Tensor", k: "Tensor", v: "Tensor", decay: "Tensor", rotation: str) -> "Tensor":
    return _pairs(q, k, v, 1 / decay, rotation)


def _same_decay(q: "Tensor", k: "Tensor", v: "Tensor", decay: "Tensor", rotation: str) -> "Tensor":
    return _pairs(q, k, v, decay[:1].expand_as(decay), rotation)


def _normalised(q: "Tensor", k: "Tensor", v: "Tensor", decay: "Tensor", rotation: str) -> "Tensor":
    import torch

    # the decays of a row divided by their sum, so that they are shares
    return (
        _pairs(q, k, v, decay, rotation)
        / torch.stack([(decay ** torch.arange(t + 1, dtype=v.dtype)[:, None]).sum(dim=0) for t in range(v.shape[1])])[
            ..., None
        ]
    )


def _check_no_decay(subject: Subject, draw: Draw) -> Measurement:
    """Measure how far the two sides that the subject returns are apart."""
    return Measurement(relative(*subject(*draw.normal(3, 2, 10, 2, 4))))


def _at_decay(q: "Tensor", k: "Tensor", v: "Tensor", decay: float = 1, rotation: str = "none") -> "Sides":
    """Return what retention answers, and the fast weight programmer: linear attention with identity features."""
    from kb.reference.fast_weight_programmer import fast_weight_programmer
    from kb.reference.retention import retention

    return retention(q, k, v, q.new_full((2,), decay), rotation=rotation)[0], fast_weight_programmer(q, k, v)[0]


def _featured(q: "Tensor", k: "Tensor", v: "Tensor", *, normalise: bool, mapped: bool) -> "Sides":
    """Return retention at decay one, on the features if ``mapped``, and shipped linear attention."""
    from torch.nn.functional import elu

    from kb.reference.linear_attention import linear_attention

    expected = linear_attention(q, k, v, normalise=normalise)[0]
    if mapped:
        q, k = elu(q) + 1, elu(k) + 1
    return _at_decay(q, k, v)[0], expected


def _both(q: "Tensor", k: "Tensor", v: "Tensor") -> "Sides":
    """Return both pairs one above the other: against identity features, and on elu + 1."""
    import torch

    plain, featured = _at_decay(q, k, v), _featured(q, k, v, normalise=False, mapped=True)
    return torch.stack([plain[0], featured[0]]), torch.stack([plain[1], featured[1]])


_PAPER = "arxiv:2307.08621"

CLAIMS = (
    Claim(
        id="retention-is-one-function-in-three-forms",
        statement=(
            "Retention over all pairs at once, token by token and in chunks, also where the run is interrupted, is "
            "one function: each pair's product counts with the decay to the power of its distance, and turning "
            "queries and keys by their place leaves that distance only."
        ),
        kind="equality",
        between=("rotary-positions", "retention"),
        evidence=Evidence(_PAPER, "Section 2.1"),
        inputs=(
            "standard normal q, k, v, decay 0.8 to 0.97; B 2, T 6, H 3, K 6, V 5; three parts, chunks of 2; float64, "
            "float32"
        ),
        equation=(
            r"o_t = \sum_{s \le t} \gamma^{t-s}\, \mathrm{Re}\left(q_t e^{it\theta}\, \overline{k_s "
            r"e^{is\theta}}\right) v_s"
        ),
        bound=1e-12,
        bound_single=1e-4,
        why_bound="Sums of at most six terms, and angles of five at most.",
        pitfall="Group normalisation and the authors' rescaling are not part of it.",
        family="recurrence",
        check=_check_forms,
        subject=_pairs,
        wrong_variants={
            "the decay begins one token early": partial(_pairs, slip="early"),
            "growth for decay": _growing,
            "the same decay in all heads": _same_decay,
            "queries turned, keys not": partial(_pairs, slip="only queries"),
            "halves paired instead of neighbours": partial(_pairs, slip="halves"),
            "decays divided by their sum": _normalised,
        },
        executes=("retention",),
    ),
    Claim(
        id="retention-at-gamma-one-is-linear-attention",
        statement=(
            "With a decay of one and without rotation, retention is linear attention without its denominator: with "
            "the identity for features as it stands, and with any others once they are applied to queries and keys."
        ),
        kind="reduction",
        between=("fast-weight-programmer", "linear-attention", "retention"),
        evidence=Evidence(_PAPER, "Section 2.4"),
        inputs="standard normal q, k, v; B 2, T 10, H 2, K 4, V 4; float64 and float32",
        equation=r"\gamma = 1: \quad S_t = S_{t-1} + k_t v_t^\top",
        bound=1e-12,
        bound_single=1e-4,
        why_bound="Sums of ten terms in two orders.",
        pitfall="The rotation does not vanish with the decay: it has to be left out as well.",
        family="recurrence",
        check=_check_no_decay,
        subject=_both,
        wrong_variants={
            "the smallest decay that the paper takes, 31/32": partial(_at_decay, decay=31 / 32),
            "with the rotation": partial(_at_decay, rotation="rope"),
            "features on one side only": partial(_featured, normalise=False, mapped=False),
            "with the denominator": partial(_featured, normalise=True, mapped=True),
        },
        executes=("retention", "linear-attention", "fast-weight-programmer"),
    ),
)
