"""A record with its links, as a page or ``stemma show`` presents it; and the state of a library."""

from collections.abc import Mapping
from dataclasses import dataclass

from kb.records.claiming import ClaimCard, Verdict
from kb.records.literature import Concept, Divergence, LineageEdge, OpenCitation, Paper
from kb.records.maps import EdgeLayers
from kb.records.running import Confinement, Idea
from kb.records.snippets import Snippet


@dataclass(frozen=True, slots=True)
class Mention:
    """A record named in passing: enough for a line with a link."""

    key: str
    title: str
    year: int | None
    authors: tuple[str, ...] = ()
    note: str = ""
    """What the link says: a role, the reason of a forward citation."""


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """What one origin gave for a paper: citations in its list, and how many of those name no identifier."""

    origin: str
    cites_given: int
    cites_untitled: int


@dataclass(frozen=True, slots=True)
class PaperView:
    """A paper with its links: what it cites here and elsewhere, who cites it, its ideas, its ledger."""

    paper: Paper
    cites: tuple[Mention, ...]
    cited_by: tuple[Mention, ...]
    open_citations: tuple[OpenCitation, ...]
    ideas: tuple[Mention, ...]
    """Concepts that it introduces, uses or merely mentions; ``note`` says which."""
    ledger: tuple[LedgerEntry, ...]
    snippets: tuple[Snippet, ...]
    divergences: tuple[Divergence, ...] = ()
    articles: tuple[Mention, ...] = ()
    """Articles that mention it; ``note`` says by which words."""


@dataclass(frozen=True, slots=True)
class ConceptView:
    """A concept with its links: lineage both ways, its papers, its code, the claims about it."""

    concept: Concept
    introduced_by: Mention | None
    ancestors: tuple[LineageEdge, ...]
    descendants: tuple[LineageEdge, ...]
    names: Mapping[str, str]
    """Slug to name, of every concept that stands in an edge."""
    papers: tuple[Mention, ...]
    """``note`` says whether a paper introduces or uses it."""
    idea: Idea | None
    claims: tuple[tuple[ClaimCard, Verdict | None], ...]
    snippets: tuple[Snippet, ...]
    divergences: tuple[Divergence, ...] = ()
    layers: tuple[EdgeLayers, ...] = ()
    """Of every edge, those to the ancestors first."""

    def layers_of(self, edge: LineageEdge) -> EdgeLayers:
        """Return the layers of one of its edges."""
        edges = (*self.ancestors, *self.descendants)
        return self.layers[edges.index(edge)]


@dataclass(frozen=True, slots=True)
class ReviewNote:
    """A record that was neither merged nor split, and why: a person decides."""

    existing: str
    incoming: str
    title: str
    origin: str
    reason: str


@dataclass(frozen=True, slots=True)
class Health:
    """The state of a library and of this machine, as ``stemma doctor`` tells it."""

    library: str
    schema: str
    catalogue_is_current: bool
    counts: Mapping[str, int]
    """papers, shipped papers, concepts, edges, citations, open citations, documents, without vector, ..."""
    problems: tuple[str, ...]
    reviews: tuple[ReviewNote, ...]
    confinement: Confinement
    versions: Mapping[str, str]
    settings: Mapping[str, str]
    """Keys are shown as set or not set, never printed."""
