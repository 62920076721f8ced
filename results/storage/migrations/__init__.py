"""The database's schema as alembic revisions; `results.storage.migrate` runs them."""
