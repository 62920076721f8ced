"""Whether a schema is up to date, without what brings it there: that imports for longer than a list of runs takes."""

from importlib.resources import files
from typing import LiteralString

from results.storage.database import Database

# The role may lack the right to look; then who migrates says so.
MAY_LOOK: LiteralString = """
SELECT CASE WHEN to_regclass('alembic_version') IS NULL THEN false
       ELSE has_table_privilege(to_regclass('alembic_version'), 'SELECT') END
"""
VERSIONS: LiteralString = "SELECT version_num FROM alembic_version"


def is_current(dsn: str) -> bool:
    """Whether the database has seen all migrations of this version.

    Raises DatabaseUnavailable, or InputError for a malformed DSN.
    """
    with Database(dsn) as database, database.transaction() as connection:
        if connection.execute(MAY_LOOK).fetchone() != (True,):
            return False
        return [version for (version,) in connection.execute(VERSIONS)] == [newest()]


def ensure_current(dsn: str) -> None:
    """Migrates a database that has not seen all migrations; raises what `is_current` and `migrate` raise."""
    if not is_current(dsn):
        # Not above: what it imports takes as long as all else of a command, and a schema is seldom behind.
        from results.storage.migrate import migrate

        migrate(dsn)


def newest() -> str:
    """The last migration; a file is named after it, as 0001_initial.py."""
    names = (path.name for path in files("results.storage.migrations.versions").iterdir())
    return max(name.partition("_")[0] for name in names if name[:4].isdigit())
