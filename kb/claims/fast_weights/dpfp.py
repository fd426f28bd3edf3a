"""DPFP: how many features it has, what their kernel is, and where it stops growing."""

from typing import TYPE_CHECKING

from kb.claims.claim import Claim, Measurement, Subject, find_worst
from kb.claims.draw import Draw
from kb.claims.measure import relative
from kb.records import Evidence

if TYPE_CHECKING:
    from torch import Tensor

_SIZES = ((2, 1), (3, 2), (4, 3), (8, 2))
"""Channels K and shifts nu."""


def _check_count(subject: Subject, draw: Draw) -> Measurement:
    """Count by how many features the subject misses 2 K nu, over all sizes, how many are negative, and how many are
    not the product of the two parts that their place says."""
    import torch

    missed, negative, other = 0, 0, 0
    for K, nu in _SIZES:
        x = draw.normal(1, 6, 1, K)
        phi, places = subject(x, nu), [(i, i - j) for j in range(1, nu + 1) for i in range(2 * K)]
        missed += abs(phi.shape[-1] - len(places))
        # counted so, because a comparison with NaN is false
        negative += phi.numel() - int((phi >= 0).sum())
        products = torch.stack([_part(x, i) * _part(x, j % (2 * K)) for i, j in places], dim=-1)
        other += products.numel() - int((phi == products).sum()) if phi.shape == products.shape else 0
    return Measurement(
        missed + negative + other, f"{missed} too many or too few, {negative} negative, {other} others"
    )


def _shipped(x: "Tensor", nu: int) -> "Tensor":
    from kb.reference.dpfp import dpfp

    return dpfp(x, nu=nu)


def _one_block(x: "Tensor", nu: int) -> "Tensor":
    # a block for every shift, but of K features: the negative part is forgotten
    K = x.shape[-1]
    return _shipped(x, nu).reshape(*x.shape[:-1], nu, 2, K)[..., 0, :].flatten(-2)


def _not_rectified(x: "Tensor", nu: int) -> "Tensor":
    import torch

    r = torch.cat([x, -x], dim=-1)
    return torch.cat([r * r.roll(j, dims=-1) for j in range(1, nu + 1)], dim=-1)


def _shift_nothing_too(x: "Tensor", nu: int) -> "Tensor":
    import torch

    r = torch.cat([x, -x], dim=-1).relu()
    return torch.cat([r * r, _shipped(x, nu)], dim=-1)


def _doubled_shifts(x: "Tensor", nu: int) -> "Tensor":
    import torch

    # a product for every shift in either direction
    return torch.cat([_shipped(x, nu), _shipped(x.flip(-1), nu)], dim=-1)


def _check_kernel(subject: Subject, draw: Draw) -> Measurement:
    """Measure how far the subject's kernel is from the sum over the paper's products r_i r_{i + j}."""
    import torch

    apart = []
    for K, nu in _SIZES[1:]:
        q, k = draw.normal(2, 1, 6, 1, K)
        expected = torch.zeros(1, 6, 1, dtype=q.dtype)
        for i in range(2 * K):
            for j in range(1, nu + 1):
                other = (i + j) % (2 * K)
                expected += _part(q, i) * _part(q, other) * _part(k, i) * _part(k, other)
        apart.append(relative(subject(q, k, nu), expected))
    return Measurement(find_worst(apart))


def _part(x: "Tensor", i: int) -> "Tensor":
    """Return the i-th entry of [relu(x); relu(-x)]."""
    K = x.shape[-1]
    return x[..., i].relu() if i < K else (-x[..., i - K]).relu()


def _kernel(q: "Tensor", k: "Tensor", nu: int) -> "Tensor":
    return (_shipped(q, nu) * _shipped(k, nu)).sum(dim=-1)


def _kernel_of_sums(q: "Tensor", k: "Tensor", nu: int) -> "Tensor":
    import torch

    mapped = []
    for x in (q, k):
        r = torch.cat([x, -x], dim=-1).relu()
        mapped.append(torch.cat([r + r.roll(j, dims=-1) for j in range(1, nu + 1)], dim=-1))
    return (mapped[0] * mapped[1]).sum(dim=-1)


def _kernel_of_one_shift(q: "Tensor", k: "Tensor", nu: int) -> "Tensor":
    from kb.reference.dpfp import dpfp

    products = dpfp(q, nu=nu) * dpfp(k, nu=nu)
    return products[..., -2 * q.shape[-1] :].sum(dim=-1)


def _kernel_of_own_squares(q: "Tensor", k: "Tensor", nu: int) -> "Tensor":
    import torch

    # shifts from zero up to and without nu
    r, s = (torch.cat([x, -x], dim=-1).relu() for x in (q, k))
    return torch.stack([(r * r.roll(j, dims=-1) * s * s.roll(j, dims=-1)).sum(dim=-1) for j in range(nu)]).sum(dim=0)


def _kernel_before_the_split(q: "Tensor", k: "Tensor", nu: int) -> "Tensor":
    import torch

    mapped = []
    for x in (q, k):
        products = [
            torch.cat([x * x.roll(j, dims=-1), -x * x.roll(j, dims=-1)], dim=-1).relu() for j in range(1, nu + 1)
        ]
        mapped.append(torch.cat(products, dim=-1))
    return (mapped[0] * mapped[1]).sum(dim=-1)


def _check_useless(subject: Subject, draw: Draw) -> Measurement:
    """Measure the block of shift K, and how far the block of shift 2 K - j is from that of shift j, turned by j."""
    K = 4
    blocks = subject(draw.normal(1, 6, 1, K), 2 * K - 1).split(2 * K, dim=-1)
    empty = float(blocks[K - 1].abs().max())
    repeated = [relative(blocks[2 * K - j - 1], blocks[j - 1].roll(-j, dims=-1)) for j in range(1, K)]
    return Measurement(find_worst([empty, *repeated]), f"greatest feature of shift {K}: {empty:g}")


def _absolute(x: "Tensor", nu: int) -> "Tensor":
    import torch

    r = torch.cat([x, -x], dim=-1).abs()
    return torch.cat([r * r.roll(j, dims=-1) for j in range(1, nu + 1)], dim=-1)


def _first_times_shifted(x: "Tensor", nu: int) -> "Tensor":
    import torch

    # the sign kept on the factor that is shifted
    r = torch.cat([x, -x], dim=-1)
    return torch.cat([r.relu() * r.roll(j, dims=-1) for j in range(1, nu + 1)], dim=-1)


def _from_shift_zero(x: "Tensor", nu: int) -> "Tensor":
    import torch

    r = torch.cat([x, -x], dim=-1).relu()
    return torch.cat([r * r.roll(j, dims=-1) for j in range(nu)], dim=-1)


_PAPER = Evidence("arxiv:2102.11174", "Section 5.3")

CLAIMS = (
    Claim(
        id="dpfp-has-two-features-a-channel-and-shift",
        statement=(
            "DPFP makes of K channels 2 K nu features, without a parameter or a random number, none of them "
            "negative: each is the product of two rectified parts."
        ),
        kind="count",
        between=("dpfp",),
        evidence=_PAPER,
        inputs="standard normal x; K 2, 3, 4, 8 with nu 1, 2, 3, 2; six tokens; float64",
        equation=r"\phi: \mathbb{R}^K \to \mathbb{R}_{\ge 0}^{2 K \nu}",
        bound=0.0,
        why_bound="Features are counted, and a product of two parts that are not negative is not negative.",
        family="fast-weights",
        check=_check_count,
        subject=_shipped,
        wrong_variants={
            "K features a shift": _one_block,
            "not rectified": _not_rectified,
            "a block of squares too": _shift_nothing_too,
            "shifts in either direction": _doubled_shifts,
        },
        executes=("dpfp",),
    ),
    Claim(
        id="dpfp-kernel-sums-products-of-neighbours",
        statement=(
            "Two vectors are as similar under DPFP as the sum, over all pairs of entries at most nu places apart in "
            "the rectified vector, going round, of the products of both vectors' entries; which way the copies are "
            "shifted does not matter."
        ),
        kind="equality",
        between=("dpfp",),
        evidence=_PAPER,
        inputs="standard normal q and k; K 3, 4, 8 with nu 2, 3, 2; six tokens; float64 and float32",
        equation=(
            r"\phi(q)^\top \phi(k) = \sum_{i} \sum_{j=1}^{\nu} r_i(q)\, r_{i+j}(q)\, r_i(k)\, r_{i+j}(k), \qquad "
            r"r = [\mathrm{relu}(x); \mathrm{relu}(-x)]"
        ),
        bound=1e-13,
        bound_single=1e-5,
        why_bound=(
            "Sums of at most 32 products of four factors, none of them negative: each is the product of two "
            "rectified parts."
        ),
        pitfall="A vector with a single channel that is not zero has no pair: its features are all zero.",
        family="fast-weights",
        check=_check_kernel,
        subject=_kernel,
        wrong_variants={
            "the last shift only": _kernel_of_one_shift,
            "shifts from zero": _kernel_of_own_squares,
            "sums for products": _kernel_of_sums,
            "shifted before it is split by sign": _kernel_before_the_split,
        },
        executes=("dpfp",),
    ),
    Claim(
        id="dpfp-shifts-beyond-k-add-nothing",
        statement=(
            "From the shift K on DPFP gains nothing: that of K is zero throughout, because a channel is never "
            "positive and negative, and those of 2 K - j repeat that of j in another order."
        ),
        kind="equality",
        between=("dpfp",),
        evidence=_PAPER,
        inputs="standard normal x; K 4, nu 7; six tokens; float64 and float32",
        equation=r"r_i\, r_{i+K} = 0, \qquad r_i\, r_{i+2K-j} = r_{i-j}\, r_i",
        bound=0.0,
        bound_single=0.0,
        why_bound="The same two numbers are multiplied, or one of the two is zero: not even rounding differs.",
        pitfall="The count of features goes on growing with nu; the number of keys that can be told apart does not.",
        family="fast-weights",
        check=_check_useless,
        subject=_shipped,
        wrong_variants={
            "magnitudes for rectified parts": _absolute,
            "only one factor rectified": _first_times_shifted,
            "shifts counted from zero": _from_shift_zero,
        },
        executes=("dpfp",),
    ),
)
