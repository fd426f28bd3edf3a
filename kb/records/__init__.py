"""Frozen dataclasses: all that may cross a room's door.

Two arrows, never mixed: a Citation runs back in time (``citing`` -> ``cited``), a LineageEdge forward
(``ancestor`` -> ``descendant``). Keys are strings: ``arxiv:1706.03762`` for a paper, ``concept:linear-attention``
for a concept, ``code:linear-attention`` for its reference implementation.
"""

from kb.records.articles import Article, ArticleText, ArticleView, PaperMention
from kb.records.importing import ImportReport
from kb.records.literature import (
    Catalogue,
    Citation,
    Concept,
    Divergence,
    Evidence,
    LineageEdge,
    OpenCitation,
    Paper,
    PaperRecord,
    Position,
    Skipped,
    Term,
)
from kb.records.maps import (
    Executed,
    Hop,
    Lane,
    LineageMap,
    MapLink,
    MapPoint,
    MapView,
    Network,
    NetworkNode,
    Path,
)
from kb.records.running import DRAWN, ClaimCard, Confinement, Idea, Limits, Parameter, RunResult, Snippet, Verdict
from kb.records.searching import Document, Hit, Neighbour, Reason, SearchAnswer, SearchFilter, Tag
from kb.records.views import ConceptView, Health, LedgerEntry, Mention, PaperView, ReviewNote
from kb.records.words import EDGE_KINDS, FAMILIES, WORK_KINDS, Kind, Layer, Role, RunStatus, VerdictName, WorkKind

__all__ = [
    "DRAWN",
    "EDGE_KINDS",
    "FAMILIES",
    "WORK_KINDS",
    "Article",
    "ArticleText",
    "ArticleView",
    "Catalogue",
    "Citation",
    "ClaimCard",
    "Concept",
    "ConceptView",
    "Confinement",
    "Divergence",
    "Document",
    "Evidence",
    "Executed",
    "Health",
    "Hit",
    "Hop",
    "Idea",
    "ImportReport",
    "Kind",
    "Lane",
    "Layer",
    "LedgerEntry",
    "Limits",
    "LineageEdge",
    "LineageMap",
    "MapLink",
    "MapPoint",
    "MapView",
    "Mention",
    "Neighbour",
    "Network",
    "NetworkNode",
    "OpenCitation",
    "Paper",
    "PaperMention",
    "PaperRecord",
    "PaperView",
    "Parameter",
    "Path",
    "Position",
    "Reason",
    "ReviewNote",
    "Role",
    "RunResult",
    "RunStatus",
    "SearchAnswer",
    "SearchFilter",
    "Skipped",
    "Snippet",
    "Tag",
    "Term",
    "Verdict",
    "VerdictName",
    "WorkKind",
]
