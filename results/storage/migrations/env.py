"""Alembic's entry: runs the revisions over the connection that `results.storage.migrate` opened."""

from alembic import context

context.configure(connection=context.config.attributes["connection"])
with context.begin_transaction():
    context.run_migrations()
