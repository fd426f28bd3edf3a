"""Later layers whose state fades by content, held at a constant: retention and linear attention come back."""

from functools import partial
from typing import TYPE_CHECKING, Any

from kb.claims.claim import Claim, Measurement, Subject
from kb.claims.draw import Draw
from kb.claims.measure import relative
from kb.records import Evidence

if TYPE_CHECKING:
    from torch import Tensor

    Sides = tuple[Tensor, Tensor]


def _check(subject: Subject, draw: Draw) -> Measurement:
    """Measure how far the two sides that the subject returns are apart."""
    q, k, v = draw.normal(3, 2, 7, 2, 4)
    return Measurement(relative(*subject(q, k, v, draw.uniform(0.7, 0.95, 2))))


def _run(q: "Tensor", k: "Tensor", v: "Tensor", fades: "Tensor", bonus: "Tensor | None" = None) -> "Tensor":
    """Return q_t S_t, S_t = fades S_{t-1} + k_t v_t^T; with a bonus, q_t (S_{t-1} + bonus k_t v_t^T)."""
    import torch

    state, outputs = 0 * fades, []
    for t in range(k.shape[1]):
        written = k[:, t, :, :, None] * v[:, t, :, None]
        before, state = state, fades * state + written
        seen = state if bonus is None else before + bonus * written
        outputs.append((q[:, t, :, :, None] * seen).sum(dim=2))
    return torch.stack(outputs, dim=1)


def _gateloop(
    q: "Tensor", k: "Tensor", v: "Tensor", decay: "Tensor", rotation: str = "rope", slip: str = ""
) -> "Sides":
    """Return GateLoop with a constant transition, decay e^{i theta} on each pair of channels, and retention.

    Parameters
    ----------
    slip : what is done wrongly: turned "back", keys not "conjugated", or another transition in the "second" head
    """
    import torch

    from kb.reference.retention import retention

    speed = 10000.0 ** (-torch.arange(2, dtype=q.dtype) / 2) * (-1 if slip == "back" else 1)
    angle = speed if slip != "second" else speed * torch.tensor([[1.0], [2.0]])
    transition = decay[:, None, None] * torch.polar(torch.ones_like(angle), angle).expand(2, 2)[..., None]
    one, other = (torch.complex(x[..., ::2], x[..., 1::2]) for x in (q, k))
    answers = _run(one, other if slip == "conjugated" else other.conj(), v.to(one.dtype), transition)
    return answers.real, retention(q, k, v, decay, rotation=rotation)[0]


def _rwkv_5(
    q: "Tensor", k: "Tensor", v: "Tensor", decay: "Tensor", bonus: float | None = None, rotation: str = "none"
) -> "Sides":
    """Return RWKV-5's time mixing with one decay a head, times the decay, and retention. The bonus is one over the
    decay by default."""
    from kb.reference.retention import retention

    fades = decay[:, None, None]
    answers = _run(q, k, v, fades, 1 / fades if bonus is None else bonus + 0 * fades)
    return answers * decay[:, None], retention(q, k, v, decay, rotation=rotation)[0]


def _not_multiplied(q: "Tensor", k: "Tensor", v: "Tensor", decay: "Tensor") -> "Sides":
    answers, expected = _rwkv_5(q, k, v, decay)
    return answers / decay[:, None], expected


def _h3(
    q: "Tensor", k: "Tensor", v: "Tensor", decay: "Tensor", kept: float = 1.0, shift: int = 0, **options: Any
) -> "Sides":
    """Return H3, both state spaces as convolutions, and shipped linear attention on elu + 1 without denominator.

    Parameters
    ----------
    kept  : what the diagonal state space keeps from one token to the next
    shift : by how many tokens the other one shifts the keys
    """
    import torch
    from torch.nn.functional import elu

    from kb.reference.linear_attention import linear_attention

    T = q.shape[1]
    t = torch.arange(T)
    kernel = (kept ** (t[:, None] - t).clamp(min=0).to(q.dtype)).tril()
    asked, keys = elu(q) + 1, elu(k) + 1
    shifted = torch.nn.functional.pad(keys, (0, 0, 0, 0, shift, 0))[:, :T]
    products = shifted[..., None] * v[..., None, :]
    stored = torch.einsum("ts,bshkv->bthkv", kernel, products)
    return (asked[..., None] * stored).sum(dim=3), linear_attention(q, k, v, **({"normalise": False} | options))[0]


_INPUTS = "standard normal q, k, v, decay 0.7 to 0.95 a head; B 2, T 7, H 2, K 4, V 4; float64"
_WHY = "Sums of at most seven terms in two orders."

CLAIMS = (
    Claim(
        id="gateloop-with-one-transition-is-retention",
        statement=(
            "GateLoop's recurrence with one complex transition for all tokens, its modulus the decay and its phases "
            "those of the rotation, is retention: the turning is then on queries and keys instead of the state."
        ),
        kind="reduction",
        between=("retention", "gateloop"),
        evidence=Evidence("arxiv:2311.01927", "Abstract"),
        inputs=_INPUTS,
        equation=r"a_t = \gamma e^{\mathrm i \theta}: \quad \mathrm{Re} \sum_{s \le t} q_t \bar k_s\, a^{t-s} v_s",
        bound=1e-12,
        why_bound=_WHY,
        pitfall="Retention's normalisation by group and its gate are set aside.",
        papers=("arxiv:2307.08621",),
        family="recurrence",
        check=_check,
        subject=_gateloop,
        wrong_variants={
            "retention without its rotation": partial(_gateloop, rotation="none"),
            "turned the other way": partial(_gateloop, slip="back"),
            "keys not conjugated": partial(_gateloop, slip="conjugated"),
            "another phase in the second head": partial(_gateloop, slip="second"),
        },
        executes=("retention",),
    ),
    Claim(
        id="rwkv-5-with-one-decay-is-retention",
        statement=(
            "RWKV-5's time mixing with one decay for all channels of a head and a bonus of one over the decay is "
            "retention without its rotation, divided by the decay."
        ),
        kind="reduction",
        between=("retention", "rwkv-5"),
        evidence=Evidence("arxiv:2404.05892", "Section on Eagle's time mixing"),
        inputs=_INPUTS,
        equation=r"q_t \big(S_{t-1} + \gamma^{-1} k_t^\top v_t\big) = \gamma^{-1} q_t S_t",
        bound=1e-12,
        why_bound=_WHY,
        pitfall="A normalisation by head behind it takes the factor out, but for its epsilon.",
        papers=("arxiv:2307.08621",),
        family="recurrence",
        check=_check,
        subject=_rwkv_5,
        wrong_variants={
            "a bonus of one": partial(_rwkv_5, bonus=1.0),
            "no bonus": partial(_rwkv_5, bonus=0.0),
            "retention with its rotation": partial(_rwkv_5, rotation="rope"),
            "not multiplied with the decay": _not_multiplied,
        },
        executes=("retention",),
    ),
    Claim(
        id="an-h3-layer-that-keeps-everything-is-linear-attention",
        statement=(
            "If its shift passes the keys on unchanged and its other state space keeps everything, the H3 layer, on "
            "features of queries and keys, is linear attention without its denominator."
        ),
        kind="reduction",
        between=("linear-attention", "h3-layer"),
        evidence=Evidence("arxiv:2212.14052", "Section 3"),
        inputs=_INPUTS,
        equation=r"q_t \sum_{s \le t} \lambda^{t-s} k_s v_s^\top, \qquad \lambda = 1",
        bound=1e-12,
        why_bound=_WHY,
        pitfall="A decay of one is the limit of H3's state space, not one of its values.",
        papers=("arxiv:2006.16236",),
        family="recurrence",
        check=_check,
        subject=_h3,
        wrong_variants={
            "keys shifted by a token": partial(_h3, shift=1),
            "a fiftieth lost with every token": partial(_h3, kept=0.98),
            "linear attention with its denominator": partial(_h3, normalise=True),
        },
        executes=("linear-attention",),
    ),
)
