"""Where the commands find the results: the configured PostgreSQL, else a checkout's or the user's embedded one."""

import os
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from pathlib import Path

from cli.lookups import unset_baselines
from cli.rendering.output import echo
from results.storage.database import Database, DatabaseUnavailable, server_name
from results.storage.versions import ensure_current
from seep.errors import InputError, Unavailable
from seep.local_postgres import local_postgres
from seep.settings import Monitor, Settings

EMBEDDED = Path(".seep/postgres")


def embedded_folder() -> Path:
    """Where the embedded PostgreSQL is: in this folder or the nearest above it that has one, as a checkout has after
    its set-up, else the user's own, which is the same wherever a command is given."""
    if EMBEDDED.exists():
        return EMBEDDED
    for folder in Path.cwd().parents:
        if os.access(folder / EMBEDDED, os.W_OK):
            return folder / EMBEDDED
    try:
        data = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local/share")
    except RuntimeError:  # nobody's home is known, as in a container whose user has no name
        return EMBEDDED
    return data / "seep/postgres"


def announce_database(settings: Settings) -> None:
    """Says on stderr where the results are kept."""
    dsn = settings.database.resolved_dsn()
    place = f"PostgreSQL in {embedded_folder().resolve()}" if dsn is None else f"PostgreSQL, {server_name(dsn)}"
    echo(f"results: {place}", err=True)


@contextmanager
def open_database(settings: Settings) -> Iterator[Database]:
    """The database with its schema up to date; raises DatabaseUnavailable or InputError."""
    dsn = settings.database.resolved_dsn()
    try:
        with ExitStack() as opened:
            found = opened.enter_context(_embedded()) if dsn is None else dsn
            ensure_current(found)
            yield opened.enter_context(Database(found))
    except DatabaseUnavailable as error:
        raise DatabaseUnavailable(f"{_named(settings)}: {error}") from error


def has_database(settings: Settings) -> bool:
    """Whether there are results already: a configured database, or an embedded one that was used before."""
    return settings.database.resolved_dsn() is not None or (embedded_folder() / "data").exists()


def warn_of_unset_baselines(settings: Settings, monitors: Mapping[str, Monitor]) -> None:
    """Says on stderr which of the monitors will not be tested, if there is a database to ask."""
    # Who only sends runs may lack the secret of the database, as in the chart, or the right to read them; the runs are
    # sent all the same.
    with suppress(Unavailable, InputError):
        if has_database(settings):
            with open_database(settings) as database, database.snapshot() as connection:
                for line in unset_baselines(connection, monitors):
                    echo(line, err=True)


def _embedded() -> AbstractContextManager[str]:
    folder = embedded_folder()
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{folder.parent}: cannot be written: {error.strerror}") from error
    return local_postgres(folder)


def _named(settings: Settings) -> str:
    """What a complaint about the database is about: a field of the configuration, or the embedded one's folder."""
    if settings.database.dsn_file is not None and not settings.database.dsn:
        return "database.dsn_file"
    return str(embedded_folder()) if settings.database.dsn is None else "database.dsn"
