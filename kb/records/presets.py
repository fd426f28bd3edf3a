"""A paper's configuration: what was counted of it here, beside what the paper prints."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Figure:
    """A number that a paper prints, and the same number counted here."""

    printed: str
    """As it stands there: ``110M``, ``1.693e8``."""
    place: str
    """Where it stands: ``table 2``."""
    counted: int
    relative: float
    """The counted number over the printed one, minus one."""
    met: bool
    """Whether the counted number, rounded to the printed digits, is the printed one."""


@dataclass(frozen=True, slots=True)
class Preset:
    """A model at the sizes of its paper."""

    key: str
    """Unique, for addresses and the command line: ``bert-base``."""
    name: str
    architecture: str
    """The name of the file that lists its weights: ``bert``."""
    paper: str
    concepts: tuple[str, ...]
    """Slugs of the ideas on whose pages it is shown."""
    config: Mapping[str, int | bool]
    parameters: Figure
    parts: Mapping[str, int]
    """How many parameters each part has; they add up to all of them."""
    flops: tuple[Figure, ...] = ()
    """Multiplications and additions of matrix products for a token: one figure a statement of the paper."""
    note: str = ""
    family_note: str = ""
    """What holds of all rows of the paper's table."""
    divergence: str = ""
    """The slug of the divergence that tells why counted and printed part."""
    sizes_read: bool = True
    """False where the sizes could not be read again in a source: that they add up to the figure is the evidence."""
    runs: str = ""
    """The slug of the idea that is this model's block and runs at its widths; empty where they are too large."""
    run: Mapping[str, int] = field(default_factory=dict)
    """The settings of that run."""
