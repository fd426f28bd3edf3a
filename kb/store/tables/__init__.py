"""The tables, as SQLAlchemy 2 typed models. What a column means stands beside it; how it is written, elsewhere.

Rows of the shipped catalogue are marked ``shipped``: rebuilding touches those and no others. Surrogate integer
keys are private to this room; what crosses the door is a key such as ``arxiv:1706.03762``.
"""

from kb.store.tables.activity import (
    CodeRow,
    FactRow,
    ImportRow,
    ReviewRow,
    RunRow,
    SnippetRow,
    SnippetVersionRow,
    VerdictRow,
)
from kb.store.tables.articles import ArticleMentionRow, ArticleRow
from kb.store.tables.literature import (
    AuthorRow,
    CitationRow,
    ConceptAliasRow,
    ConceptRow,
    DivergenceRow,
    EdgeEvidenceRow,
    EdgePositionRow,
    LineageEdgeRow,
    OpenCitationRow,
    PaperAuthorRow,
    PaperConceptRow,
    PaperIdRow,
    PaperOriginRow,
    PaperRow,
)
from kb.store.tables.root import Table
from kb.store.tables.texts import DocumentNameRow, DocumentRow, DocumentTagRow, TermRow, VectorRow

__all__ = [
    "ArticleMentionRow",
    "ArticleRow",
    "AuthorRow",
    "CitationRow",
    "CodeRow",
    "ConceptAliasRow",
    "ConceptRow",
    "DivergenceRow",
    "DocumentNameRow",
    "DocumentRow",
    "DocumentTagRow",
    "EdgeEvidenceRow",
    "EdgePositionRow",
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
    "SnippetVersionRow",
    "Table",
    "TermRow",
    "VectorRow",
    "VerdictRow",
]
