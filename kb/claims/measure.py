"""How far two tensors are apart, the way most checks hold it against their bound."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


def relative(found: "Tensor", expected: "Tensor") -> float:
    """Return max |a - b| / max |b|: rounding is near 1e-15 of the largest output, however large that is.

    NaN where any entry is NaN. Of two tensors that are zero throughout, zero.
    """
    apart, scale = float((found - expected).abs().max()), float(expected.abs().max())
    return apart / scale if scale or apart else 0.0
