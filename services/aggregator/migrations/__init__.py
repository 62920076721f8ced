"""The database's schema as alembic revisions; `services.aggregator.migrate` runs them."""
