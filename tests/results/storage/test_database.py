"""What becomes of a transaction when PostgreSQL is away, or refuses what it is given."""

import os
import random
import signal
import string
import threading
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from results.storage.database import GUARDS, KEPT_IDLE, DatabaseUnavailable, connect
from results.storage.migrate import LOCK, migrate
from results.storage.recording import record
from seep.errors import InputError
from seep.local_postgres import local_postgres
from seep.records import RunManifest, ScoredJob
from tests.stored import Stored
from tests.summaries import figures, state
from tests.waiting import held, sessions, wait_until

Scored = Callable[..., ScoredJob]
Manifest = Callable[..., RunManifest]


def test_a_value_that_is_too_large_is_no_trouble_of_the_database(store: Stored, manifest: Manifest) -> None:
    # As a thing that nobody has thought of would be.
    draw = random.Random(1)
    noise = "".join(draw.choices(string.ascii_letters, k=10_000))
    with pytest.raises(psycopg.errors.ProgramLimitExceeded):
        store.record([], [], [manifest(1, {"1": 1}, suite=noise)])
    store.record([], [], [manifest(1, {"1": 1})])
    assert state(store) == "running"


@pytest.mark.slow
def test_a_store_goes_on_after_the_server_was_away(tmp_path: Path, scored: Scored) -> None:
    with local_postgres(tmp_path) as dsn:
        migrate(dsn)
        store = Stored(dsn, stalled_after_seconds=1800)
        store.record([scored("a", {"1": [1.0]})], [], [])
    with pytest.raises(DatabaseUnavailable):
        store.record([scored("b", {"1": [0.0]})], [], [])
    with pytest.raises(DatabaseUnavailable):
        store.rates("run-1")
    with local_postgres(tmp_path):
        store.record([scored("b", {"1": [0.0]})], [], [])
        assert figures(store.rates("run-1"))["1"][:2] == (50.0, 2)


def test_a_store_opens_without_a_server() -> None:
    with (
        Stored("postgresql://nobody@localhost:1/nothing") as store,
        pytest.raises(DatabaseUnavailable),
    ):
        store.changed_runs()


def test_a_server_that_takes_no_writes_is_trouble_of_the_database(dsn: str, store: Stored, scored: Scored) -> None:
    with psycopg.connect(dsn, autocommit=True) as connection:
        # As after a failover, where the name leads to a standby for a while.
        database = f"ALTER DATABASE {connection.info.dbname}"
        connection.execute(f"{database} SET default_transaction_read_only = on".encode())
        with pytest.raises(DatabaseUnavailable, match=r"^PostgreSQL: cannot execute .* in a read-only transaction$"):
            store.record([scored("a", {"1": [1.0]})], [], [])
        connection.execute(f"{database} RESET default_transaction_read_only".encode())
    store.record([scored("a", {"1": [1.0]})], [], [])
    assert figures(store.rates("run-1"))["1"][:2] == (100.0, 1)


def test_rights_that_are_missing_are_trouble_of_the_database(dsn: str, powerless: str) -> None:
    with Stored(make_conninfo(dsn, user=powerless)) as store:
        with pytest.raises(DatabaseUnavailable, match=r"^PostgreSQL: permission denied for table runs$"):
            store.runs(1)
        with psycopg.connect(dsn) as connection:
            connection.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {powerless}".encode())
        assert store.runs(1) == []


def test_a_session_that_was_ended_for_its_idleness_is_trouble_of_the_database(dsn: str) -> None:
    def idle(store: Stored) -> None:
        with store.transaction() as connection:
            wait_until(lambda: not sessions(dsn))
            connection.execute("SELECT 1")

    impatient = make_conninfo(dsn, options="-c idle_in_transaction_session_timeout=1")
    with (
        Stored(impatient) as store,
        pytest.raises(DatabaseUnavailable, match=r"idle-in-transaction timeout|closed the connection"),
    ):
        idle(store)


def test_a_limited_statement_ends_while_it_waits_for_a_lock(dsn: str) -> None:
    with Stored(dsn, statement_seconds=0.1) as store:
        with held(dsn, "runs"), pytest.raises(DatabaseUnavailable, match="statement timeout"):
            store.runs(1)
        wait_until(lambda: answers(store))


def answers(store: Stored) -> bool:
    """Whether the database answers in time, on a machine that others share."""
    try:
        return store.runs(1) == []
    except DatabaseUnavailable:
        return False


def test_a_server_that_hangs_is_noticed_where_statements_are_limited(dsn: str) -> None:
    with Stored(dsn, statement_seconds=0.1) as store:
        with store.transaction() as connection:
            server = connection.info.backend_pid
        os.kill(server, signal.SIGSTOP)
        try:
            with pytest.raises(DatabaseUnavailable, match="does not answer"):
                store.runs(1)
        finally:
            os.kill(server, signal.SIGCONT)
        wait_until(lambda: answers(store))


def guarded(monkeypatch: pytest.MonkeyPatch, **settings: str) -> None:
    """Other guards for the transactions of this test."""
    monkeypatch.setattr("results.storage.database.GUARDS", GUARDS | settings)


def test_who_waits_for_the_lock_of_a_hung_process_says_so_and_goes_on_once_the_server_has_ended_it(
    dsn: str, scored: Scored, manifest: Manifest, monkeypatch: pytest.MonkeyPatch
) -> None:
    guarded(monkeypatch, lock_timeout="100ms")
    jobs = [scored("a", {"1": [1.0]}), scored("b", {"1": [1.0]})]

    def hang(store: Stored) -> None:
        with store.transaction() as connection:
            record(connection, jobs[:1], [], [manifest(2, {"1": 2})])
            with Stored(dsn) as other:
                with pytest.raises(DatabaseUnavailable, match=r"^PostgreSQL: canceling statement due to lock timeout$"):
                    other.record(jobs, [], [])
                # As a guard does, and not before the other has met the lock.
                connection.execute("SET LOCAL idle_in_transaction_session_timeout = '100ms'")
                wait_until(lambda: records(other))
            connection.execute("SELECT 1")

    def records(other: Stored) -> bool:
        try:
            other.record(jobs, [], [manifest(2, {"1": 2})])
        except DatabaseUnavailable:
            return False
        return True

    with Stored(dsn) as store:
        with pytest.raises(DatabaseUnavailable):
            hang(store)
        assert state(store) == "complete"
        assert figures(store.rates("run-1"))["1"][:2] == (100.0, 2)


def test_a_migration_that_hangs_is_said_by_those_who_wait_for_it(
    postgres_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    guarded(monkeypatch, lock_timeout="100ms")
    with psycopg.connect(postgres_dsn) as hung:
        hung.execute("SELECT pg_advisory_xact_lock(%s)", (LOCK,))
        with pytest.raises(DatabaseUnavailable, match="lock timeout"):
            migrate(postgres_dsn)
    migrate(postgres_dsn)


def test_every_transaction_has_its_guards_unless_the_dsn_says_otherwise(dsn: str) -> None:
    def shown(dsn: str, computing: bool = False) -> tuple[object, ...]:
        with Stored(dsn) as store, store.snapshot(computing=computing) as connection:
            names = ("lock_timeout", "idle_in_transaction_session_timeout", "statement_timeout")
            return tuple(connection.execute("SELECT current_setting(%s)", (name,)).fetchall()[0][0] for name in names)

    assert shown(dsn) == ("20s", "1min", "0")
    assert shown(dsn, computing=True) == ("20s", "15min", "0")
    assert shown(make_conninfo(dsn, options="-c idle_in_transaction_session_timeout=7s"), computing=True)[1] == "7s"
    assert shown(make_conninfo(dsn, options="-c lock_timeout=7s")) == ("7s", "1min", "0")


@pytest.mark.parametrize("said_in", ["the DSN", "the environment"])
@pytest.mark.parametrize(
    ("options", "shown"),
    [
        ("", ("5s", "4MB")),
        ("-c work_mem=5MB", ("5s", "5MB")),
        ("-c statement_timeout=1min", ("1min", "4MB")),
    ],
)
def test_limited_statements_leave_what_is_said_of_a_session(
    postgres_dsn: str, monkeypatch: pytest.MonkeyPatch, options: str, shown: tuple[str, str], said_in: str
) -> None:
    dsn = make_conninfo(postgres_dsn, options=options) if said_in == "the DSN" else postgres_dsn
    if said_in == "the environment":
        monkeypatch.setenv("PGOPTIONS", options)
    with Stored(dsn, statement_seconds=5) as store, store.snapshot() as connection:
        found = "SELECT current_setting('statement_timeout'), current_setting('work_mem')"
        assert connection.execute(found).fetchone() == shown


def test_after_many_transactions_at_once_few_connections_are_kept(dsn: str, store: Stored) -> None:
    at_once = 2 * KEPT_IDLE
    all_there = threading.Barrier(at_once, timeout=300)

    def use() -> None:
        with store.transaction():
            all_there.wait()

    with ThreadPoolExecutor(at_once) as threads:
        for used in [threads.submit(use) for _ in range(at_once)]:
            used.result()
    wait_until(lambda: len(sessions(dsn)) <= KEPT_IDLE)


@pytest.mark.parametrize("encoding", ["SQL_ASCII", "LATIN1"])
def test_a_database_that_cannot_hold_every_text_is_refused_in_one_line(postgres_server: str, encoding: str) -> None:
    name = f"in_{encoding.lower()}"
    with psycopg.connect(postgres_server, autocommit=True) as server:
        made = f"CREATE DATABASE {name} ENCODING '{encoding}' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0"
        server.execute(made.encode())
        dsn = make_conninfo(postgres_server, dbname=name)
        expected = rf"^PostgreSQL: expected a database in UTF-8 \(.*\), found one in {encoding}$"
        with pytest.raises(DatabaseUnavailable, match=expected):
            migrate(dsn)
        with Stored(dsn) as store, pytest.raises(DatabaseUnavailable, match=expected):
            store.runs(1)
        server.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


@pytest.mark.parametrize("setting", ["dsn", "environment"])
def test_texts_are_in_utf_8_whatever_else_is_asked_for(dsn: str, monkeypatch: pytest.MonkeyPatch, setting: str) -> None:
    if setting == "environment":
        monkeypatch.setenv("PGCLIENTENCODING", "LATIN1")
    else:
        dsn = make_conninfo(dsn, client_encoding="LATIN1")
    with Stored(dsn) as store, store.transaction() as connection:
        assert connection.execute("SELECT '日本 \U0001f35a'").fetchone() == ("日本 \U0001f35a",)
        assert connection.execute("SHOW client_encoding").fetchone() == ("UTF8",)


@pytest.mark.parametrize(
    "dsn",
    [
        "postgresql://seep:p@SECRET@127.0.0.1:1/seep",
        "postgresql://seep:p/SECRET@127.0.0.1:1/seep",
        "postgresql://seep:SECRET/1@127.0.0.1:1/seep",
        "postgresql://seep:1/SECRET@127.0.0.1:1/seep",
        "postgresql://seep:p%SECRET@127.0.0.1:1/seep",
        "postgresql://seep@127.0.0.1:SECRET/seep",
        "postgresql+psycopg://seep:SECRET@127.0.0.1:1/seep",
        "postgresql://seep:SECRET@127.0.0.1:1/seep?connect_timeout=x",
        "postgresql://seep:SECRET@127.0.0.1:1/seep?nonsense=SECRET",
        "host=127.0.0.1 port=1 user=seep password=p SECRET dbname=seep",
        "host=127.0.0.1 port=1 user=seep password='p'SECRET' dbname=seep",
        "host=127.0.0.1 port=1 password=SECRET sslmode=nonsense",
        "host=127.0.0.1 port=1 password=SECRET options='-c x=SECRET'",
    ],
)
def test_no_part_of_a_password_is_in_a_message_or_a_traceback(dsn: str) -> None:
    with pytest.raises((InputError, DatabaseUnavailable)) as raised, Stored(dsn) as store:
        store.runs(1)
    whole = "".join(traceback.format_exception(raised.value))
    assert "SECRET" not in str(raised.value)
    # The traceback of a test shows the lines of its calls, and no values.
    assert "SECRET" not in whole


def test_what_a_server_says_of_an_option_hides_its_value(dsn: str) -> None:
    for options in ("-c work_mem=SECRET", "SECRET", "-c SECRET=1 -c work_mem=SECRET"):
        with pytest.raises(DatabaseUnavailable) as raised:
            connect(make_conninfo(dsn, options=options))
        assert "=SECRET" not in str(raised.value)
        assert '"SECRET"' not in str(raised.value) or "parameter" in str(raised.value)
