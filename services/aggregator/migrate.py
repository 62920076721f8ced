"""Brings a database's schema up to date."""

from functools import partial

from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

from services.aggregator.store import DatabaseUnavailable, connect

# Any number will do, as long as all versions of this service use the same one.
LOCK = 0x5EE9


def migrate(dsn: str) -> None:
    """Runs all migrations that the database has not seen; processes that start together wait for each other.

    Raises DatabaseUnavailable where the database cannot be reached.
    """
    config = Config()
    config.set_main_option("script_location", "services.aggregator:migrations")
    engine = create_engine("postgresql+psycopg://", creator=partial(connect, dsn), poolclass=NullPool)
    try:
        # One transaction for lock and migrations: a half-migrated schema is never seen.
        with engine.begin() as connection:
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    except OperationalError as error:
        raise DatabaseUnavailable(str(error.orig)) from error
