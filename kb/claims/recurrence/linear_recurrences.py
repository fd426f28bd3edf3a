"""Recurrences without a nonlinearity in time: the linear recurrent unit, and retention whose tokens say nothing."""

from functools import partial
from typing import TYPE_CHECKING

from kb.claims.claim import Claim, Measurement, Subject, find_worst
from kb.claims.draw import Draw
from kb.claims.measure import relative
from kb.claims.mixers import relative_with_gradients
from kb.records import Evidence

if TYPE_CHECKING:
    from torch import Tensor

    Sides = tuple[Tensor, Tensor]

_WIDTH, _TOKENS = 3, 6
_NAMES = ("nu_log", "theta_log", "gamma_log", "b_re", "b_im", "c_re", "c_im", "skip")


def _check_unit(subject: Subject, draw: Draw) -> Measurement:
    """Measure the worst difference between the subject and the three forms and both normalisers, gradients too."""
    x, D = draw.normal(2, _TOKENS, _WIDTH), _WIDTH
    rates = draw.uniform(-2, 0, D), draw.uniform(-2, 1, D), draw.uniform(-1, 0, D)
    inputs = (x, *rates, *draw.normal(4, D, D), draw.normal(D))
    apart = [relative_with_gradients(partial(_unit, form="recurrent"), partial(subject, "learned"), *inputs)]
    for form, normaliser in (("scan", "learned"), ("convolution", "exact")):
        apart.append(relative(_unit(*inputs, form=form, normaliser=normaliser), subject(normaliser, *inputs)))
    return Measurement(find_worst(apart))


def _unit(x: "Tensor", *weights: "Tensor", form: str, normaliser: str = "learned") -> "Tensor":
    """Return the answers of the shipped unit, interrupted behind the second token."""
    import torch

    from kb.reference.linear_recurrent_unit import linear_recurrent_unit as unit

    w = dict(zip(_NAMES, weights, strict=True))
    first, state = unit(x[:, :2], w, form=form, normaliser=normaliser)
    return torch.cat([first, unit(x[:, 2:], w, state, form=form, normaliser=normaliser)[0]], dim=1)


def _real(normaliser: str, x: "Tensor", *weights: "Tensor", slip: str = "") -> "Tensor":
    """Return a real recurrent network of twice the width, h_t = h_{t-1} M + x_t N, its matrix 2 by 2 turns that fade.

    Parameters
    ----------
    slip : what is done wrongly: "tanh" at every step, turns the "other" way, rates that are not "exponentiated",
           the "real" part taken before the last map, or no "normaliser"
    """
    import torch

    w = dict(zip(_NAMES, weights, strict=True))
    fade = (w["nu_log"] if slip == "exponentiated" else -w["nu_log"].exp()).exp()
    angle = w["theta_log"].exp() * (-1 if slip == "other" else 1)
    turn, lean = torch.diag(fade * angle.cos()), torch.diag(fade * angle.sin())
    M = torch.cat([torch.cat([turn, lean], dim=1), torch.cat([-lean, turn], dim=1)])
    gamma = w["gamma_log"].exp() if normaliser == "learned" else (1 - fade**2).sqrt()
    gamma = 0 * gamma + 1 if slip == "normaliser" else gamma
    N = torch.cat([w["b_re"] * gamma, w["b_im"] * gamma], dim=1)
    C = torch.cat([w["c_re"], 0 * w["c_im"] if slip == "real" else -w["c_im"]])
    h, outputs = x.new_zeros(x.shape[0], 2 * _WIDTH), []
    for t in range(_TOKENS):
        h = h @ M + x[:, t] @ N
        h = h.tanh() if slip == "tanh" else h
        outputs.append(h @ C + w["skip"] * x[:, t])
    return torch.stack(outputs, dim=1)


def _check_constant(subject: Subject, draw: Draw) -> Measurement:
    """Measure how far the two sides that the subject returns are apart."""
    return Measurement(relative(*subject(draw.normal(2, _TOKENS, _WIDTH), draw.uniform(-2, 0, _WIDTH))))


def _without_content(
    x: "Tensor", step: "Tensor", reads: float = 0.0, rotation: str = "none", power: int = 1
) -> "Sides":
    """Return retention with a head a channel, whose decay is e^{-step} and whose keys are constant, and the shipped
    state space of order one.

    Parameters
    ----------
    reads : how much of the token its own key holds
    power : to which the decay is taken
    """
    from kb.reference.retention import retention
    from kb.reference.structured_state_space import structured_state_space

    decay = (-step.exp()).exp()
    v = x[..., None]
    # two channels of one half each, since a rotation turns pairs
    q = (v * 0 + 0.5).expand(*v.shape[:3], 2)
    k = (1 - decay)[:, None] + reads * v.expand_as(q)
    w = {"c": x.new_ones(_WIDTH, 1), "log_step": step, "skip": 0 * step}
    expected, _ = structured_state_space(x, w, discretisation="zoh", matrix="diagonal")
    return retention(q, k, v, decay**power, rotation=rotation)[0][..., 0], expected


_INPUTS = "B 2, T 6, D 3; float64"

CLAIMS = (
    Claim(
        id="a-linear-recurrent-unit-is-a-real-network-of-twice-the-width",
        statement=(
            "The linear recurrent unit in a loop, as a scan and as a convolution, also where the run is interrupted, "
            "is a plain recurrent network of twice the width without tanh, whose matrix is made of two by two turns "
            "that fade."
        ),
        kind="equality",
        between=("simple-recurrent-network", "parallel-scan", "linear-recurrent-unit"),
        evidence=Evidence("arxiv:2303.06349", "Section 3"),
        inputs="normal x and maps, random rates, angles and gains; in two parts; " + _INPUTS,
        equation=(
            r"\lambda = r e^{i \varphi} \leftrightarrow r \begin{pmatrix} \cos \varphi & \sin \varphi \\ "
            r"-\sin \varphi & \cos \varphi \end{pmatrix}"
        ),
        bound=1e-12,
        why_bound="Six steps of sums of a few terms; one form goes through a Fourier transform.",
        family="recurrence",
        check=_check_unit,
        subject=_real,
        wrong_variants={
            "tanh at every step": partial(_real, slip="tanh"),
            "turned the other way": partial(_real, slip="other"),
            "rates not exponentiated": partial(_real, slip="exponentiated"),
            "the real part taken before the last map": partial(_real, slip="real"),
            "no normaliser": partial(_real, slip="normaliser"),
        },
        executes=("linear-recurrent-unit",),
    ),
    Claim(
        id="retention-without-content-is-a-state-space",
        statement=(
            "With queries and keys that are the same for all tokens, and without its rotation, retention is a linear "
            "time-invariant state space of order one for each head, whose transition is the decay: a convolution."
        ),
        kind="reduction",
        between=("structured-state-space", "diagonal-state-space", "retention"),
        evidence=Evidence("arxiv:2307.08621", "Section 2.4"),
        inputs="standard normal values, logarithms of steps -2 to 0; " + _INPUTS,
        equation=r"\gamma = e^{-\Delta},\ q^\top k = 1 - e^{-\Delta}: \quad \gamma = \bar A,\ q^\top k = C \bar B",
        bound=1e-12,
        why_bound="Sums of at most six terms, once through a Fourier transform.",
        papers=("arxiv:2111.00396",),
        family="recurrence",
        check=_check_constant,
        subject=_without_content,
        wrong_variants={
            "keys that hold some of the token": partial(_without_content, reads=0.1),
            "with the rotation": partial(_without_content, rotation="rope"),
            "the square of the decay": partial(_without_content, power=2),
        },
        executes=("retention", "structured-state-space"),
    ),
)
