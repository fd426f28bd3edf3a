"""The tables, as SQLAlchemy 2 typed models. What a column means stands beside it; how it is written, elsewhere.

Rows of the shipped catalogue are marked ``shipped``: rebuilding touches those and no others. Surrogate integer
keys are private to this room; what crosses the door is a key such as ``arxiv:1706.03762``.
"""

from kb.store.tables.activity import FactRow, ImportRow, ReviewRow, RunRow, SnippetRow, VerdictRow
from kb.store.tables.literature import (
    AuthorRow,
    CitationRow,
    ConceptAliasRow,
    ConceptRow,
    EdgeEvidenceRow,
    LineageEdgeRow,
    OpenCitationRow,
    PaperAuthorRow,
    PaperConceptRow,
    PaperIdRow,
    PaperOriginRow,
    PaperRow,
)
from kb.store.tables.root import Table
from kb.store.tables.texts import DocumentNameRow, DocumentRow, TermRow, VectorRow

__all__ = [
    "AuthorRow",
    "CitationRow",
    "ConceptAliasRow",
    "ConceptRow",
    "DocumentNameRow",
    "DocumentRow",
    "EdgeEvidenceRow",
    "FactRow",
    "ImportRow",
    "LineageEdgeRow",
    "OpenCitationRow",
    "PaperAuthorRow",
    "PaperConceptRow",
    "PaperIdRow",
    "PaperOriginRow",
    "PaperRow",
    "ReviewRow",
    "RunRow",
    "SnippetRow",
    "Table",
    "TermRow",
    "VectorRow",
    "VerdictRow",
]
