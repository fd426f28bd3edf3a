"""Frozen dataclasses: all that may cross a room's door.

Two arrows, never mixed: a Citation runs back in time (``citing`` -> ``cited``), a LineageEdge forward
(``ancestor`` -> ``descendant``). Keys are strings: ``arxiv:1706.03762`` for a paper, ``concept:linear-attention``
for a concept, ``code:linear-attention`` for its reference implementation.
"""

from kb.records.literature import (
    Catalogue,
    Citation,
    Concept,
    Evidence,
    ImportReport,
    LineageEdge,
    OpenCitation,
    Paper,
    PaperRecord,
    Skipped,
    Term,
)
from kb.records.maps import Hop, LineageMap, MapLink, MapPoint, Path
from kb.records.running import ClaimCard, Idea, Limits, Parameter, RunResult, Snippet, Verdict
from kb.records.searching import Document, Hit, Neighbour, Reason, SearchAnswer, SearchFilter
from kb.records.words import EDGE_KINDS, FAMILIES, Kind, Layer, Role, RunStatus, VerdictName

__all__ = [
    "EDGE_KINDS",
    "FAMILIES",
    "Catalogue",
    "Citation",
    "ClaimCard",
    "Concept",
    "Document",
    "Evidence",
    "Hit",
    "Hop",
    "Idea",
    "ImportReport",
    "Kind",
    "Layer",
    "Limits",
    "LineageEdge",
    "LineageMap",
    "MapLink",
    "MapPoint",
    "Neighbour",
    "OpenCitation",
    "Paper",
    "PaperRecord",
    "Parameter",
    "Path",
    "Reason",
    "Role",
    "RunResult",
    "RunStatus",
    "SearchAnswer",
    "SearchFilter",
    "Skipped",
    "Snippet",
    "Term",
    "Verdict",
    "VerdictName",
]
