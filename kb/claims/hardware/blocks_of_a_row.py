"""Softmax from blocks: each has a maximum and a sum of its own, and two of them are joined into one."""

from typing import TYPE_CHECKING

from kb.claims.claim import Claim, Measurement, Subject, find_worst
from kb.claims.draw import Draw
from kb.claims.measure import relative
from kb.records import Evidence

if TYPE_CHECKING:
    from torch import Tensor


def _check(subject: Subject, draw: Draw) -> Measurement:
    """Measure the subject on rows of 6 and 7 logits against exponentials divided by their sum."""
    apart = []
    for width in (6, 7):
        x = 5 * draw.normal(2, 3, 2, width)
        exponentials = x.exp()
        apart.append(relative(subject(x), exponentials / exponentials.sum(dim=-1, keepdim=True)))
    return Measurement(find_worst(apart))


def _blocks(x: "Tensor") -> "Tensor":
    from kb.reference.online_softmax import online_softmax

    return online_softmax(x, form="blocks")


def _joined(x: "Tensor", *, rescale: str = "both", keep: str = "greater") -> "Tensor":
    """Return the softmax of a row whose two halves are summed up under maxima of their own."""
    import torch

    halves = torch.tensor_split(x, 2, dim=-1)
    tops = [half.amax(dim=-1, keepdim=True) for half in halves]
    sums = [(half - top).exp().sum(dim=-1, keepdim=True) for half, top in zip(halves, tops, strict=True)]
    m = torch.maximum(*tops) if keep == "greater" else tops[0]
    factors = [(top - m).exp() if rescale in ("both", side) else 1 for top, side in zip(tops, "lr", strict=True)]
    return (x - m).exp() / (sums[0] * factors[0] + sums[1] * factors[1])


def _sums_added(x: "Tensor") -> "Tensor":
    return _joined(x, rescale="none")


def _left_rescaled_only(x: "Tensor") -> "Tensor":
    return _joined(x, rescale="l")


def _first_maximum_kept(x: "Tensor") -> "Tensor":
    return _joined(x, keep="first", rescale="l")


CLAIMS = (
    Claim(
        id="softmax-is-joined-from-blocks",
        statement=(
            "The logits of a row may be summed up in blocks of any size, each under its own maximum, and joined by "
            "twos: both sums move to the greater maximum and are added. What comes out is softmax."
        ),
        kind="equality",
        between=("online-softmax",),
        evidence=Evidence("arxiv:1805.02867", "Section 3.1"),
        inputs="rows of 6 and 7 normal logits of size 5, in halves of halves; float64 and float32",
        equation=r"(m, d) \oplus (m', d') = \big(\max(m, m'),\; d\, e^{m - \max} + d'\, e^{m' - \max}\big)",
        bound=1e-12,
        bound_single=1e-4,
        why_bound="Sums of seven terms, each multiplied by a few exponentials: rounding is near 1e-15.",
        pitfall="A block of masked logits only has the maximum minus infinity, of which no difference can be taken.",
        family="hardware",
        check=_check,
        subject=_blocks,
        wrong_variants={
            "sums added as they are": _sums_added,
            "only the left sum moved": _left_rescaled_only,
            "the first maximum kept": _first_maximum_kept,
        },
        executes=("online-softmax",),
    ),
)
