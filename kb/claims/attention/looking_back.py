"""Additive attention: what the GRU is to it, what its tanh is for, and what a look at the last weights adds."""

import math
from typing import TYPE_CHECKING

from kb.claims.claim import Claim, Measurement, Subject
from kb.claims.draw import Draw
from kb.claims.measure import relative
from kb.records import Evidence

if TYPE_CHECKING:
    from torch import Tensor

    Weights = dict[str, Tensor]

_WIDTH, _TOKENS = 4, 6
_SMALL, _FACTOR = 1e-2, 10.0


def _draw(draw: Draw) -> "tuple[Tensor, Weights]":
    names = {"w_align": (), "u_align": (), "w_zrn": (3,), "u_zrn": (3,)}
    w = {name: draw.normal(*more, _WIDTH, _WIDTH, scale=_WIDTH**-0.5) for name, more in names.items()}
    w |= {"v_align": draw.normal(_WIDTH), "b_zrn": draw.normal(3, _WIDTH, scale=0.3)}
    return draw.normal(2, _TOKENS, _WIDTH), w


def _look_back(x: "Tensor", w: "Weights", sees: str) -> "Tensor":
    from kb.reference.additive_attention import additive_attention

    return additive_attention(x, w, sees=sees)[0]


def _check_present(subject: Subject, draw: Draw) -> Measurement:
    """Measure the subject against the shipped gated unit."""
    from kb.reference.gru import gru

    x, w = _draw(draw)
    return Measurement(relative(subject(x, w), gru(x, {**w, "b_u": 0 * w["b_zrn"][0]})[0]))


def _the_present_alone(x: "Tensor", w: "Weights") -> "Tensor":
    return _look_back(x, w, "present")


def _the_past(x: "Tensor", w: "Weights") -> "Tensor":
    return _look_back(x, w, "past")


def _everything(x: "Tensor", w: "Weights") -> "Tensor":
    return _look_back(x, w, "all")


def _scores_zero(x: "Tensor", w: "Weights") -> "Tensor":
    return _look_back(x, {**w, "v_align": 0 * w["v_align"]}, "past")


def _one_step_late(x: "Tensor", w: "Weights") -> "Tensor":
    return _look_back(x.roll(1, dims=1), w, "present")


def _check_location(subject: Subject, draw: Draw) -> Measurement:
    """Measure the subject, a decoder that also sees its last weights, against the shipped one that does not."""
    x, w = _draw(draw)
    w["filter"], w["w_place"] = draw.normal(3), draw.normal(_WIDTH)
    return Measurement(relative(subject(x, w), _look_back(x, w, "all")))


def _decode(x: "Tensor", w: "Weights", *, place: float, sharp: float = 1.0, smooth: bool = False) -> "Tensor":
    """Return the states of a decoder whose score has a further term: ``place`` times the last weights, filtered."""
    import torch
    from torch.nn.functional import conv1d

    B, T, D = x.shape
    s, a = x.new_zeros(B, D), x.new_full((B, T), 1 / T)
    outputs = []
    for _ in range(T):
        seen = conv1d(a[:, None], w["filter"].view(1, 1, 3), padding=1)[:, 0, :, None] * w["w_place"]
        hidden = ((s @ w["w_align"])[:, None] + x @ w["u_align"] + place * seen).tanh()
        e = sharp * (hidden @ w["v_align"])
        a = e.sigmoid() / e.sigmoid().sum(dim=-1, keepdim=True) if smooth else e.softmax(dim=-1)
        c = (a[..., None] * x).sum(dim=1)
        i_z, i_r, i_n = c @ w["w_zrn"] + w["b_zrn"][:, None]
        u_z, u_r, u_n = w["u_zrn"]
        z, r = (i_z + s @ u_z).sigmoid(), (i_r + s @ u_r).sigmoid()
        s = z * s + (1 - z) * (i_n + (r * s) @ u_n).tanh()
        outputs.append(s)
    return torch.stack(outputs, dim=1)


def _blind_to_place(x: "Tensor", w: "Weights") -> "Tensor":
    return _decode(x, w, place=0.0)


def _with_place(x: "Tensor", w: "Weights") -> "Tensor":
    return _decode(x, w, place=1.0)


def _sharpened(x: "Tensor", w: "Weights") -> "Tensor":
    return _decode(x, w, place=0.0, sharp=2.0)


def _smoothed(x: "Tensor", w: "Weights") -> "Tensor":
    return _decode(x, w, place=0.0, smooth=True)


def _check_bend(subject: Subject, draw: Draw) -> Measurement:
    """Measure how far from two the power is with which the weights of two states near one another, as the score's
    matrices shrink by a size while its last vector grows by it."""
    x, w = _draw(draw)
    states = draw.normal(2, 2, _WIDTH)
    apart = []
    for size in (_SMALL, _SMALL / _FACTOR):
        less = {**w, "w_align": size * w["w_align"], "u_align": size * w["u_align"], "v_align": w["v_align"] / size}
        one, other = (subject(s, x, less) for s in states)
        apart.append(float((one - other).abs().max()))
    power = math.log(apart[0] / apart[1], _FACTOR)
    return Measurement(abs(power - 2), f"weights {apart[0]:.2g} and {apart[1]:.2g} apart, power {power:.3f}")


def _additive(s: "Tensor", h: "Tensor", w: "Weights") -> "Tensor":
    from kb.reference.additive_attention import attend

    return attend(s, h, w)[1]


def _by_score(s: "Tensor", h: "Tensor", w: "Weights", bend: str) -> "Tensor":
    import torch

    hidden = getattr(torch, bend)((s @ w["w_align"])[:, None] + h @ w["u_align"])
    shares: Tensor = (hidden @ w["v_align"]).softmax(dim=-1)
    return shares


def _relu(s: "Tensor", h: "Tensor", w: "Weights") -> "Tensor":
    return _by_score(s, h, w, "relu")


def _square(s: "Tensor", h: "Tensor", w: "Weights") -> "Tensor":
    return _by_score(s, h, w, "square")


def _products(s: "Tensor", h: "Tensor", w: "Weights") -> "Tensor":
    size = w["w_align"].norm()
    shares: Tensor = ((s @ w["w_align"])[:, None] * h).sum(dim=-1).div(size).softmax(dim=-1)
    return shares


CLAIMS = (
    Claim(
        id="additive-attention-that-sees-the-present-alone-is-a-gru",
        statement=(
            "A decoder with additive attention that may look at the present annotation only is a gated recurrent "
            "unit: a softmax over one score is one, whatever the score. Even with all scores zero, a look at the "
            "past is something else, namely its mean."
        ),
        kind="reduction",
        between=("gru", "additive-attention"),
        evidence=Evidence("arxiv:1409.0473", "Appendix A.1.2"),
        inputs="normal x and weights; B 2, T 6, D 4; float64",
        bound=1e-12,
        why_bound="The same unit on the same input: rounding is near 1e-15.",
        family="attention",
        check=_check_present,
        subject=_the_present_alone,
        wrong_variants={
            "the past": _the_past,
            "the whole source": _everything,
            "scores of zero": _scores_zero,
            "the annotation before": _one_step_late,
        },
        executes=("additive-attention", "gru"),
    ),
    Claim(
        id="location-aware-attention-blind-to-place-is-additive-attention",
        statement=(
            "Attention that also sees its last weights, through a convolution, is additive attention where these "
            "features have weight zero. With a sharpened or smoothed normalisation it is not."
        ),
        kind="reduction",
        between=("additive-attention", "location-aware-attention"),
        evidence=Evidence("arxiv:1506.07503", "Section 2"),
        inputs="normal x and weights, a filter of three taps; B 2, T 6, D 4; float64",
        equation=r"e_{tj} = v^\top \tanh(s_{t-1} W + h_j U + f_{tj} P), \qquad f_t = F * a_{t-1}, \qquad P = 0",
        bound=1e-12,
        why_bound="The same decoder, written a second time: rounding is near 1e-15.",
        family="attention",
        check=_check_location,
        subject=_blind_to_place,
        wrong_variants={
            "the last weights seen": _with_place,
            "a sharpened softmax": _sharpened,
            "sigmoids over their sum": _smoothed,
        },
        executes=("additive-attention",),
    ),
    Claim(
        id="additive-attention-needs-its-tanh-to-ask-anything",
        statement=(
            "What lets additive attention look elsewhere in another state is the bend of its tanh. Where that is "
            "nearly straight the state adds the same to all scores and drops out of the softmax: the weights of two "
            "states near one another with the square of the size of the score's matrices."
        ),
        kind="limit",
        between=("additive-attention", "multiplicative-attention"),
        evidence=Evidence("arxiv:1409.0473", "Appendix A.1.2, the alignment model"),
        inputs="normal states, annotations and weights; matrices of size 0.01 and 0.001; B 2, T 6, D 4; float64",
        equation=(
            r"\tfrac{1}{\epsilon} v^\top \tanh \epsilon (s W + h_j U)"
            r"= v^\top (s W + h_j U) - \tfrac{\epsilon^2}{3} v^\top (s W + h_j U)^3 + O(\epsilon^4)"
        ),
        bound=0.05,
        why_bound=(
            "The next term is smaller by the square of the size, a ten-thousandth: the power is turned by less than "
            "0.001, and by more only where the first term happens to vanish nearly."
        ),
        pitfall=(
            "A product of state and annotation needs no bend to ask, which is one reason why it could replace it."
        ),
        papers=("arxiv:1706.03762",),
        family="attention",
        check=_check_bend,
        subject=_additive,
        wrong_variants={
            "relu for the tanh": _relu,
            "squares for the tanh": _square,
            "a product of state and annotation": _products,
        },
        executes=("additive-attention",),
    ),
)
