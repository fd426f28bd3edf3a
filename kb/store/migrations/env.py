"""Alembic's entry: run the migrations on the connection that ``kb.store.schema`` hands over, in its transaction."""

from alembic import context

from kb.store.tables import Table

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Table.metadata,
    render_as_batch=True,
    transactional_ddl=True,
)
context.run_migrations()
