"""Online softmax: the sum of exponentials in one pass, under a maximum that is not known yet."""

from typing import TYPE_CHECKING

from kb.claims.claim import Claim, Measurement, Subject, find_worst
from kb.claims.draw import Draw
from kb.claims.measure import relative
from kb.records import Evidence

if TYPE_CHECKING:
    from torch import Tensor


def _check(subject: Subject, draw: Draw) -> Measurement:
    """Measure the subject against two passes, a maximum first, on rows as drawn, rising and falling."""
    x = 30 * draw.normal(2, 3, 2, 7)
    rising = x.sort(dim=-1).values
    apart = [relative(subject(row), _two_passes(row)) for row in (x, rising, rising.flip(-1))]
    return Measurement(find_worst(apart), "as drawn {:.2g}, rising {:.2g}, falling {:.2g}".format(*apart))


def _two_passes(x: "Tensor") -> "Tensor":
    weight = (x - x.amax(dim=-1, keepdim=True)).exp()
    return weight / weight.sum(dim=-1, keepdim=True)


def _online(x: "Tensor") -> "Tensor":
    from kb.reference.online_softmax import online_softmax

    return online_softmax(x)


def _never_rescaled(x: "Tensor") -> "Tensor":
    top = x.cummax(dim=-1).values
    return (x - top[..., -1:]).exp() / (x - top).exp().sum(dim=-1, keepdim=True)


def _rescaled_the_other_way(x: "Tensor") -> "Tensor":
    top = x[..., 0]
    total = 0 * top
    for x_j in x.unbind(dim=-1):
        higher = top.maximum(x_j)
        # where the sum has to shrink it grows
        total, top = total * (higher - top).clamp(max=10).exp() + (x_j - higher).exp(), higher
    return (x - top[..., None]).exp() / total[..., None]


def _by_halves(x: "Tensor") -> "Tensor":
    """Return shares of each half, by the shipped form, weighed alike."""
    import torch

    return torch.cat([_online(half) / 2 for half in torch.tensor_split(x, 2, dim=-1)], dim=-1)


CLAIMS = (
    Claim(
        id="online-softmax-is-softmax-in-one-pass",
        statement=(
            "Maximum and sum of exponentials, carried along in one pass and rescaled whenever the maximum rises, "
            "give the softmax that takes a pass for each."
        ),
        kind="equality",
        between=("online-softmax",),
        evidence=Evidence("arxiv:1805.02867", "Section 3, algorithm 3"),
        inputs="rows of 7 normal logits of size 30, as drawn, rising and falling; float64 and float32",
        equation=r"m_j = \max(m_{j-1}, x_j), \qquad d_j = d_{j-1}\, e^{m_{j-1} - m_j} + e^{x_j - m_j}",
        bound=1e-12,
        bound_single=1e-4,
        why_bound="Sums of seven terms, each multiplied by a few exponentials: rounding is near 1e-15.",
        pitfall="On falling rows nothing is ever rescaled, so that a test on them alone passes without it.",
        family="hardware",
        check=_check,
        subject=_online,
        wrong_variants={
            "never rescaled": _never_rescaled,
            "rescaled the other way": _rescaled_the_other_way,
            "each half by itself": _by_halves,
        },
        executes=("online-softmax",),
    ),
)
