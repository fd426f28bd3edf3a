"""Runs with their source, versions and error output; snippets with named parameters and what they were before."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    _extend_runs()
    _extend_snippets()


def _extend_runs() -> None:
    op.create_table(
        "codes",
        sa.Column("code_hash", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("code_hash"),
    )
    op.add_column("runs", sa.Column("stderr", sa.String(), nullable=False, server_default=""))
    op.add_column("runs", sa.Column("truncated", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("runs", sa.Column("exit_code", sa.Integer(), nullable=True))
    op.add_column("runs", sa.Column("versions", sa.JSON(), nullable=False, server_default="{}"))
    # A file's run was recorded under the bare name.
    op.execute("UPDATE runs SET key = 'file:' || key WHERE instr(key, ':') = 0")


def _extend_snippets() -> None:
    op.add_column("snippets", sa.Column("parameters", sa.String(), nullable=False, server_default=""))
    op.add_column("snippets", sa.Column("like_idea", sa.String(), nullable=False, server_default=""))
    op.add_column("snippets", sa.Column("version", sa.Integer(), nullable=False, server_default="1"))
    op.add_column("snippets", sa.Column("changed_at", sa.DateTime(), nullable=True))
    op.create_table(
        "snippet_versions",
        sa.Column("snippet_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("code_hash", sa.String(), nullable=False),
        sa.Column("parameters", sa.String(), nullable=False),
        sa.Column("saved_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["snippet_id"], ["snippets.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("snippet_id", "version"),
    )
