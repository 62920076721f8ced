"""Connections to PostgreSQL and their transactions: the only file that imports its client."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from math import ceil
from queue import Empty, Full, LifoQueue
from typing import Any, LiteralString, Self, TypeVar

import orjson
import psycopg
from psycopg.abc import RV, PQGen
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.pq import TransactionStatus
from psycopg.rows import class_row, dict_row
from psycopg.types.json import set_json_loads

from results.storage.connection_strings import check_fields, without_secrets
from seep.errors import InputError, Unavailable
from seep.settings.exposure import is_local

# Not called operational, and no fault of the query: after a failover the server may be a standby, which takes no
# writes; a session was ended for its age; rights are yet to be granted.
REFUSING = (
    psycopg.errors.ReadOnlySqlTransaction,
    psycopg.errors.IdleInTransactionSessionTimeout,
    psycopg.errors.TransactionTimeout,
    psycopg.errors.InsufficientPrivilege,
)
# The last two: its schema is not there yet, or not yet this version's.
UNUSABLE = (
    psycopg.OperationalError,
    *REFUSING,
    psycopg.errors.UndefinedTable,
    psycopg.errors.UndefinedColumn,
)
# Called operational too, but the database is well: a value is too large for it, and will be at every try.
TOO_LARGE = (psycopg.errors.ProgramLimitExceeded, psycopg.errors.StatementTooComplex)
Record = TypeVar("Record")
Parameters = Sequence[object] | Mapping[str, object]

# So that a server that vanished without a word is noticed within a minute; the DSN may say otherwise. One that hangs,
# but whose kernel still acknowledges what it gets, is noticed where statements are limited (`statement_seconds`).
CONNECTION_DEFAULTS = {
    "connect_timeout": "10",
    "keepalives_idle": "30",
    "keepalives_interval": "10",
    "tcp_user_timeout": "30000",
}
# Of each transaction, where neither the DSN nor PGOPTIONS says otherwise. A process that hangs in one, or whose machine
# is cut off, would hold its locks for ever: the server ends it, and whoever waits for the lock says so meanwhile.
GUARDS = {
    "lock_timeout": "20s",
    "idle_in_transaction_session_timeout": "60s",
    "tcp_keepalives_idle": "30",
    "tcp_keepalives_interval": "10",
    "tcp_keepalives_count": "3",
}
# Of a transaction in which verdicts are computed between its statements: of large runs on a busy machine for minutes.
COMPUTING = {"idle_in_transaction_session_timeout": "15min"}
# Over what the DSN and the environment say: all texts here are in it.
TEXT = {"client_encoding": "UTF8"}
# The values of sslmode that look at who answers.
VERIFYING = ("verify-ca", "verify-full")
# No setting of libpq's is shorter.
SHORTEST_CONNECT_TIMEOUT = 2
# How much longer than the server may take for a statement its answer is waited for.
ON_ITS_WAY_SECONDS = 1.0
# As many as the API has in use at once.
KEPT_IDLE = 8

Connection = psycopg.Connection
Cursor = psycopg.Cursor


class DatabaseUnavailable(Unavailable):
    """The database cannot be reached or used now."""


class LimitedConnection(psycopg.Connection):
    """A connection whose statements may be limited; its own `statement_seconds` are None where they are not.

    `guards` are the settings of each of its transactions.
    """

    statement_seconds: float | None = None
    guards: Mapping[str, str] = GUARDS

    def wait(self, gen: PQGen[RV], interval: float = 0.1, timeout: float | None = None) -> RV:
        """Waits for the server, as every call of the client does; a little longer than the server may take."""
        if timeout is None and self.statement_seconds is not None:
            timeout = self.statement_seconds + ON_ITS_WAY_SECONDS
        try:
            return super().wait(gen, interval, timeout)
        except psycopg.OperationalError:
            # An error of the server's would have ended the statement.
            if timeout is None or self.pgconn.transaction_status != TransactionStatus.ACTIVE:
                raise
            self.close()
            raise psycopg.OperationalError("the server does not answer") from None

    def limit_transaction(self, computing: bool = False) -> None:
        """Sets the limits for one transaction.

        A pool of connections before the server, as PgBouncer, takes no such option when it is connected to, and hands a
        session's settings on to others.
        """
        settings = dict(self.guards)
        if computing:
            settings |= {name: value for name, value in COMPUTING.items() if name in settings}
        if self.statement_seconds is not None:
            settings["statement_timeout"] = str(ceil(1000 * self.statement_seconds))
        # All at once: each journey to the server is a good part of a short transaction.
        self.execute("; ".join(f"SET LOCAL {name} = '{value}'" for name, value in settings.items()).encode())


def connect(dsn: str, statement_seconds: float | None = None) -> LimitedConnection:
    """A new connection, whose statements may take so many seconds each where neither the DSN nor PGOPTIONS limits them.

    Raises InputError for a malformed DSN, DatabaseUnavailable where nothing answers, or what does is not in UTF-8.
    """
    said = _parts(dsn)
    defaults = CONNECTION_DEFAULTS
    if statement_seconds is not None:
        defaults = defaults | {"connect_timeout": str(max(SHORTEST_CONNECT_TIMEOUT, ceil(statement_seconds)))}
    try:
        # What one connection prepares, a pooler in transaction mode runs on another.
        connection = LimitedConnection.connect(make_conninfo("", **defaults | said | TEXT), prepare_threshold=None)
    except psycopg.OperationalError as error:
        # Not from the error: a traceback would show what is hidden here.
        raise DatabaseUnavailable(without_secrets(_one_line(error), said)) from None
    except psycopg.ProgrammingError as error:
        raise InputError(f"database.dsn: {without_secrets(_one_line(error), said)}") from None
    _check_encoding(connection)
    # A list of runs is for the most part JSON, which the standard library takes twice as long to read.
    set_json_loads(orjson.loads, connection)
    options = str(said.get("options") or os.environ.get("PGOPTIONS", ""))
    if "statement_timeout" not in options:
        connection.statement_seconds = statement_seconds
    connection.guards = {name: value for name, value in GUARDS.items() if name not in options}
    return connection


def server_name(dsn: str) -> str:
    """Which database a DSN means, without user and password; raises InputError for a malformed one."""
    said = _parts(dsn)
    port = f":{said['port']}" if said.get("port") else ""
    return f"database {said.get('dbname') or said.get('user') or ''} at {said.get('host') or 'this machine'}{port}"


def exposure(dsn: str) -> str | None:
    """What is exposed on the way to a database elsewhere, in one line; InputError for a malformed DSN."""
    said = _parts(dsn)
    hosts = str(said.get("hostaddr") or said.get("host") or os.environ.get("PGHOST", "")).split(",")
    mode = str(said.get("sslmode") or os.environ.get("PGSSLMODE", "prefer"))
    if mode in VERIFYING or all(map(is_local, hosts)):
        return None
    return f"database.dsn: with sslmode={mode} whoever answers may read what is sent; verify-full asks who it is"


def unavailable(error: BaseException | None) -> DatabaseUnavailable | None:
    """The error where it says that the database cannot be used now; None if the query is at fault."""
    if not isinstance(error, UNUSABLE) or isinstance(error, TOO_LARGE):
        return None
    return DatabaseUnavailable(f"PostgreSQL: {_one_line(error)}")


def records(
    connection: Connection, record: type[Record], query: LiteralString, parameters: Parameters | None = None
) -> list[Record]:
    """The rows of a query as dataclasses whose fields are named like its columns."""
    with connection.cursor(row_factory=class_row(record)) as cursor:
        return cursor.execute(query, parameters).fetchall()


def one_record(
    connection: Connection, record: type[Record], query: LiteralString, parameters: Parameters | None = None
) -> Record | None:
    """The first row of a query; None if there is none."""
    return next(iter(records(connection, record, query, parameters)), None)


def as_dicts(connection: Connection, query: LiteralString, parameters: Parameters) -> list[dict[str, Any]]:
    """The rows of a query, each by the names of its columns."""
    return connection.cursor(row_factory=dict_row).execute(query, parameters).fetchall()


def where(conditions: Mapping[str, LiteralString], given: Mapping[str, object]) -> LiteralString:
    """A WHERE clause of those conditions alone whose parameter is given.

    A condition on what may be null would keep the planner from the index that serves the others.
    """
    chosen = [condition for name, condition in conditions.items() if given.get(name) is not None]
    return " WHERE " + " AND ".join(chosen) if chosen else ""


class Database:
    """Transactions on a PostgreSQL. Connects at the first one, and again after DatabaseUnavailable, which every one may
    raise; may be used from several threads, each of which then has a connection."""

    def __init__(self, dsn: str, statement_seconds: float | None = None) -> None:
        """With `statement_seconds` a statement that takes longer raises DatabaseUnavailable.

        So does a server that hangs, a second later. A statement_timeout in the DSN goes before. InputError for a
        malformed DSN.
        """
        _parts(dsn)
        self._dsn = dsn
        self._statement_seconds = statement_seconds
        self._idle: LifoQueue[LimitedConnection] = LifoQueue(KEPT_IDLE)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    @contextmanager
    def snapshot(self, *, computing: bool = False) -> Iterator[Connection]:
        """A transaction whose queries all see the same state; `computing` as for any transaction."""
        with self.transaction(computing=computing) as connection:
            connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            yield connection

    @contextmanager
    def transaction(self, *, computing: bool = False) -> Iterator[Connection]:
        """A transaction that ends with the block: committed, or rolled back where the block raises.

        One that is `computing` may be idle for minutes between two statements. It is on an idle connection, else on a
        new one: there are as many as are used at once.
        """
        try:
            connection = self._idle.get_nowait()
        except Empty:
            connection = connect(self._dsn, self._statement_seconds)
        try:
            with connection.transaction():
                connection.limit_transaction(computing)
                yield connection
        except psycopg.Error as error:
            if (failure := unavailable(error)) is None:
                raise
            # What happened to this connection has happened to the idle ones as well.
            connection.close()
            self.close()
            raise failure from error
        finally:
            self._keep(connection)

    def _keep(self, connection: LimitedConnection) -> None:
        if connection.closed:
            return
        try:
            self._idle.put_nowait(connection)
        except Full:
            connection.close()

    def close(self) -> None:
        """Closes the connections that are not in use; the next call opens a new one."""
        with suppress(Empty):
            while True:
                self._idle.get_nowait().close()


def _parts(dsn: str) -> dict[str, Any]:
    try:
        said = conninfo_to_dict(dsn)
    except psycopg.ProgrammingError:
        # The message may quote the DSN, and with it a password.
        raise InputError("database.dsn: not a PostgreSQL connection string") from None
    check_fields(said)
    return said


def _check_encoding(connection: psycopg.Connection) -> None:
    """Refuses a database that cannot hold every text, or does not know which texts it holds."""
    # A pooler need not hand on what the server says of itself.
    encoding = connection.info.parameter_status("server_encoding") or _shown_encoding(connection)
    if encoding.upper().replace("-", "") != "UTF8":
        connection.close()
        made = "CREATE DATABASE ... ENCODING 'UTF8' TEMPLATE template0"
        raise DatabaseUnavailable(f"PostgreSQL: expected a database in UTF-8 ({made}), found one in {encoding}")


def _shown_encoding(connection: psycopg.Connection) -> str:
    with connection.transaction():
        row = connection.execute("SHOW server_encoding").fetchone()
    return str(row[0]) if row else ""


def _one_line(error: psycopg.Error) -> str:
    # What the server adds to its message can quote a row, and with it a prompt.
    message = error.diag.message_primary or str(error)
    return " ".join(message.split()) or type(error).__name__
