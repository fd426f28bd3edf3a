"""Hyper-connections as they start: several copies of the stream, all of them that of Pre-LN."""

from typing import TYPE_CHECKING

from kb.claims.claim import Claim, Measurement, Subject, find_worst
from kb.claims.draw import Draw
from kb.claims.measure import relative
from kb.claims.normalisation._blocks import draw_block, without
from kb.records import Evidence

if TYPE_CHECKING:
    from torch import Tensor

    Weights = dict[str, Tensor]

_COPIES = (1, 3)


def _check(subject: Subject, draw: Draw) -> Measurement:
    """Measure the sum of all copies against that many times what two Pre-LN blocks give, for one copy and for
    three."""
    from kb.reference.pre_ln import pre_ln

    x, stack = draw.normal(1, 4, 16), [draw_block(draw, 16, 32) for _ in range(2)]
    expected = pre_ln(pre_ln(x, stack[0]), stack[1])
    return Measurement(find_worst(relative(subject(x, stack, n).sum(dim=0), n * expected) for n in _COPIES))


def _run(copies: "Tensor", stack: "list[Weights]", *, carry: float = 1.0, write: float = 1.0) -> "Tensor":
    """Return all copies (n, B, T, D) behind the stack: each sub-layer reads one of them in turn and writes to all."""
    for place, w in enumerate(_sub_layers(stack)):
        copies = carry * copies + write * _branch(copies[place % len(copies)], w)
    return copies


def _sub_layers(stack: "list[Weights]") -> "list[Weights]":
    """Return each block twice: with its network silent, and with its attention silent."""
    return [part for w in stack for part in (without(w, "w_2", "b_2"), without(w, "w_o"))]


def _branch(x: "Tensor", w: "Weights") -> "Tensor":
    """Return what the one sub-layer of a Pre-LN block that is not silent adds to x."""
    from kb.reference.pre_ln import pre_ln

    return pre_ln(x, w) - x


def _as_they_start(x: "Tensor", stack: "list[Weights]", n: int) -> "Tensor":
    return _run(x.expand(n, *x.shape), stack)


def _one_copy_first(x: "Tensor", stack: "list[Weights]", n: int) -> "Tensor":
    copies = x.new_zeros(n, *x.shape)
    copies[0] = x
    return _run(copies, stack)


def _shared_out(x: "Tensor", stack: "list[Weights]", n: int) -> "Tensor":
    return _run(x.expand(n, *x.shape), stack, write=1 / n)


def _fading(x: "Tensor", stack: "list[Weights]", n: int) -> "Tensor":
    return _run(x.expand(n, *x.shape), stack, carry=0.5)


def _written_to_what_was_read(x: "Tensor", stack: "list[Weights]", n: int) -> "Tensor":
    copies = x.expand(n, *x.shape).clone()
    for place, w in enumerate(_sub_layers(stack)):
        copies[place % n] += _branch(copies[place % n], w)
    return copies


def _averaged_and_summed(x: "Tensor", stack: "list[Weights]", n: int) -> "Tensor":
    # a mean at the end, as if the copies had been summed on their way
    return _run(x.expand(n, *x.shape), stack) / n


CLAIMS = (
    Claim(
        id="hyper-connections-start-as-pre-ln",
        statement=(
            "Hyper-connections as they start, every copy the input, carried on as it is, read one at a time and "
            "written to with weight one, are n equal copies of a Pre-LN stream: their sum is n times what Pre-LN "
            "gives, which the last norm cannot see. With one copy they are the residual connection."
        ),
        kind="reduction",
        between=("residual-connection", "pre-ln", "hyper-connections"),
        evidence=Evidence("arxiv:2409.19606", "Section on initialisation"),
        inputs="normal x and weights; 1 and 3 copies, 4 sub-layers; B 1, T 4, D 16, 2 heads, F 32; float64",
        equation=(
            r"H_{l+1} = A_r^\top H_l + b\, F_l(a_m^\top H_l), \qquad A_r = I,\ b = \mathbf 1,\ a_m = e_{l \bmod n}"
        ),
        bound=1e-12,
        why_bound="All copies stay equal, so each does what Pre-LN does; what is left is rounding, near 1e-15.",
        pitfall=(
            "Only as they start: training moves every weight, and the dynamic form makes them depend on the token."
        ),
        family="normalisation",
        check=_check,
        subject=_as_they_start,
        wrong_variants={
            "the input in the first copy alone": _one_copy_first,
            "written to each copy with 1 / n": _shared_out,
            "written to the copy that was read": _written_to_what_was_read,
            "carried on with one half": _fading,
            "averaged at the end": _averaged_and_summed,
        },
        executes=("pre-ln",),
    ),
)
