"""Works without a paper, contested relations, divergences, articles, tags; words indexed in simplified Chinese."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_READ = sa.text("SELECT id, title, names, body FROM documents WHERE id > :after ORDER BY id LIMIT 2000")
_WRITE = sa.text("INSERT INTO documents_fts(rowid, title, names, body) VALUES (:id, :title, :names, :body)")
_NAME = sa.text("INSERT INTO document_names(document_id, folded) VALUES (:number, :folded)")


def upgrade() -> None:
    _add_columns()
    _create_lineage_tables()
    _create_article_tables()
    _index_again()


def _add_columns() -> None:
    op.add_column("papers", sa.Column("kind", sa.String(), nullable=False, server_default="paper"))
    op.add_column("papers", sa.Column("url", sa.String(), nullable=False, server_default=""))
    op.add_column("papers", sa.Column("known_as", sa.JSON(), nullable=False, server_default="[]"))
    op.add_column("concepts", sa.Column("ambiguous", sa.JSON(), nullable=False, server_default="[]"))
    op.add_column("concepts", sa.Column("context", sa.JSON(), nullable=False, server_default="[]"))
    op.add_column("documents", sa.Column("tagged_with", sa.String(), nullable=False, server_default=""))


def _create_lineage_tables() -> None:
    op.create_table(
        "edge_positions",
        sa.Column("edge_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("held_by", sa.String(), nullable=False),
        sa.Column("says", sa.String(), nullable=False),
        sa.Column("paper_id", sa.Integer(), nullable=False),
        sa.Column("locator", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["edge_id"], ["lineage_edges.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["paper_id"], ["papers.id"]),
        sa.PrimaryKeyConstraint("edge_id", "position"),
    )
    op.create_table(
        "divergences",
        sa.Column("slug", sa.String(), nullable=False),
        sa.Column("paper_id", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("title_zh", sa.String(), nullable=False),
        sa.Column("prints", sa.String(), nullable=False),
        sa.Column("prints_at", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("code_at", sa.String(), nullable=False),
        sa.Column("here", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("concepts", sa.JSON(), nullable=False),
        sa.Column("claims", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["paper_id"], ["papers.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("slug"),
    )
    op.create_index("ix_divergences_paper_id", "divergences", ["paper_id"])


def _create_article_tables() -> None:
    op.create_table(
        "articles",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("url", sa.String(), nullable=False),
        sa.Column("site", sa.String(), nullable=False),
        sa.Column("authors", sa.JSON(), nullable=False),
        sa.Column("published_on", sa.Date(), nullable=True),
        sa.Column("file", sa.String(), nullable=False),
        sa.Column("added_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("key"),
    )
    op.create_table(
        "article_mentions",
        sa.Column("article_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("named", sa.String(), nullable=False),
        sa.Column("how", sa.String(), nullable=False),
        sa.Column("confidence", sa.Double(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("paper_key", sa.String(), nullable=True),
        sa.Column("title", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["article_id"], ["articles.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("article_id", "position"),
    )
    op.create_index("ix_article_mentions_paper_key", "article_mentions", ["paper_key"])
    # SQLite adds a foreign key only together with its column.
    op.execute("ALTER TABLE documents ADD COLUMN article_id INTEGER REFERENCES articles (id)")
    op.create_index("ix_documents_article_id", "documents", ["article_id"])
    op.create_table(
        "document_tags",
        sa.Column("document_id", sa.Integer(), nullable=False),
        sa.Column("concept_id", sa.Integer(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("in_title", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["document_id"], ["documents.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["concept_id"], ["concepts.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("document_id", "concept_id"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_document_tags_concept_id", "document_tags", ["concept_id"])


def _index_again() -> None:
    """Write the words of every text anew: from here on traditional characters are indexed as simplified ones."""
    connection = op.get_bind()
    op.execute("INSERT INTO documents_fts(documents_fts) VALUES ('delete-all')")
    op.execute("DELETE FROM document_names")
    # A part at a time: a large library's texts do not fit into memory.
    after = 0
    while rows := connection.execute(_READ, {"after": after}).all():
        _index_rows(connection, rows)
        after = rows[-1].id


def _index_rows(connection: sa.Connection, rows: Sequence[sa.Row[Any]]) -> None:
    from kb.store.naming import fold_name
    from kb.store.splitting import split_for_index

    words = [
        {"id": row.id, "title": split_for_index(row.title), "names": split_for_index(row.names)}
        | {"body": split_for_index(row.body)}
        for row in rows
    ]
    connection.execute(_WRITE, words)
    # The last line of the names holds the authors, who are no names of the text.
    named = {
        (row.id, folded)
        for row in rows
        for name in (row.title, *row.names.split("\n")[:-1])
        if (folded := fold_name(name))
    }
    if named:
        connection.execute(_NAME, [{"number": number, "folded": folded} for number, folded in sorted(named)])
