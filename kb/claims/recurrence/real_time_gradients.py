"""Real-time recurrent learning and backpropagation through time: one gradient, as long as the weights stand still."""

from functools import partial
from typing import TYPE_CHECKING

from kb.claims.claim import Claim, Measurement, Subject
from kb.claims.draw import Draw
from kb.claims.measure import relative
from kb.records import Evidence

if TYPE_CHECKING:
    from torch import Tensor

_WIDTH, _TOKENS = 2, 5


def _check(subject: Subject, draw: Draw) -> Measurement:
    """Measure the subject's gradient against that of backpropagation through the whole shipped network."""
    import torch

    x, theta = draw.normal(1, _TOKENS, _WIDTH), draw.normal(_count())
    targets = draw.normal(_TOKENS, _WIDTH)
    leaf = theta.clone().requires_grad_()
    # tanh alone: both gates of a GRU are held
    y, _ = _network(x, leaf, None)
    (backward,) = torch.autograd.grad((y[0] - targets).square().sum(), leaf)
    return Measurement(relative(subject(x, theta, targets), backward))


def _count() -> int:
    return 2 * _WIDTH * _WIDTH + _WIDTH


def _network(x: "Tensor", theta: "Tensor", state: "Tensor | None") -> "tuple[Tensor, Tensor]":
    """Return the shipped GRU whose gates are held, a simple recurrent network with tanh, of the weights theta."""
    import torch

    from kb.reference.gru import gru

    D = _WIDTH
    w, u, b = torch.split(theta, [D * D, D * D, D])
    none, held = torch.zeros(2, D, D, dtype=x.dtype), x.new_tensor([[-50.0] * D, [50.0] * D])
    weights = {"w_zrn": torch.cat([none, w.view(1, D, D)]), "u_zrn": torch.cat([none, u.view(1, D, D)])}
    return gru(x, weights | {"b_zrn": torch.cat([held, b[None]]), "b_u": 0 * b}, state)


def _real_time(
    x: "Tensor", theta: "Tensor", targets: "Tensor", *, carried: bool = True, forced: bool = False, rate: float = 0.0
) -> "Tensor":
    """Return the gradient summed while the network runs: how h depends on every weight is carried from step to step.

    Parameters
    ----------
    carried : whether what the last state owes to the weights counts
    forced  : whether the target takes the place of the state, which then owes the weights nothing
    rate    : weights take a step down the gradient at every token
    """
    import torch

    h, owed, total = x.new_zeros(1, _WIDTH), x.new_zeros(_WIDTH, _count()), 0 * theta

    for t in range(_TOKENS):
        leaves = theta.clone().requires_grad_(), h.clone().requires_grad_()
        new = _network(x[:, t : t + 1], *leaves)[1][0]
        slopes = [torch.autograd.grad(one, leaves, retain_graph=True) for one in new]
        # dh_t / dtheta = (dh_t / dh_{t-1}) dh_{t-1} / dtheta + what the step itself owes
        own, passed = torch.stack([one for one, _ in slopes]), torch.stack([one[0] for _, one in slopes])
        owed = own + (passed @ owed if carried else 0)
        h = new.detach()[None]
        now = 2 * (h[0] - targets[t]) @ owed
        total, theta = total + now, theta - rate * now
        if forced:
            h, owed = targets[t][None], 0 * owed
    return total


CLAIMS = (
    Claim(
        id="real-time-recurrent-learning-gives-the-gradient-through-time",
        statement=(
            "With weights that stand still, the gradient that real-time recurrent learning sums up while the network "
            "runs is that of backpropagation through time."
        ),
        kind="equality",
        between=("backpropagation-through-time", "real-time-recurrent-learning"),
        evidence=Evidence("doi:10.1162/neco.1989.1.2.270", "Introduction and discussion"),
        inputs="normal x, weights and targets; T 5, D 2, squared errors summed over the sequence; float64",
        equation=(
            r"\frac{d h_t}{d \theta} = \frac{\partial h_t}{\partial h_{t-1}} \frac{d h_{t-1}}{d \theta} + "
            r"\frac{\partial h_t}{\partial \theta}"
        ),
        bound=1e-12,
        why_bound="The chain rule from the front and from the back: sums of the same products.",
        pitfall="Weights that change while the network runs, as in its use on line, give another sum.",
        family="recurrence",
        check=_check,
        subject=_real_time,
        wrong_variants={
            "what the state owes is not carried on": partial(_real_time, carried=False),
            "targets in the place of states": partial(_real_time, forced=True),
            "weights that change on the way": partial(_real_time, rate=0.01),
        },
        executes=("gru",),
    ),
)
