"""GRU and minGRU: torch's unit and the printed one, and what is left when gates do not read the state."""

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from kb.claims.claim import Claim, Measurement, Subject, find_worst
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


def _draw(draw: Draw) -> "tuple[Tensor, ...]":
    """Return x (2, 5, D), W and U (3, D, D), b (3, D) and the candidate's second bias (D)."""
    w, u = draw.normal(2, 3, _WIDTH, _WIDTH)
    return draw.normal(2, 5, _WIDTH), w, u, draw.normal(3, _WIDTH), draw.normal(_WIDTH)


def _check_torch(subject: Subject, draw: Draw) -> Measurement:
    """Measure the subject against torch's cell, gradients too."""
    return Measurement(relative_with_gradients(subject, _torch_cells, *_draw(draw)))


def _torch_cells(x: "Tensor", w: "Tensor", u: "Tensor", b: "Tensor", b_u: "Tensor") -> "Tensor":
    import torch

    cell, order = torch.nn.GRUCell(_WIDTH, _WIDTH, dtype=x.dtype), [1, 0, 2]  # torch has r before z
    weights = {
        "weight_ih": w[order].mT.reshape(-1, _WIDTH),
        "weight_hh": u[order].mT.reshape(-1, _WIDTH),
        "bias_ih": b[order].flatten(),
        "bias_hh": torch.cat([0 * b[:2].flatten(), b_u]),
    }
    h, outputs = torch.zeros_like(x[:, 0]), []
    for t in range(x.shape[1]):
        h = torch.func.functional_call(cell, weights, (x[:, t], h))
        outputs.append(h)
    return torch.stack(outputs, dim=1)


def _shipped(x: "Tensor", w: "Tensor", u: "Tensor", b: "Tensor", b_u: "Tensor", reset: str = "after") -> "Tensor":
    """Return the answers of the shipped GRU, interrupted behind the first token."""
    import torch

    from kb.reference.gru import gru

    weights = {"w_zrn": w, "u_zrn": u, "b_zrn": b, "b_u": b_u}
    first, state = gru(x[:, :1], weights, reset=reset)
    return torch.cat([first, gru(x[:, 1:], weights, state, reset=reset)[0]], dim=1) if x.shape[1] > 1 else first


def _in_torchs_order(*unit: "Tensor", reset: str = "after") -> "Tensor":
    x, w, u, b, b_u = unit
    order = [1, 0, 2]
    return _shipped(x, w[order], u[order], b[order], b_u, reset)


def _gate_writes(*unit: "Tensor", reset: str = "after") -> "Tensor":
    x, w, u, b, b_u = unit
    sign = x.new_tensor([-1, 1, 1])[:, None]
    return _shipped(x, sign[..., None] * w, sign[..., None] * u, sign * b, b_u, reset)


def _bias_outside_the_reset(x: "Tensor", w: "Tensor", u: "Tensor", b: "Tensor", b_u: "Tensor") -> "Tensor":
    import torch

    return _shipped(x, w, u, b + torch.stack([0 * b_u, 0 * b_u, b_u]), 0 * b_u)


def _check_printed(subject: Subject, draw: Draw) -> Measurement:
    """Measure the subject against the printed equations, gradients too."""
    return Measurement(relative_with_gradients(subject, _equations, *_draw(draw)))


def _equations(x: "Tensor", w: "Tensor", u: "Tensor", b: "Tensor", b_u: "Tensor") -> "Tensor":
    import torch

    h, outputs = torch.zeros_like(x[:, 0]), []
    for t in range(x.shape[1]):
        z, r = ((x[:, t] @ w[gate] + h @ u[gate] + b[gate]).sigmoid() for gate in (0, 1))
        h = z * h + (1 - z) * (x[:, t] @ w[2] + (r * h) @ u[2] + b[2] + b_u).tanh()
        outputs.append(h)
    return torch.stack(outputs, dim=1)


def _check_places(subject: Subject, draw: Draw) -> Measurement:
    """Measure how far the two sides that the subject returns are apart."""
    return Measurement(relative(*subject(*_draw(draw))))


def _both_places(x: "Tensor", w: "Tensor", u: "Tensor", b: "Tensor", b_u: "Tensor") -> "Sides":
    """Return the printed unit and torch's, on the same weights."""
    return _shipped(x, w, u, b, b_u, "before"), _shipped(x, w, u, b, b_u)


def _open_reset(x: "Tensor", w: "Tensor", u: "Tensor", b: "Tensor", b_u: "Tensor") -> "Sides":
    bias = b + _HELD * x.new_tensor([0, 1, 0])[:, None]
    some = x.new_tensor([1, 0, 1])[:, None, None]
    return _both_places(x, some * w, some * u, bias, b_u)


def _diagonal(x: "Tensor", w: "Tensor", u: "Tensor", b: "Tensor", b_u: "Tensor") -> "Sides":
    import torch

    # no channel of the state is mixed with another, and no bias joins it
    return _both_places(x, w, u * torch.eye(_WIDTH, dtype=x.dtype), b, 0 * b_u)


def _search(subject: Subject) -> Example | None:
    import torch

    def run(inputs: "Mapping[str, Tensor]") -> "dict[str, Tensor]":
        # two channels that are exchanged in U_n; every other map is one, every bias zero
        ones = torch.ones(3, 2, 2, dtype=torch.float64)
        mixing = torch.stack([*(0 * ones[:2]), 1 - torch.eye(2, dtype=torch.float64)])
        before, after = subject(inputs["x"], torch.eye(2) * ones, mixing, 0 * ones[:, 0], 0 * ones[0, 0])
        return {"reset before the map": before, "reset behind it": after}

    return find_smallest(run, [{"x": (T, 2)} for T in (1, 2, 3)], (0, 1, -1))


def _check_plain(subject: Subject, draw: Draw) -> Measurement:
    """Measure the subject, both ways of resetting, against h_t = tanh(x_t W + h_{t-1} U + b)."""
    import torch

    x, w, u, b, b_u = _draw(draw)
    rnn = torch.nn.RNNCell(_WIDTH, _WIDTH, dtype=x.dtype)
    weights = {"weight_ih": w[2].T, "weight_hh": u[2].T, "bias_ih": b[2], "bias_hh": b_u}
    h, outputs = torch.zeros_like(x[:, 0]), []
    for t in range(x.shape[1]):
        h = torch.func.functional_call(rnn, weights, (x[:, t], h))
        outputs.append(h)
    plain = torch.stack(outputs, dim=1)
    found = [subject(x, w, u, b, b_u, reset) for reset in ("before", "after")]
    return Measurement(find_worst(relative(one, plain) for one in found))


def _gates_held(*unit: Any, z: float = -1, r: float = 1) -> "Tensor":
    """Return a GRU whose gates have no maps and biases of ``z`` and ``r`` times fifty."""
    x, w, u, b, b_u, reset = unit
    bias = x.new_tensor([z, r, 0])[:, None] * _HELD + x.new_tensor([0, 0, 1])[:, None] * b
    some = x.new_tensor([0, 0, 1])[:, None, None]
    return _shipped(x, some * w, some * u, bias, b_u, reset)


def _gates_free(x: "Tensor", w: "Tensor", u: "Tensor", b: "Tensor", b_u: "Tensor", reset: str) -> "Tensor":
    return _shipped(x, w, u, b, b_u, reset)


_INPUTS = "standard normal x, weights and biases; B 2, T 5, D 4; in two parts; float64"
_PAPER = "arxiv:1406.1078"

CLAIMS = (
    Claim(
        id="gru-that-resets-behind-the-map-is-the-cell-of-torch",
        statement=(
            "With the reset behind the map of the state, the GRU is torch's cell: there z keeps the old state, and "
            "the candidate's second bias is inside the reset."
        ),
        kind="equality",
        between=("gru",),
        evidence=Evidence(_PAPER, "Section 2.3, equations 5 to 8"),
        inputs=_INPUTS + " and float32",
        equation=r"n_t = \tanh\big(x_t W_n + b_n + r_t \odot (h_{t-1} U_n + b_u)\big)",
        bound=1e-12,
        bound_single=1e-4,
        why_bound="Five steps of sums of nine terms, in two orders.",
        family="recurrence",
        check=_check_torch,
        subject=_shipped,
        wrong_variants={
            "the reset in front of the map, as printed": partial(_shipped, reset="before"),
            "gates in torch's order": _in_torchs_order,
            "z writes instead of keeping": _gate_writes,
            "the second bias outside the reset": _bias_outside_the_reset,
        },
        executes=("gru",),
    ),
    Claim(
        id="gru-as-printed-resets-in-front-of-its-map",
        statement=(
            "The printed unit closes channels of the state before they are mixed, and keeps with z what it does not "
            "write."
        ),
        kind="equality",
        between=("gru",),
        evidence=Evidence(_PAPER, "Section 2.3, equations 5 to 8"),
        inputs=_INPUTS + " and float32",
        equation=r"h_t = z_t \odot h_{t-1} + (1 - z_t) \odot \tanh\big(x_t W_n + (r_t \odot h_{t-1}) U_n + b\big)",
        bound=1e-12,
        bound_single=1e-4,
        why_bound="Five steps of sums of nine terms.",
        family="recurrence",
        check=_check_printed,
        subject=partial(_shipped, reset="before"),
        wrong_variants={
            "the reset behind the map, as in libraries": _shipped,
            "gates in torch's order": partial(_in_torchs_order, reset="before"),
            "z writes instead of keeping": partial(_gate_writes, reset="before"),
        },
        executes=("gru",),
    ),
    Claim(
        id="a-gru-may-reset-in-front-of-its-map-or-behind-it",
        statement=(
            "It makes no difference whether the reset gate closes channels of the state before they are mixed or "
            "behind: weights of the printed unit run in libraries."
        ),
        kind="separation",
        between=("gru",),
        evidence=Evidence(_PAPER, "Section 2.3, equation 8"),
        inputs=_INPUTS,
        equation=r"(r_t \odot h_{t-1}) U_n \;\neq\; r_t \odot (h_{t-1} U_n)",
        bound=1e-12,
        why_bound="Were the place free, only rounding would be between the two.",
        pitfall="A unit of a single channel cannot tell, nor can any whose U_n is diagonal, nor the first token.",
        family="recurrence",
        check=_check_places,
        subject=_both_places,
        wrong_variants={
            "the reset gate held open": _open_reset,
            "a diagonal map without a bias": _diagonal,
        },
        executes=("gru",),
        expected="refuted",
        smallest=_search,
    ),
    Claim(
        id="gru-with-its-gates-held-is-a-simple-recurrent-network",
        statement=(
            "With the update gate held at zero and the reset gate at one, a GRU is a simple recurrent network with "
            "tanh, wherever it resets."
        ),
        kind="reduction",
        between=("simple-recurrent-network", "gru"),
        evidence=Evidence(_PAPER, "Section 2.3"),
        inputs=_INPUTS,
        equation=r"z_t = 0,\ r_t = 1: \quad h_t = \tanh(x_t W + h_{t-1} U + b)",
        bound=1e-12,
        why_bound="Gates at biases of fifty are off by 2e-22; what is left is rounding.",
        papers=("doi:10.1207/s15516709cog1402_1",),
        family="recurrence",
        check=_check_plain,
        subject=_gates_held,
        wrong_variants={
            "gates left free": _gates_free,
            "the reset gate held shut": partial(_gates_held, r=-1),
            "the update gate held at one": partial(_gates_held, z=1),
            "the update gate at one half": partial(_gates_held, z=0),
        },
        executes=("gru",),
    ),
)
