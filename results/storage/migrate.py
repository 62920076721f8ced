"""Brings a schema up to date."""

import logging
from functools import partial

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from results.storage.database import LimitedConnection, connect, unavailable

log = logging.getLogger(__name__)

# Any number will do, as long as all versions of this service use the same one.
LOCK = 0x5EE9


def migrate(dsn: str) -> None:
    """Runs all migrations that the database has not seen; processes that start together wait for each other. A schema
    that a later version of this service has made stays as it is.

    Raises DatabaseUnavailable where the database cannot be reached, takes no writes or gives its role too few rights.
    """
    config = Config()
    config.set_main_option("script_location", "results.storage:migrations")
    engine = create_engine("postgresql+psycopg://", creator=partial(connect, dsn), poolclass=NullPool)
    try:
        # One transaction for lock and migrations: a half-migrated schema is never seen.
        with engine.begin() as connection:
            _limit(connection)
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
            config.attributes["connection"] = connection
            if unknown := _unknown_revisions(connection, config):
                # This version was rolled back to; the schema of a later one is one that it can use.
                log.warning("the schema is a later version's, %s; left as it is", ", ".join(unknown))
                return
            command.upgrade(config, "head")
    except DBAPIError as error:
        if (failure := unavailable(error.orig)) is None:
            raise
        raise failure from error


def _limit(connection: Connection) -> None:
    """Sets for this transaction what every other one has."""
    driver_connection = connection.connection.driver_connection
    assert isinstance(driver_connection, LimitedConnection)
    driver_connection.limit_transaction()


def _unknown_revisions(connection: Connection, config: Config) -> list[str]:
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    return sorted(set(MigrationContext.configure(connection).get_current_heads()) - known)
