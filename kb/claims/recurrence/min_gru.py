"""minGRU: the typed recurrent network of 2016, and the gated average that a selective state space becomes."""

from functools import partial
from typing import TYPE_CHECKING, Any

from kb.claims.claim import Claim, Measurement, Subject, find_worst
from kb.claims.draw import Draw
from kb.claims.measure import relative
from kb.claims.mixers import relative_with_gradients
from kb.records import Evidence

if TYPE_CHECKING:
    from torch import Tensor

    Sides = tuple[Tensor, Tensor]

_WIDTH = 4


def _check_typed(subject: Subject, draw: Draw) -> Measurement:
    """Measure the worst difference between the subject and the loop and the scan of minGRU, gradients too."""
    x, (w, u) = draw.normal(2, 6, _WIDTH), draw.normal(2, _WIDTH, _WIDTH)
    looped = relative_with_gradients(partial(_min_gru, form="recurrent"), subject, x, w, u)
    return Measurement(find_worst([looped, relative(_min_gru(x, w, u, form="scan"), subject(x, w, u))]))


def _min_gru(x: "Tensor", w: "Tensor", u: "Tensor", **options: Any) -> "Tensor":
    """Return the answers of minGRU, interrupted behind the fifth token."""
    import torch

    from kb.reference.min_gru import min_gru

    weights = {"w_update": w, "w_candidate": u}
    first, state = min_gru(x[:, :5], weights, **options)
    return torch.cat([first, min_gru(x[:, 5:], weights, state, **options)[0]], dim=1)


def _typed(
    x: "Tensor", w: "Tensor", u: "Tensor", *, keeps: bool = True, tanh: bool = False, bias: float = 0.0
) -> "Tensor":
    """Return h_t = f_t h_{t-1} + (1 - f_t) z_t as a sum over all z_s, each times what came after.

    Parameters
    ----------
    keeps : f_t = sigma(-x_t W) keeps the old state, W being the map of the gate that writes
    tanh  : of the candidate z_t = x_t U
    bias  : added to the candidate
    """
    import torch

    kept = ((-x if keeps else x) @ w).sigmoid()
    new = (1 - kept) * ((x @ u + bias).tanh() if tanh else x @ u + bias)
    outputs = []
    for t in range(x.shape[1]):
        terms = [kept[:, s + 1 : t + 1].prod(dim=1) * new[:, s] for s in range(t + 1)]
        outputs.append(torch.stack(terms).sum(dim=0))
    return torch.stack(outputs, dim=1)


def _positive(x: "Tensor", w: "Tensor", u: "Tensor") -> "Tensor":
    return _min_gru(x, w, u, candidate="positive")


def _gate_sees_the_state(x: "Tensor", w: "Tensor", u: "Tensor") -> "Tensor":
    import torch

    h, outputs = torch.zeros_like(x[:, 0]), []
    for t in range(x.shape[1]):
        kept = (-(x[:, t] + h) @ w).sigmoid()
        h = kept * h + (1 - kept) * (x[:, t] @ u)
        outputs.append(h)
    return torch.stack(outputs, dim=1)


def _check_selective(subject: Subject, draw: Draw) -> Measurement:
    """Measure how far the two sides that the subject returns are apart."""
    return Measurement(
        relative(*subject(draw.normal(2, 6, _WIDTH), draw.normal(_WIDTH, _WIDTH), draw.normal(_WIDTH)))
    )


def _gated_average(
    x: "Tensor", maps: "Tensor", bias: "Tensor", rule: str = "zoh", rate: float = 1.0, tied: bool = True
) -> "Sides":
    """Return a selective state space with one state a channel, A = -rate and B = C = 1, and minGRU, whose candidate
    is the token itself and whose gate has the step's map.

    A channel that is always one stands behind the others: constants are what it is mapped to.
    """
    import torch

    from kb.reference.min_gru import min_gru
    from kb.reference.selective_state_space import selective_state_space

    D = _WIDTH + 1
    x = torch.cat([x, torch.ones_like(x[..., :1])], dim=-1)
    step = torch.zeros(D, D, dtype=x.dtype)
    step[:-1, :-1], step[-1, :-1] = maps, bias
    one = torch.eye(D, dtype=x.dtype)[:, -1:]
    w = {
        "w_step_down": step,
        "w_step_up": torch.eye(D, dtype=x.dtype),
        "b_step": 0 * x[0, 0],
        "w_b": one if tied else one + torch.eye(D, dtype=x.dtype)[:, :1],
        "w_c": one,
        "a_log": x.new_full((D, 1), rate).log(),
        "skip": 0 * x[0, 0],
    }
    # the state space begins with the scan and goes on with the recurrence
    first, state = selective_state_space(x[:, :3], w, discretisation=rule, form="scan")
    found = torch.cat([first, selective_state_space(x[:, 3:], w, state, discretisation=rule)[0]], dim=1)
    expected, _ = min_gru(x, {"w_update": step, "w_candidate": torch.eye(D, dtype=x.dtype)})
    return found[..., :-1], expected[..., :-1]


CLAIMS = (
    Claim(
        id="min-gru-is-a-typed-recurrent-network",
        statement=(
            "minGRU, in a loop and as a scan, is the strongly typed network of 2016 without its biases: what was "
            "kept of the state is one minus the gate that writes, and the candidate is a linear map of the token."
        ),
        kind="equality",
        between=("strongly-typed-rnn", "parallel-scan", "min-gru"),
        evidence=Evidence("arxiv:2410.01201", "Section 3.1"),
        inputs="standard normal x and maps; B 2, T 6, D 4; in two parts; float64 and float32",
        equation=r"h_t = f_t \odot h_{t-1} + (1 - f_t) \odot x_t W_n, \qquad f_t = 1 - \sigma(x_t W_z)",
        bound=1e-12,
        bound_single=1e-4,
        why_bound="Sums of at most six products of at most five factors below one.",
        pitfall="The form with positive candidates, in which the authors train, is another function.",
        papers=("arxiv:1602.02218",),
        family="recurrence",
        check=_check_typed,
        subject=_typed,
        wrong_variants={
            "the gate keeps what it should write": partial(_typed, keeps=False),
            "tanh on the candidate": partial(_typed, tanh=True),
            "a bias on the candidate": partial(_typed, bias=0.5),
            "positive candidates": _positive,
            "the gate reads the state": _gate_sees_the_state,
        },
        executes=("min-gru",),
    ),
    Claim(
        id="a-selective-state-space-with-one-state-is-a-gated-average",
        statement=(
            "With one state a channel, A = -1 and B = C = 1, under zero-order hold, a selective state space is a "
            "gated average: h = (1 - g) h + g x, the gate g being the sigmoid of what the step is the softplus of. "
            "That is minGRU with the token itself for a candidate."
        ),
        kind="reduction",
        between=("forget-gate", "selective-state-space", "min-gru"),
        evidence=Evidence("arxiv:2312.00752", "Section 3.5.1, Theorem 1"),
        inputs="standard normal x, step map and bias; B 2, T 6, D 4 and a channel of ones; in two parts; float64",
        equation=r"e^{-\mathrm{softplus}(a)} = 1 - \sigma(a): \quad h_t = (1 - g_t)\, h_{t-1} + g_t\, x_t",
        bound=1e-12,
        bound_single=1e-4,
        why_bound="The same six steps; softplus, exponential and sigmoid each round once.",
        pitfall="The authors' code uses Euler's rule for B, under which the theorem does not hold.",
        papers=("arxiv:2410.01201",),
        family="recurrence",
        check=_check_selective,
        subject=_gated_average,
        wrong_variants={
            "Euler's rule, as in the authors' code": partial(_gated_average, rule="euler"),
            "A = -2": partial(_gated_average, rate=2.0),
            "B reads the token too": partial(_gated_average, tied=False),
        },
        executes=("selective-state-space", "min-gru"),
    ),
)
