"""RWKV-4's fraction as it is printed, in single precision: sums of exponentials that leave the range of numbers."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from kb.claims.claim import Claim, Measurement, Subject
from kb.claims.draw import Draw
from kb.claims.smallest import find_smallest
from kb.records import Evidence, Example

if TYPE_CHECKING:
    from torch import Tensor

    Sides = tuple[Tensor, Tensor]

_SPREAD = 60.0
_CLOSE = 1e-3


def _check(subject: Subject, draw: Draw) -> Measurement:
    """Measure the share of outputs in which the two sides that the subject returns are not within a thousandth."""
    k, v = draw.normal(2, 2, 16, 8)
    printed, exact = subject(_SPREAD * k, v, draw.uniform(-3, 1, 8), draw.normal(8))
    off = (printed - exact).abs() / exact.abs().max()
    if not exact.isfinite().all():
        return Measurement(float(off.max()))
    # what is not a number is not close either
    close, finite = (float(one.double().mean()) for one in (off <= _CLOSE, printed.isfinite()))
    return Measurement(1 - close, f"{1 - finite:.0%} of the fraction's outputs are no finite numbers")


def _in_single(k: "Tensor", v: "Tensor", decay: "Tensor", first: "Tensor") -> "Sides":
    """Return the printed fraction in float32, and the recurrence with a running maximum in float64."""
    from kb.reference.rwkv_4 import wkv_parallel

    return wkv_parallel(k.float(), v.float(), decay.float(), first.float()).to(k.dtype), _exact(k, v, decay, first)


def _exact(k: "Tensor", v: "Tensor", decay: "Tensor", first: "Tensor") -> "Tensor":
    from kb.reference.rwkv_4 import wkv_recurrent

    zero = k.new_zeros(k.shape[0], k.shape[2])
    return wkv_recurrent(k, v, decay, first, (zero, zero, zero - 1e38))[0]


def _in_double(k: "Tensor", v: "Tensor", decay: "Tensor", first: "Tensor") -> "Sides":
    from kb.reference.rwkv_4 import wkv_parallel

    return wkv_parallel(k, v, decay, first), _exact(k, v, decay, first)


def _moderate_keys(k: "Tensor", v: "Tensor", decay: "Tensor", first: "Tensor") -> "Sides":
    return _in_single(k / _SPREAD, v, decay, first)


def _running_maximum(k: "Tensor", v: "Tensor", decay: "Tensor", first: "Tensor") -> "Sides":
    return _exact(k.float(), v.float(), decay.float(), first.float()).to(k.dtype), _exact(k, v, decay, first)


def _search(subject: Subject) -> Example | None:
    import torch

    def run(inputs: "Mapping[str, Tensor]") -> "dict[str, Tensor]":
        # a pace of e^-50, which fades nothing, and no bonus
        none = torch.zeros(1, dtype=torch.float64)
        printed, exact = subject(inputs["k"], inputs["v"], none - 50, none)
        return {"the fraction in float32": printed, "the recurrence": exact}

    return find_smallest(run, [{"k": (T, 1), "v": (T, 1)} for T in (1, 2)], {"k": (0, 88.5), "v": (0, 1)})


CLAIMS = (
    Claim(
        id="wkv-can-be-computed-in-float32-as-it-is-printed",
        statement=(
            "Numerator and denominator of RWKV-4's fraction carry the same exponentials, so that their size cancels "
            "and the fraction can be evaluated in single precision as it is printed."
        ),
        kind="separation",
        between=("rwkv-4",),
        evidence=Evidence("arxiv:2305.13048", "Appendix D"),
        inputs="keys of standard deviation 60, normal v and bonus; B 2, T 16, D 8; float32 against float64",
        equation=r"e^{88.5} < \max \mathtt{float32} \approx 3.4 \cdot 10^{38} < 2 e^{88.5}",
        bound=0,
        why_bound="Rounding in float32 is near 1e-6: if the size cancelled, no output would be off by a thousandth.",
        pitfall=(
            "Small keys leave the range as well, below e^-103. To take one maximum off all keys of a channel is not "
            "enough: early tokens then vanish under a later one. It has to be the greatest so far."
        ),
        family="recurrence",
        check=_check,
        subject=_in_single,
        wrong_variants={
            "keys of standard deviation one": _moderate_keys,
            "in double precision": _in_double,
            "the greatest exponent so far taken off": _running_maximum,
        },
        executes=("rwkv-4",),
        expected="refuted",
        smallest=_search,
    ),
)
