"""One draw of random inputs: the same numbers for the same seed, in double or in single precision."""

from typing import TYPE_CHECKING

from kb.records import Precision

if TYPE_CHECKING:
    from torch import Tensor


class Draw:
    """Draws numbers one after the other from a seed; the global generator is left alone.

    In single precision the numbers are those of double precision, rounded.
    """

    def __init__(self, seed: int, precision: Precision = "double") -> None:
        import torch

        self.seed = seed
        self.dtype: torch.dtype = torch.float64 if precision == "double" else torch.float32
        self.generator = torch.Generator().manual_seed(seed)

    def normal(self, *shape: int, scale: float = 1.0) -> "Tensor":
        """Return standard normal numbers of this shape, times ``scale``."""
        import torch

        return scale * torch.randn(shape, generator=self.generator, dtype=torch.float64).to(self.dtype)

    def uniform(self, low: float, high: float, *shape: int) -> "Tensor":
        """Return numbers evenly distributed between low and high."""
        import torch

        return (low + (high - low) * torch.rand(shape, generator=self.generator, dtype=torch.float64)).to(self.dtype)

    def orthonormal(self, count: int, width: int) -> "Tensor":
        """Return ``count`` orthonormal rows (count, width), count <= width, in a random direction."""
        import torch

        square = torch.randn(width, width, generator=self.generator, dtype=torch.float64)
        rows: Tensor = torch.linalg.qr(square).Q[:count]
        return rows.to(self.dtype)

    def integers(self, low: int, high: int, *shape: int) -> "Tensor":
        """Return whole numbers from low up to and without high, int64."""
        import torch

        return torch.randint(low, high, shape, generator=self.generator)
