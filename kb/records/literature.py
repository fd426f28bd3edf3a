"""Papers, citations, concepts and lineage edges, as they cross a door."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from kb.records.words import WorkKind


@dataclass(frozen=True, slots=True)
class OpenCitation:
    """A work that a paper cites, as its record names it: linked at once if it is here, otherwise kept open.

    ``key`` is None where the record gives a title only.
    """

    key: str | None
    title: str


@dataclass(frozen=True, slots=True)
class Paper:
    """Any work with authors and a date. ``year`` and ``published_on`` are those of the first public version."""

    key: str
    title: str
    authors: tuple[str, ...] = ()
    year: int | None = None
    published_on: date | None = None
    venue: str = ""
    ids: Mapping[str, str] = field(default_factory=dict)
    """Scheme to value, the key's own scheme included."""
    abstract: str = ""
    summary: str = ""
    summary_zh: str = ""
    title_zh: str = ""
    tldr: str = ""
    """A machine-made summary: shown, never indexed or embedded."""
    family: str = ""
    """One of FAMILIES, empty where nobody has said."""
    introduces: tuple[str, ...] = ()
    """Concept slugs."""
    uses: tuple[str, ...] = ()
    authors_more: int = 0
    """How many authors the record leaves out."""
    cites_complete: bool = False
    """Whether the list of citations within the library is known to be complete."""
    citation_count: int | None = None
    """How often the origin says it was cited, at the time of fetching."""
    listed_count: int | None = None
    """How many references the origin says it has (the list itself may be shorter)."""
    origin: str = "catalogue"
    """Where the record came from: catalogue, arxiv, s2, ..."""
    kind: WorkKind = "paper"
    """``model``, ``hardware`` or ``software`` for a work that came without a paper."""
    known_as: tuple[str, ...] = ()
    """Names by which readers call it that its title does not hold: GPT-2, AlexNet."""
    url: str = ""
    """The address of a work that has no identifier."""
    shipped: bool = False
    """Whether the record is part of the shipped catalogue."""


@dataclass(frozen=True, slots=True)
class PaperRecord:
    """What a parser returns for one paper: the paper and its citations as its record lists them."""

    paper: Paper
    cites: tuple[OpenCitation, ...] = ()


@dataclass(frozen=True, slots=True)
class Skipped:
    """An entry that could not be taken: where it stands (line or index, 1-based) and why."""

    place: int
    reason: str


@dataclass(frozen=True, slots=True)
class Citation:
    """``citing`` -> ``cited``, with the origins that say so and, where time runs backward, the reason."""

    citing: str
    cited: str
    origins: tuple[str, ...] = ("catalogue",)
    note: str = ""


@dataclass(frozen=True, slots=True)
class Concept:
    """An idea. ``introduced_by`` is a paper's key, ``introduced`` its year."""

    slug: str
    name: str
    family: str
    definition: str
    name_zh: str = ""
    definition_zh: str = ""
    aliases: tuple[str, ...] = ()
    ambiguous: tuple[str, ...] = ()
    """Those of its names that mean other things elsewhere: they count only beside a word of ``context``."""
    context: tuple[str, ...] = ()
    equation: str = ""
    """LaTeX without dollar signs."""
    introduced_by: str = ""
    introduced: int | None = None
    shipped: bool = True

    @property
    def key(self) -> str:
        return f"concept:{self.slug}"


@dataclass(frozen=True, slots=True)
class Evidence:
    """Where a claim stands: a paper's key and a place in it."""

    paper: str
    locator: str


@dataclass(frozen=True, slots=True)
class Position:
    """What somebody holds of a contested relation, and where he says so."""

    held_by: str
    says: str
    paper: str
    locator: str


@dataclass(frozen=True, slots=True)
class LineageEdge:
    """``descendant`` KIND ``ancestor``, between concept slugs, with evidence; ``claims`` are ids that test it."""

    ancestor: str
    descendant: str
    kind: str
    evidence: tuple[Evidence, ...]
    note: str = ""
    claims: tuple[str, ...] = ()
    positions: tuple[Position, ...] = ()
    """Two or more where the relation is contested, otherwise none."""
    unclaimed: str = ""
    """Why no claim backs a relation that says what equals, contains or approximates what."""

    @property
    def is_contested(self) -> bool:
        return bool(self.positions)


@dataclass(frozen=True, slots=True)
class Divergence:
    """What a paper prints, what its official code does, what is done here: where the three are not one."""

    slug: str
    paper: str
    title: str
    prints: str
    prints_at: str
    here: str
    title_zh: str = ""
    code: str = ""
    """Empty where no official code is known."""
    code_at: str = ""
    note: str = ""
    """Why it matters, or how it was checked."""
    concepts: tuple[str, ...] = ()
    """Slugs of the ideas that it is about."""
    claims: tuple[str, ...] = ()
    """Ids of the claims that demonstrate it."""


@dataclass(frozen=True, slots=True)
class Term:
    """One entry of the glossary."""

    en: str
    zh: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Everything under ``data/``, checked. Papers' citations are between keys of the catalogue."""

    papers: tuple[Paper, ...]
    citations: tuple[Citation, ...]
    concepts: tuple[Concept, ...]
    edges: tuple[LineageEdge, ...]
    divergences: tuple[Divergence, ...]
    glossary: tuple[Term, ...]
    fingerprint: str
    """SHA-256 over all files: tells whether the database is older than ``data/``."""
