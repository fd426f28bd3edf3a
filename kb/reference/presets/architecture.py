"""What the file of an architecture says: its paper, its rows, and of each row the weights and what is printed."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import Field, dataclass, field
from typing import Any, ClassVar, Protocol

from kb.reference.presets.parts import Part


class Config(Protocol):
    """The sizes of a model: a frozen dataclass of numbers and switches."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]

    def list_parts(self) -> Iterable[Part]:
        """Return all weights of the model."""
        ...


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a paper's table: sizes, and the number of parameters as printed."""

    name: str
    config: Config
    printed: str
    place: str
    note: str = ""
    sizes_read: bool = True
    flops: tuple[tuple[str, str], ...] = ()
    """What the paper says that a token costs, and where."""
    run: Mapping[str, int] = field(default_factory=dict)
    """Settings at which the idea ``runs`` has the widths of this row."""


@dataclass(frozen=True, slots=True)
class Architecture:
    """The models of a paper."""

    paper: str
    concepts: tuple[str, ...]
    rows: tuple[Row, ...]
    note: str = ""
    divergence: str = ""
    runs: str = ""
    """The idea that is the model's block, or one of its blocks."""
    count_flops: Callable[[Any], int] | None = None
    """Takes a row's config; counts the multiplications and additions of matrix products for a token."""
