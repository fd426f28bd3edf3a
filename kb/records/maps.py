"""Paths through the lineage, and the map as it is drawn."""

from dataclasses import dataclass

from kb.records.words import Layer


@dataclass(frozen=True, slots=True)
class Hop:
    """One step of a path: who, who next, in which layer, and the evidence for it in words."""

    start: str
    end: str
    layer: Layer
    kind: str
    evidence: str


@dataclass(frozen=True, slots=True)
class Path:
    """How one record reaches another: keys in order, a hop between each two."""

    keys: tuple[str, ...]
    titles: tuple[str, ...]
    hops: tuple[Hop, ...]


@dataclass(frozen=True, slots=True)
class MapPoint:
    """A dot of the lineage map: x in [0, 1] along the warped time axis, y the lane's offset (lane + fraction)."""

    key: str
    label: str
    year: int
    family: str
    x: float
    y: float
    weight: float
    """In [0, 1]: how large it is drawn."""
    labelled: bool
    """Whether its label fits without covering a weightier one."""
    has_code: bool = False
    verdict: str = ""
    """The verdict of claims about this record alone, empty where there is none."""


@dataclass(frozen=True, slots=True)
class MapLink:
    """A line of the map, always from the older to the younger record."""

    older: str
    younger: str
    layer: Layer
    kind: str
    verdict: str = ""


@dataclass(frozen=True, slots=True)
class LineageMap:
    """What the map draws: dots, lines, and the ticks of the warped year axis as (x in [0, 1], year)."""

    points: tuple[MapPoint, ...]
    links: tuple[MapLink, ...]
    ticks: tuple[tuple[float, int], ...]
    hidden: int = 0
    """How many records of the selection are not drawn."""
