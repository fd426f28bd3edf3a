"""Papers, authors, citations, concepts, lineage."""

from datetime import date

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from kb.store.tables.root import WITHOUT_ROWID, Table


class PaperRow(Table):
    __tablename__ = "papers"

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(unique=True)
    title: Mapped[str]
    title_zh: Mapped[str] = mapped_column(default="")
    year: Mapped[int | None] = mapped_column(index=True)
    published_on: Mapped[date | None]
    venue: Mapped[str] = mapped_column(default="")
    abstract: Mapped[str] = mapped_column(default="")
    summary: Mapped[str] = mapped_column(default="")
    summary_zh: Mapped[str] = mapped_column(default="")
    tldr: Mapped[str] = mapped_column(default="")
    family: Mapped[str] = mapped_column(default="")
    authors_more: Mapped[int] = mapped_column(default=0)
    cites_complete: Mapped[bool] = mapped_column(default=False)
    citation_count: Mapped[int | None]
    listed_count: Mapped[int | None]
    origin: Mapped[str]
    """The strongest origin that has spoken so far."""
    kind: Mapped[str] = mapped_column(default="paper", server_default="paper")
    url: Mapped[str] = mapped_column(default="", server_default="")
    known_as: Mapped[list[str]] = mapped_column(default=list, server_default="[]")
    shipped: Mapped[bool] = mapped_column(default=False, index=True)


class PaperIdRow(Table):
    __tablename__ = "paper_ids"
    __table_args__ = WITHOUT_ROWID

    key: Mapped[str] = mapped_column(primary_key=True)
    """``scheme:value`` in the normal form of ``kb.ids``."""
    paper_id: Mapped[int] = mapped_column(ForeignKey("papers.id", ondelete="CASCADE"), index=True)


class PaperOriginRow(Table):
    """The ledger: which origin gave what for a paper, and the hash of it (equal hash: nothing to do)."""

    __tablename__ = "paper_origins"

    paper_id: Mapped[int] = mapped_column(ForeignKey("papers.id", ondelete="CASCADE"), primary_key=True)
    origin: Mapped[str] = mapped_column(primary_key=True)
    record_hash: Mapped[str]
    cites_given: Mapped[int]
    """How many citations its record lists."""
    cites_untitled: Mapped[int] = mapped_column(default=0)
    """How many of them carry no identifier, so that they can never be linked by one."""


class AuthorRow(Table):
    __tablename__ = "authors"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)


class PaperAuthorRow(Table):
    __tablename__ = "paper_authors"
    __table_args__ = WITHOUT_ROWID

    paper_id: Mapped[int] = mapped_column(ForeignKey("papers.id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    author_id: Mapped[int] = mapped_column(ForeignKey("authors.id"), index=True)


class CitationRow(Table):
    """``citing`` -> ``cited``, once for each origin that says so."""

    __tablename__ = "citations"

    citing_id: Mapped[int] = mapped_column(ForeignKey("papers.id", ondelete="CASCADE"), primary_key=True)
    cited_id: Mapped[int] = mapped_column(ForeignKey("papers.id", ondelete="CASCADE"), primary_key=True)
    origin: Mapped[str] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(default="")
    """The cited work as the record names it: kept, so that the link can be opened again."""
    note: Mapped[str] = mapped_column(default="")

    __table_args__ = (Index("ix_citations_cited", "cited_id", "citing_id"), WITHOUT_ROWID)


class OpenCitationRow(Table):
    """A cited work that is not here yet; linked when a paper with that identifier arrives."""

    __tablename__ = "open_citations"

    citing_id: Mapped[int] = mapped_column(ForeignKey("papers.id", ondelete="CASCADE"), primary_key=True)
    origin: Mapped[str] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    cited_key: Mapped[str | None] = mapped_column(index=True)
    """``scheme:value``, or null where the record gives a title only."""
    title: Mapped[str]

    __table_args__ = WITHOUT_ROWID


class ConceptRow(Table):
    __tablename__ = "concepts"

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    name_zh: Mapped[str] = mapped_column(default="")
    family: Mapped[str]
    definition: Mapped[str]
    definition_zh: Mapped[str] = mapped_column(default="")
    equation: Mapped[str] = mapped_column(default="")
    introduced_by: Mapped[int | None] = mapped_column(ForeignKey("papers.id"))
    introduced: Mapped[int | None]
    shipped: Mapped[bool] = mapped_column(default=True)
    ambiguous: Mapped[list[str]] = mapped_column(default=list, server_default="[]")
    context: Mapped[list[str]] = mapped_column(default=list, server_default="[]")


class ConceptAliasRow(Table):
    __tablename__ = "concept_aliases"

    concept_id: Mapped[int] = mapped_column(ForeignKey("concepts.id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    alias: Mapped[str]


class PaperConceptRow(Table):
    __tablename__ = "paper_concepts"

    paper_id: Mapped[int] = mapped_column(ForeignKey("papers.id", ondelete="CASCADE"), primary_key=True)
    concept_id: Mapped[int] = mapped_column(ForeignKey("concepts.id", ondelete="CASCADE"), primary_key=True)
    role: Mapped[str] = mapped_column(primary_key=True)
    origin: Mapped[str]

    __table_args__ = (Index("ix_paper_concepts_concept", "concept_id"),)


class LineageEdgeRow(Table):
    __tablename__ = "lineage_edges"

    id: Mapped[int] = mapped_column(primary_key=True)
    ancestor_id: Mapped[int] = mapped_column(ForeignKey("concepts.id", ondelete="CASCADE"))
    descendant_id: Mapped[int] = mapped_column(ForeignKey("concepts.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str]
    note: Mapped[str] = mapped_column(default="")
    claims: Mapped[list[str]]
    unclaimed: Mapped[str] = mapped_column(default="")
    """Why no claim can back it, where that is so."""

    __table_args__ = (UniqueConstraint("ancestor_id", "descendant_id", "kind"),)


class EdgeEvidenceRow(Table):
    __tablename__ = "edge_evidence"

    edge_id: Mapped[int] = mapped_column(ForeignKey("lineage_edges.id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    paper_id: Mapped[int] = mapped_column(ForeignKey("papers.id"))
    locator: Mapped[str]


class EdgePositionRow(Table):
    """What somebody holds of a contested relation."""

    __tablename__ = "edge_positions"

    edge_id: Mapped[int] = mapped_column(ForeignKey("lineage_edges.id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    held_by: Mapped[str]
    says: Mapped[str]
    paper_id: Mapped[int] = mapped_column(ForeignKey("papers.id"))
    locator: Mapped[str]


class DivergenceRow(Table):
    """What a paper prints, what its official code does, what is done here. All of it comes from the catalogue."""

    __tablename__ = "divergences"

    slug: Mapped[str] = mapped_column(primary_key=True)
    paper_id: Mapped[int] = mapped_column(ForeignKey("papers.id", ondelete="CASCADE"), index=True)
    title: Mapped[str]
    title_zh: Mapped[str]
    prints: Mapped[str]
    prints_at: Mapped[str]
    code: Mapped[str]
    code_at: Mapped[str]
    here: Mapped[str]
    note: Mapped[str]
    concepts: Mapped[list[str]]
    claims: Mapped[list[str]]
