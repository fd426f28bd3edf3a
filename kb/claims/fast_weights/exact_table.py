"""Three tokens of two channels, worked out by hand for every rule of the family."""

from fractions import Fraction
from functools import partial
from typing import TYPE_CHECKING

from kb.claims.claim import Claim, Measurement, Subject
from kb.claims.draw import Draw
from kb.records import Evidence

if TYPE_CHECKING:
    from torch import Tensor

    Answers = dict[str, Tensor]

_K = ((1, 0), (0, 1), (1, 1))
_V = ((1, 2), (3, 4), (5, 6))
_Q = ((1, 0), (1, 1), (0, 1))
_TABLE: dict[str, tuple[tuple[int | str, int | str], ...]] = {
    "fast weight programmer": ((1, 2), (4, 6), (8, 10)),
    "linear attention, no denominator": ((1, 2), (4, 6), (8, 10)),
    "linear attention": ((1, 2), (2, 3), (4, 5)),
    "retention, decay 1": ((1, 2), (4, 6), (8, 10)),
    "retention, decay 1/2": ((1, 2), ("7/2", 5), ("13/2", 8)),
    "retention, decay 1/2, token by token": ((1, 2), ("7/2", 5), ("13/2", 8)),
    "DeltaNet, beta 1": ((1, 2), (4, 6), (4, 4)),
    "DeltaNet, beta 1/2": (("1/2", 1), (2, 3), (3, "7/2")),
    "gated delta rule, decay 1, beta 1/2": (("1/2", 1), (2, 3), (3, "7/2")),
    "gated delta rule, decay 1/2, beta 1/2": (("1/2", 1), ("7/4", "5/2"), ("45/16", "27/8")),
}
"""What three tokens give, worked out by hand."""


def _check_table(subject: Subject, draw: Draw) -> Measurement:
    """Count the numbers that are not those of the table."""
    import torch

    q, k, v = (torch.tensor(one, dtype=torch.float64)[None, :, None] for one in (_Q, _K, _V))
    found = subject(q, k, v)
    wrong = 0
    for name, rows in _TABLE.items():
        for row, numbers in zip(rows, found[name][0, :, 0].tolist(), strict=True):
            wrong += sum(Fraction(wanted) != number for wanted, number in zip(row, numbers, strict=True))
    return Measurement(wrong, f"{wrong} of {6 * len(_TABLE)} numbers differ")


def _answer_table(q: "Tensor", k: "Tensor", v: "Tensor") -> "Answers":
    """Return what the shipped implementations answer, by the table's names."""
    from kb.reference.deltanet import deltanet
    from kb.reference.fast_weight_programmer import fast_weight_programmer
    from kb.reference.gated_delta_rule import gated_delta_rule
    from kb.reference.linear_attention import linear_attention
    from kb.reference.retention import retention

    one = v.new_ones(1, 3, 1)
    delta_net = partial(deltanet, q, k, v, features="identity", normalise="none")
    gated = partial(gated_delta_rule, q, k, v, form="recurrent", normalise="none")
    # elu + 1 of these is exactly 0 for 0 and exactly 1 for 1
    mapped = (q - 1) * 1e9, (k - 1) * 1e9, v
    return {
        "fast weight programmer": fast_weight_programmer(q, k, v)[0],
        "linear attention, no denominator": linear_attention(*mapped, normalise=False)[0],
        "linear attention": linear_attention(*mapped)[0],
        "retention, decay 1": retention(q, k, v, one[0, 0], rotation="none")[0],
        "retention, decay 1/2": retention(q, k, v, one[0, 0] / 2, rotation="none")[0],
        "retention, decay 1/2, token by token": retention(q, k, v, one[0, 0] / 2, rotation="none", form="recurrent")[
            0
        ],
        "DeltaNet, beta 1": delta_net(one)[0],
        "DeltaNet, beta 1/2": delta_net(one / 2)[0],
        "gated delta rule, decay 1, beta 1/2": gated(one / 2, one)[0],
        "gated delta rule, decay 1/2, beta 1/2": gated(one / 2, one / 2)[0],
    }


def _table_error_first(q: "Tensor", k: "Tensor", v: "Tensor") -> "Answers":
    import torch

    found = _answer_table(q, k, v)
    gated = found["gated delta rule, decay 1/2, beta 1/2"].clone()
    # the first two tokens are the same: their keys are orthogonal
    gated[0, 2, 0] = torch.tensor([19 / 8, 11 / 4], dtype=v.dtype)
    return found | {"gated delta rule, decay 1/2, beta 1/2": gated}


def _table_without_denominator(q: "Tensor", k: "Tensor", v: "Tensor") -> "Answers":
    found = _answer_table(q, k, v)
    return found | {"linear attention": found["linear attention, no denominator"]}


def _table_without_read(q: "Tensor", k: "Tensor", v: "Tensor") -> "Answers":
    found = _answer_table(q, k, v)
    return found | {"DeltaNet, beta 1": found["fast weight programmer"]}


def _table_fading_at_once(q: "Tensor", k: "Tensor", v: "Tensor") -> "Answers":
    found = _answer_table(q, k, v)
    return found | {"retention, decay 1/2": found["retention, decay 1/2"] / 2}


CLAIMS = (
    Claim(
        id="three-tokens-by-hand",
        statement=(
            "On three tokens of two channels, with whole numbers and strengths and decays of one half, the shipped "
            "rules give exactly the fractions that a reader gets by hand: ten rules, sixty numbers."
        ),
        kind="count",
        between=("fast-weight-programmer", "linear-attention", "retention", "deltanet", "gated-delta-rule"),
        evidence=Evidence("arxiv:2412.06464", "Section 3"),
        papers=("arxiv:2102.11174", "arxiv:2006.16236", "arxiv:2307.08621"),
        inputs="k = (1,0), (0,1), (1,1); v = (1,2), (3,4), (5,6); q = (1,0), (1,1), (0,1); float64",
        bound=0.0,
        why_bound="Whole numbers and halves of this size are exact in float64: each of the numbers must be equal.",
        draws=1,
        family="fast-weights",
        check=_check_table,
        subject=_answer_table,
        wrong_variants={
            "the error taken before the memory fades": _table_error_first,
            "linear attention without its denominator": _table_without_denominator,
            "a DeltaNet that does not read": _table_without_read,
            "retention whose writes fade at once": _table_fading_at_once,
        },
        executes=("fast-weight-programmer", "linear-attention", "retention", "deltanet", "gated-delta-rule"),
    ),
)
