"""The diagonal of HiPPO: what is left of S4's matrix without its term of rank one, with ever more states."""

from functools import partial
from typing import TYPE_CHECKING

from kb.claims.claim import Claim, Measurement, Subject
from kb.claims.draw import Draw
from kb.claims.measure import relative
from kb.records import Evidence

if TYPE_CHECKING:
    from torch import Tensor

_TOKENS, _STEP = 60, 0.05
_FEW, _MANY, _READ = 8, 32, 4


def _check(subject: Subject, draw: Draw) -> Measurement:
    """Measure the subject's distance from S4 with 32 states, as a share of that with 8."""
    import torch

    from kb.reference.structured_state_space import structured_state_space

    # three slow waves from anywhere in their course
    time = torch.arange(_TOKENS, dtype=draw.dtype) * _STEP
    phases, read = draw.uniform(0, 6.28, 3), draw.normal(1, _READ)
    x = sum((time * rate + phase).sin() for rate, phase in zip((0.5, 1.0, 1.7), phases, strict=True))
    apart = []
    for states in (_FEW, _MANY):
        c = torch.nn.functional.pad(read, (0, states - _READ))
        w = {"c": c, "log_step": c.new_tensor([_STEP]).log(), "skip": c.new_zeros(1)}
        exact, _ = structured_state_space(x[None, :, None], w, discretisation="zoh")
        apart.append(relative(subject(x, c[0]), exact[0, :, 0]))
    return Measurement(apart[1] / apart[0], f"{apart[0]:.2g} with {_FEW} states, {apart[1]:.2g} with {_MANY}")


def _diagonal(x: "Tensor", c: "Tensor", share: float = 0.5, kept: float = 0.0) -> "Tensor":
    """Return the answers of the diagonal system: HiPPO-LegS plus P P^T, which is -1/2 and a skew matrix, in the basis
    of that matrix's eigenvectors.

    Parameters
    ----------
    share : of the input's map B
    kept  : what is kept of P P^T, along the diagonal
    """
    import torch

    n = torch.arange(len(c), dtype=c.dtype)
    B, P = (2 * n + 1).sqrt(), (n + 0.5).sqrt()
    below = -torch.outer(P, P).tril(-1)
    turns, V = torch.linalg.eigh(torch.complex(0 * below, below.T - below))
    rates = torch.complex(-0.5 - kept * n, turns)
    # zero-order hold, one number at a time
    held = (_STEP * rates).exp()
    written = (held - 1) / rates * (V.mH @ (share * B).to(V.dtype))
    read = c.to(V.dtype) @ V
    kernel = (read * written * held ** torch.arange(len(x))[:, None]).sum(dim=1).real
    return torch.stack([(kernel[: t + 1].flip(0) * x[: t + 1]).sum() for t in range(len(x))])


def _real_diagonal(x: "Tensor", c: "Tensor") -> "Tensor":
    from kb.reference.structured_state_space import structured_state_space

    # the entries on the diagonal of HiPPO-LegS, not its diagonal in another basis
    w = {"c": c[None], "log_step": c.new_tensor([_STEP]).log(), "skip": c.new_zeros(1)}
    return structured_state_space(x[None, :, None], w, matrix="diagonal", discretisation="zoh")[0][0, :, 0]


CLAIMS = (
    Claim(
        id="the-diagonal-of-hippo-follows-it-with-ever-more-states",
        statement=(
            "Without its term of rank one, and with half of its input map, HiPPO-LegS is diagonal in another basis, "
            "and its answers to a slow input come ever closer: with four times as many states less than half as far "
            "away."
        ),
        kind="limit",
        between=("structured-state-space", "hippo", "diagonal-state-space"),
        evidence=Evidence("arxiv:2206.11893", "Abstract and theorem on the diagonal of HiPPO-LegS"),
        inputs="three slow waves of random phase, 60 steps of 0.05; random C on 4 of 8 and of 32 states; float64",
        equation=r"A = V \Lambda V^* - P P^\top \;\longrightarrow\; V \Lambda V^*, \qquad B \to \tfrac12 B",
        bound=0.5,
        why_bound="The distance falls about as one over the number of states: a quarter, with room for chance.",
        pitfall="Not for an impulse: the answer of a finite diagonal system to that goes on oscillating.",
        papers=("arxiv:2111.00396",),
        family="recurrence",
        check=_check,
        subject=_diagonal,
        wrong_variants={
            "the whole input map": partial(_diagonal, share=1.0),
            "the diagonal's entries as they stand": _real_diagonal,
            "decays of 1/2, 3/2, 5/2, and so on": partial(_diagonal, kept=1.0),
        },
        executes=("structured-state-space",),
    ),
)
