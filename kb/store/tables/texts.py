"""What is searched: texts, their names, their vectors, the glossary."""

from sqlalchemy import ForeignKey, LargeBinary, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from kb.store.tables.root import WITHOUT_ROWID, Table


class TermRow(Table):
    """The glossary: one English term, its Chinese words."""

    __tablename__ = "terms"

    en: Mapped[str] = mapped_column(primary_key=True)
    zh: Mapped[list[str]]


class DocumentRow(Table):
    """One searchable text. Its words are in the full-text table ``documents_fts`` under the same number."""

    __tablename__ = "documents"

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str] = mapped_column(index=True)
    title: Mapped[str]
    names: Mapped[str] = mapped_column(default="")
    """Other names, one a line: aliases, the Chinese title. An exact one outranks everything."""
    body: Mapped[str]
    year: Mapped[int | None] = mapped_column(index=True)
    text_hash: Mapped[str]
    paper_id: Mapped[int | None] = mapped_column(ForeignKey("papers.id", ondelete="CASCADE"), index=True)
    concept_id: Mapped[int | None] = mapped_column(ForeignKey("concepts.id", ondelete="CASCADE"), index=True)
    article_id: Mapped[int | None] = mapped_column(ForeignKey("articles.id"), index=True)
    tagged_with: Mapped[str] = mapped_column(default="", server_default="")
    """The tagger and the text by which its ideas were found; anything else is to be tagged again."""


class DocumentNameRow(Table):
    """Names in folded form, for the exact match: title, aliases, slug."""

    __tablename__ = "document_names"

    document_id: Mapped[int] = mapped_column(ForeignKey("documents.id", ondelete="CASCADE"), primary_key=True)
    folded: Mapped[str] = mapped_column(primary_key=True, index=True)


class DocumentTagRow(Table):
    """An idea that a text speaks of, found by its names."""

    __tablename__ = "document_tags"
    __table_args__ = WITHOUT_ROWID

    document_id: Mapped[int] = mapped_column(ForeignKey("documents.id", ondelete="CASCADE"), primary_key=True)
    concept_id: Mapped[int] = mapped_column(
        ForeignKey("concepts.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    count: Mapped[int]
    in_title: Mapped[bool]


class VectorRow(Table):
    """A unit vector in float16. ``id`` only grows: it is the watermark by which a cache refreshes itself."""

    __tablename__ = "vectors"

    id: Mapped[int] = mapped_column(primary_key=True)
    document_id: Mapped[int] = mapped_column(ForeignKey("documents.id", ondelete="CASCADE"))
    model: Mapped[str]
    revision: Mapped[str]
    text_hash: Mapped[str]
    vector: Mapped[bytes] = mapped_column(LargeBinary)

    __table_args__ = (
        UniqueConstraint("document_id", "model", "revision"),
        {"sqlite_autoincrement": True},
    )
