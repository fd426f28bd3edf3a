"""Paths through the lineage, networks of records, and the map as it is drawn."""

from dataclasses import dataclass
from typing import Literal

from kb.records.claiming import ClaimCard, Verdict
from kb.records.words import Layer, VerdictName


@dataclass(frozen=True, slots=True)
class Hop:
    """One step of a path: who, who next, in which layer, and the evidence for it in words."""

    start: str
    end: str
    layer: Layer
    kind: str
    """A kind of lineage edge, ``cites`` or ``introduces``."""
    evidence: str


@dataclass(frozen=True, slots=True)
class Path:
    """How one record reaches another: keys in order, a hop between each two. It runs with time, ancestor first."""

    keys: tuple[str, ...]
    titles: tuple[str, ...]
    hops: tuple[Hop, ...]


@dataclass(frozen=True, slots=True)
class MapView:
    """What a reader asks of a map: where he stands, how far he looks, how large it may be."""

    focus: str = ""
    """The key of a record; empty for the whole library."""
    up: int | None = None
    """How many generations of ancestors of the focus; None for all of them."""
    down: int | None = None
    as_of: int | None = None
    """As known at the end of this year; None for today."""
    layers: tuple[Layer, ...] = ("cited", "claimed", "executed")
    limit: int | None = 50
    """How many records at most; None for all of them."""
    width_px: int = 1100
    """Width of the drawing area without margins: labels are promised not to overlap at this width or a wider one."""
    height_px: int = 640
    """The height wished for; a map that needs more says so."""


@dataclass(frozen=True, slots=True)
class Executed:
    """What is known from execution: slugs of concepts that have code, the claims, their newest verdicts."""

    coded: frozenset[str] = frozenset()
    claims: tuple[ClaimCard, ...] = ()
    verdicts: tuple[Verdict, ...] = ()


@dataclass(frozen=True, slots=True)
class EdgeLayers:
    """What is known of a lineage edge in each of three layers: who cites whom, who claims it, what execution says."""

    ancestor: str
    descendant: str
    kind: str
    citing: int | None
    """Citations on the shortest way from the paper that introduced the ancestor to the descendant's: 1 where the one
    cites the other, 0 where no way leads there, None where one of the two papers is not here."""
    verdict: VerdictName | Literal[""]
    """Of all its claims together; empty where it has none."""
    stale: bool = False
    verified: int = 0
    """How many of its claims hold."""
    refuted: int = 0
    """How many are common beliefs that execution refutes, as expected."""
    unexpected: int = 0
    """How many came out otherwise than expected."""
    waiting: int = 0
    """How many have not been executed here."""


@dataclass(frozen=True, slots=True)
class MapLink:
    """A line of the map, always from the older to the younger record.

    Where a citation runs forward in time by its records' years, the cited record still counts as the older.
    """

    older: str
    younger: str
    layer: Layer
    kind: str
    verdict: str = ""
    stale: bool = False
    """Whether the verdict was given to code that has changed since."""
    layers: EdgeLayers | None = None
    """Of a lineage edge."""


@dataclass(frozen=True, slots=True)
class NetworkNode:
    """A record in a network, before it has a place on a map."""

    key: str
    kind: Literal["paper", "concept"]
    title: str
    year: int | None
    family: str
    weight: float
    """In [0, 1]: how connected it is in its library, and whether it has code; 1 for the focus."""
    generation: int | None = None
    """Distance from the focus: negative for ancestors, positive for descendants; None without a focus."""
    has_code: bool = False
    verdict: str = ""
    stale: bool = False

    @property
    def radius_px(self) -> float:
        """The radius of its dot, 4 to 9 pixels."""
        return 4.0 + 5.0 * self.weight


@dataclass(frozen=True, slots=True)
class Network:
    """Records and the links between them, selected for a view: what is drawn, listed or exported."""

    nodes: tuple[NetworkNode, ...]
    links: tuple[MapLink, ...]
    focus: str = ""
    hidden: int = 0
    """How many records the limit has cut off."""


@dataclass(frozen=True, slots=True)
class MapPoint:
    """A dot of the lineage map: x in [0, 1] along the warped time axis, y in [0, 1] from the top down."""

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
    stale: bool = False
    """Whether the verdict was given to code that has changed since."""
    title: str = ""
    """The whole title, of which the label may be a part."""
    label_left: bool = False
    """Whether the label stands left of the dot instead of right."""

    @property
    def radius_px(self) -> float:
        """The dot's radius, 4 to 9 pixels, for which the layout has made room."""
        return 4.0 + 5.0 * self.weight


@dataclass(frozen=True, slots=True)
class Lane:
    """A family's strip of the map, from ``top`` to ``bottom`` in the unit of a point's y."""

    family: str
    top: float
    bottom: float


@dataclass(frozen=True, slots=True)
class LineageMap:
    """What the map draws: dots, lines, lanes, and the ticks of the warped year axis as (x in [0, 1], year).

    A tick stands where its year begins: every dot of that year or a later one is to its right.
    """

    points: tuple[MapPoint, ...]
    links: tuple[MapLink, ...]
    ticks: tuple[tuple[float, int], ...]
    hidden: int = 0
    """How many records of the selection are not drawn: beyond the limit, or without a year."""
    lanes: tuple[Lane, ...] = ()
    height_px: int = 0
    """The least height of the drawing area at which nothing overlaps."""
