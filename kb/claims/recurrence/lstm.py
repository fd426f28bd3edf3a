"""LSTM: its cell beside that of torch, and what the forget gate changed."""

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

from kb.claims.claim import Claim, Measurement, Subject
from kb.claims.draw import Draw
from kb.claims.measure import relative
from kb.claims.mixers import relative_with_gradients
from kb.claims.smallest import find_smallest
from kb.records import Evidence, Example

if TYPE_CHECKING:
    from torch import Tensor

    Sides = tuple[Tensor, Tensor]

_WIDTH = 4
_HELD = 50.0
"""A bias at which a sigmoid is one in both precisions."""


def _check_cell(subject: Subject, draw: Draw) -> Measurement:
    """Measure the subject against torch's cell, which has two biases, gradients too."""
    x, w, u = draw.normal(2, 5, _WIDTH), draw.normal(4, _WIDTH, _WIDTH), draw.normal(4, _WIDTH, _WIDTH)
    return Measurement(relative_with_gradients(subject, _torch_cells, x, w, u, *draw.normal(2, 4, _WIDTH)))


def _torch_cells(x: "Tensor", w: "Tensor", u: "Tensor", b: "Tensor", c: "Tensor") -> "Tensor":
    import torch

    cell = torch.nn.LSTMCell(_WIDTH, _WIDTH, dtype=x.dtype)
    weights = {
        "weight_ih": w.mT.reshape(-1, _WIDTH),
        "weight_hh": u.mT.reshape(-1, _WIDTH),
        "bias_ih": b.flatten(),
        "bias_hh": c.flatten(),
    }
    state, outputs = (torch.zeros_like(x[:, 0]), torch.zeros_like(x[:, 0])), []
    for t in range(x.shape[1]):
        state = torch.func.functional_call(cell, weights, (x[:, t], state))
        outputs.append(state[0])
    return torch.stack(outputs, dim=1)


def _shipped(
    x: "Tensor", w: "Tensor", u: "Tensor", b: "Tensor", forget_gate: bool = True, squash: str = "tanh"
) -> "Tensor":
    """Return the answers of the shipped LSTM, interrupted behind the second token."""
    import torch

    from kb.reference.lstm import lstm

    weights = {"w_ifgo": w, "u_ifgo": u, "b_ifgo": b}
    first, state = lstm(x[:, :2], weights, forget_gate=forget_gate, squash=squash)
    if x.shape[1] <= 2:
        return first
    rest, _ = lstm(x[:, 2:], weights, state, forget_gate=forget_gate, squash=squash)
    return torch.cat([first, rest], dim=1)


def _with_both_biases(x: "Tensor", w: "Tensor", u: "Tensor", b: "Tensor", c: "Tensor") -> "Tensor":
    return _shipped(x, w, u, b + c)


def _with_one_bias(x: "Tensor", w: "Tensor", u: "Tensor", b: "Tensor", c: "Tensor") -> "Tensor":
    return _shipped(x, w, u, b)


def _in_order(order: list[int], x: "Tensor", w: "Tensor", u: "Tensor", b: "Tensor", c: "Tensor") -> "Tensor":
    return _shipped(x, w[order], u[order], (b + c)[order])


def _no_forget_gate(x: "Tensor", w: "Tensor", u: "Tensor", b: "Tensor", c: "Tensor") -> "Tensor":
    return _shipped(x, w, u, b + c, forget_gate=False)


def _of_1997(x: "Tensor", w: "Tensor", u: "Tensor", b: "Tensor", c: "Tensor") -> "Tensor":
    return _shipped(x, w, u, b + c, squash="logistic")


def _check_1997(subject: Subject, draw: Draw) -> Measurement:
    """Measure the subject against the cell of 1997, gradients too."""
    x, w, u = draw.normal(2, 5, _WIDTH), draw.normal(4, _WIDTH, _WIDTH), draw.normal(4, _WIDTH, _WIDTH)
    printed = partial(_shipped, forget_gate=False, squash="logistic")
    return Measurement(relative_with_gradients(subject, printed, x, w, u, draw.normal(4, _WIDTH)))


def _held_open(
    x: "Tensor", w: "Tensor", u: "Tensor", b: "Tensor", candidate: float = 0.5, held: float = _HELD
) -> "Tensor":
    """Return today's LSTM with its forget gate at one value and its candidate's maps times a factor."""
    factor = x.new_tensor([1, 0, candidate, 1])[:, None]
    bias = factor * b + held * x.new_tensor([0, 1, 0, 0])[:, None]
    return _shipped(x, factor[..., None] * w, factor[..., None] * u, bias)


def _gate_left_free(x: "Tensor", w: "Tensor", u: "Tensor", b: "Tensor") -> "Tensor":
    half = x.new_tensor([1, 1, 0.5, 1])[:, None]
    return _shipped(x, half[..., None] * w, half[..., None] * u, half * b)


def _check_sides(subject: Subject, draw: Draw) -> Measurement:
    """Measure how far the two sides that the subject returns are apart."""
    x, w, u = draw.normal(2, 6, _WIDTH), draw.normal(4, _WIDTH, _WIDTH), draw.normal(4, _WIDTH, _WIDTH)
    return Measurement(relative(*subject(x, w, u, draw.normal(4, _WIDTH))))


def _sides(x: "Tensor", w: "Tensor", u: "Tensor", b: "Tensor") -> "Sides":
    """Return the LSTM that libraries run, and the one without a forget gate, on the same weights."""
    return _shipped(x, w, u, b), _shipped(x, w, u, b, forget_gate=False)


def _one_token(x: "Tensor", w: "Tensor", u: "Tensor", b: "Tensor") -> "Sides":
    return _sides(x[:, :1], w, u, b)


def _gate_at_one(x: "Tensor", w: "Tensor", u: "Tensor", b: "Tensor") -> "Sides":
    return _held_open(x, w, u, b, candidate=1), _sides(x, w, u, b)[1]


def _search(subject: Subject) -> Example | None:
    import torch

    def run(inputs: "Mapping[str, Tensor]") -> "dict[str, Tensor]":
        # every map is one, every bias zero
        ones = torch.ones(4, 1, 1, dtype=torch.float64)
        gated, ungated = subject(inputs["x"], ones, ones, ones[..., 0] * 0)
        return {"with a forget gate": gated, "without one": ungated}

    return find_smallest(run, [{"x": (T, 1)} for T in (1, 2, 3)])


_INPUTS = "standard normal x, weights and biases; B 2, T 5, D 4; in two parts; float64"

CLAIMS = (
    Claim(
        id="lstm-is-the-cell-of-torch",
        statement=(
            "The LSTM is torch's cell: the four gates stand in the order input, forget, candidate, output, and "
            "torch's two biases act as their sum."
        ),
        kind="equality",
        between=("forget-gate", "lstm"),
        evidence=Evidence("doi:10.1162/089976600300015015", "Section on the forget gate"),
        inputs=_INPUTS + " and float32",
        equation=r"c_t = f_t \odot c_{t-1} + i_t \odot g_t, \qquad h_t = o_t \odot \tanh c_t",
        bound=1e-12,
        bound_single=1e-4,
        why_bound="Five steps of sums of nine terms, in two orders: rounding is near 1e-15.",
        pitfall="Other libraries keep the gates in other orders: weights have to be carried over gate by gate.",
        papers=("doi:10.1162/neco.1997.9.8.1735",),
        family="recurrence",
        check=_check_cell,
        subject=_with_both_biases,
        wrong_variants={
            "candidate and output gate exchanged": partial(_in_order, [0, 1, 3, 2]),
            "input and forget gate exchanged": partial(_in_order, [1, 0, 2, 3]),
            "one of the two biases": _with_one_bias,
            "no forget gate": _no_forget_gate,
            "the squashing of 1997": _of_1997,
        },
        executes=("lstm",),
    ),
    Claim(
        id="the-lstm-of-1997-is-todays-with-its-forget-gate-held-open",
        statement=(
            "The cell of 1997, without a forget gate and with its candidate within (-2, 2), is today's LSTM whose "
            "forget gate is held at one and whose candidate's maps are halved: today's memory is then half of that "
            "of 1997."
        ),
        kind="reduction",
        between=("lstm", "forget-gate"),
        evidence=Evidence("doi:10.1162/neco.1997.9.8.1735", "Section 4 and the appendix"),
        inputs=_INPUTS,
        equation=r"4\sigma(a) - 2 = 2 \tanh \tfrac a2, \quad 2\sigma(c) - 1 = \tanh \tfrac c2, \quad f_t = 1",
        bound=1e-12,
        why_bound="The bias of 50 leaves the forget gate below one by 2e-22; what is left is rounding.",
        papers=("doi:10.1162/089976600300015015",),
        family="recurrence",
        check=_check_1997,
        subject=_held_open,
        wrong_variants={
            "candidate's maps not halved": partial(_held_open, candidate=1),
            "candidate's maps doubled": partial(_held_open, candidate=2),
            "forget gate with a bias of one": partial(_held_open, held=1),
            "forget gate left free": _gate_left_free,
        },
        executes=("lstm",),
    ),
    Claim(
        id="the-lstm-of-1997-is-the-lstm-of-libraries",
        statement="The cell of 1997 and the LSTM that libraries run answer the same for the same weights.",
        kind="separation",
        between=("lstm", "forget-gate"),
        evidence=Evidence("doi:10.1162/089976600300015015", "Abstract"),
        inputs="standard normal x, weights and biases; B 2, T 6, D 4; float64",
        equation=r"f_t \odot c_{t-1} + i_t \odot g_t \;\neq\; c_{t-1} + i_t \odot g_t",
        bound=1e-12,
        why_bound="Were they one cell, only rounding would be between them.",
        pitfall="The first token cannot tell: there is nothing to forget. The squashing of 1997 is set aside here.",
        papers=("doi:10.1162/neco.1997.9.8.1735",),
        family="recurrence",
        check=_check_sides,
        subject=_sides,
        wrong_variants={"a single token": _one_token, "the forget gate held at one": _gate_at_one},
        executes=("lstm",),
        expected="refuted",
        smallest=_search,
    ),
)
