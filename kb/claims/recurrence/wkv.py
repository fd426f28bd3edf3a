"""RWKV-4's wkv in its two forms."""

from typing import TYPE_CHECKING

from kb.claims.claim import Claim, Measurement, Subject, find_worst
from kb.claims.draw import Draw
from kb.claims.measure import relative
from kb.records import Evidence

if TYPE_CHECKING:
    from torch import Tensor

_LARGE = 100.0
"""A key whose exponential overflows float32, which ends at e^88.7."""


def _check(subject: Subject, draw: Draw) -> Measurement:
    """Measure the worst of three figures: the relative difference between the subject and the printed fraction at
    moderate keys, and at k = 100 in float32 the share of the subject's outputs that are not finite and the share of
    the fraction's outputs that are."""
    import torch

    from kb.reference.rwkv_4 import wkv_parallel

    k, v, decay, first = _draw(draw)
    expected = wkv_parallel(k, v, decay, first)
    apart = relative(subject(k, v, decay, first), expected)
    k, v, decay, first = (tensor.float() for tensor in (k, v, decay, first))
    large = torch.full_like(k, _LARGE)
    broken = 1 - float(subject(large, v, decay, first).isfinite().float().mean())
    intact = float(wkv_parallel(large, v, decay, first).isfinite().float().mean())
    return Measurement(
        find_worst([apart, broken, intact]),
        f"difference {apart:.2g}; at k = {_LARGE:g} in float32 the recurrence is finite in {1 - broken:.0%} of its "
        f"outputs, the fraction in {intact:.0%}",
    )


def _draw(draw: Draw) -> "tuple[Tensor, Tensor, Tensor, Tensor]":
    """Return k, v (2, 64, 16), decay from slow to fast, and first."""
    import torch

    k, v = draw.normal(2, 2, 64, 16)
    return k, v, torch.linspace(-5, 1, 16, dtype=draw.dtype), draw.normal(16)


def _stable(k: "Tensor", v: "Tensor", decay: "Tensor", first: "Tensor") -> "Tensor":
    from kb.reference.rwkv_4 import wkv_recurrent

    zero = k.new_zeros(k.shape[0], k.shape[2])
    return wkv_recurrent(k, v, decay, first, (zero, zero, zero - 1e38))[0]


def _unstable(k: "Tensor", v: "Tensor", decay: "Tensor", first: "Tensor") -> "Tensor":
    import torch

    a = b = k.new_zeros(k.shape[0], k.shape[2])
    outputs = []
    for t in range(k.shape[1]):
        now, stored = (first + k[:, t]).exp(), k[:, t].exp()
        outputs.append((a + now * v[:, t]) / (b + now))
        fade = (-decay.exp()).exp()
        a, b = fade * a + stored * v[:, t], fade * b + stored
    return torch.stack(outputs, dim=1)


def _store(k: "Tensor", v: "Tensor", decay: "Tensor", first: "Tensor", stored: "Tensor") -> "Tensor":
    """Return wkv where a token joins the past with the exponent ``stored`` instead of k: still a stable recurrence,
    since a bonus of u + k - stored for the present makes up for it."""
    return _stable(stored, v, decay, first + (k - stored)[0, 0])


def _early_decay(k: "Tensor", v: "Tensor", decay: "Tensor", first: "Tensor") -> "Tensor":
    return _store(k, v, decay, first, k - decay.exp())


def _bonus_stays(k: "Tensor", v: "Tensor", decay: "Tensor", first: "Tensor") -> "Tensor":
    # past and present then carry the same factor e^u, and it cancels
    return _store(k, v, decay, first, k + first)


def _raw_decay(k: "Tensor", v: "Tensor", decay: "Tensor", first: "Tensor") -> "Tensor":
    return _stable(k, v, decay.abs().log(), first)


def _no_denominator(k: "Tensor", v: "Tensor", decay: "Tensor", first: "Tensor") -> "Tensor":
    return _stable(k, v, decay, first) * k.exp().cumsum(dim=1)


CLAIMS = (
    Claim(
        id="rwkv-parallel-is-recurrent",
        statement=(
            "RWKV-4's wkv as the printed fraction over all pairs of tokens and as the recurrence with a running "
            "maximum are one function. At k = 100 in float32 the recurrence stays finite everywhere, while the "
            "fraction overflows everywhere."
        ),
        kind="equality",
        between=("rwkv-4",),
        evidence=Evidence("arxiv:2305.13048", "Equation 16 and Appendix D"),
        inputs="normal k, v and first, decay -5 to 1; B 2, T 64, D 16; float64; float32 at k = 100",
        bound=1e-12,
        why_bound=(
            "Both forms are weighted means of the same 64 values: in float64 they differ by rounding, near 1e-15. "
            "The shares at k = 100 must be exactly zero."
        ),
        family="recurrence",
        check=_check,
        subject=_stable,
        wrong_variants={
            "recurrence without the running maximum": _unstable,
            "decay one step early": _early_decay,
            "bonus on the past": _bonus_stays,
            "decay not exponentiated": _raw_decay,
            "without the denominator": _no_denominator,
        },
        executes=("rwkv-4",),
    ),
)
