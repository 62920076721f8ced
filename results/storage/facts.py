"""What a database is like, for who wants to know whether it will do."""

from dataclasses import dataclass
from typing import LiteralString

from results.storage.database import connect

FACTS: LiteralString = """
SELECT current_setting('server_version'), current_setting('server_encoding'), pg_backend_pid(),
       to_regclass('runs') IS NOT NULL
"""


@dataclass(frozen=True)
class DatabaseFacts:
    """The server's version and the database's encoding, whether a pooler as PgBouncer stands between, and whether the
    schema is there."""

    version: str
    encoding: str
    through_pooler: bool
    has_schema: bool


def database_facts(dsn: str, seconds: float) -> DatabaseFacts:
    """Asks the database, with so many seconds for each statement; raises InputError and DatabaseUnavailable."""
    with connect(dsn, seconds) as connection:
        version, encoding, pid, has_schema = connection.execute(FACTS).fetchone() or ("", "", 0, False)
        # A pooler answers the connection itself, with a number of its own.
        return DatabaseFacts(version, encoding, connection.info.backend_pid != pid, has_schema)
