"""Connections to PostgreSQL and their transactions: the only file that imports its client."""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, LiteralString, TypeVar

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.rows import class_row, dict_row

from seep.errors import InputError, Unavailable

# The last two: its schema is not there yet, or not yet this version's.
UNUSABLE = (psycopg.OperationalError, psycopg.errors.UndefinedTable, psycopg.errors.UndefinedColumn)
# Called operational too, but the database is well: a value is too large for it, and will be at every try.
TOO_LARGE = (psycopg.errors.ProgramLimitExceeded, psycopg.errors.StatementTooComplex)
Record = TypeVar("Record")
Parameters = Sequence[object] | Mapping[str, object]

# So that a server that vanished without a word is noticed within a minute; the DSN may say otherwise.
CONNECTION_DEFAULTS = {"connect_timeout": "10", "keepalives_idle": "30", "tcp_user_timeout": "30000"}

Connection = psycopg.Connection
Cursor = psycopg.Cursor


class DatabaseUnavailable(Unavailable):
    """The database cannot be reached or used now."""


def connect(dsn: str) -> Connection:
    """A new connection; raises InputError for a malformed DSN, DatabaseUnavailable where nothing answers."""
    try:
        parameters = CONNECTION_DEFAULTS | conninfo_to_dict(dsn)
    except psycopg.ProgrammingError:
        # The message may quote the DSN, and with it a password.
        raise InputError("database.dsn: not a PostgreSQL connection string") from None
    try:
        return psycopg.connect(make_conninfo("", **parameters))
    except psycopg.OperationalError as error:
        raise DatabaseUnavailable(_one_line(error)) from error


def records(
    connection: Connection, of: type[Record], query: LiteralString, parameters: Parameters | None = None
) -> list[Record]:
    """The rows of a query as dataclasses whose fields are named like its columns."""
    with connection.cursor(row_factory=class_row(of)) as cursor:
        return cursor.execute(query, parameters).fetchall()


def as_dicts(connection: Connection, query: LiteralString, parameters: Parameters) -> list[dict[str, Any]]:
    """The rows of a query, each by the names of its columns."""
    return connection.cursor(row_factory=dict_row).execute(query, parameters).fetchall()


class Database:
    """Transactions on a PostgreSQL. Connects at the first one, and again after DatabaseUnavailable, which every one may
    raise; may be used from several threads, each of which then has a connection."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._idle: deque[Connection] = deque()

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """A transaction whose queries all see the same state."""
        with self.transaction() as connection:
            connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            yield connection

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """A transaction that ends with the block: committed, or rolled back where the block raises.

        It is on an idle connection, else on a new one: there are as many as are used at once.
        """
        try:
            connection = self._idle.pop()
        except IndexError:
            connection = connect(self._dsn)
        try:
            with connection.transaction():
                yield connection
        except TOO_LARGE:
            raise
        except UNUSABLE as error:
            # What happened to this connection has happened to the idle ones as well.
            connection.close()
            self.close()
            raise DatabaseUnavailable(_one_line(error)) from error
        finally:
            if not connection.closed:
                self._idle.append(connection)

    def close(self) -> None:
        """Closes the connections that are not in use; the next call opens one anew."""
        while self._idle:
            self._idle.pop().close()


def _one_line(error: psycopg.Error) -> str:
    # What the server adds to its message can quote a row, and with it a prompt.
    told = error.diag.message_primary or str(error)
    return " ".join(told.split()) or type(error).__name__
