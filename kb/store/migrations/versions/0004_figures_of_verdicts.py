"""Verdicts with the figure of every draw and the smallest counterexample; edges that no claim can back say why."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column("verdicts", sa.Column("figures", sa.JSON(), nullable=False, server_default="[]"))
    op.add_column("verdicts", sa.Column("example", sa.JSON(), nullable=True))
    op.add_column("lineage_edges", sa.Column("unclaimed", sa.String(), nullable=False, server_default=""))
