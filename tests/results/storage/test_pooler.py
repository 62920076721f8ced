"""Behind PgBouncer in transaction mode, where each transaction may be on another connection, all is as without it."""

import os
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from results.storage.facts import database_facts
from results.storage.migrate import migrate
from seep.records import RunManifest, ScoredJob
from tests.conftest import NUMBERS
from tests.stored import Stored
from tests.summaries import figures
from tests.waiting import wait_until

Scored = Callable[..., ScoredJob]
Manifest = Callable[..., RunManifest]
BINARY = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
pytestmark = pytest.mark.skipif(BINARY is None, reason="pgbouncer is not installed; Debian has it as pgbouncer")


@pytest.fixture
def pooled(postgres_server: str, tmp_path: Path) -> Iterator[str]:
    """The DSN of an empty database behind a pooler with two connections to it."""
    name = f"pooled_{next(NUMBERS)}"
    with psycopg.connect(postgres_server, autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}".encode())
    said = {field: str(value) for field, value in conninfo_to_dict(postgres_server).items()}
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    place = " ".join(f"{field}={said[field]}" for field in ("host", "port", "user") if said.get(field))
    settings = tmp_path / "pgbouncer.ini"
    settings.write_text(
        f"[databases]\n{name} = {place} dbname={name}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\n"
        "unix_socket_dir =\nauth_type = any\npool_mode = transaction\ndefault_pool_size = 2\nmax_client_conn = 50\n"
    )
    # It refuses to be root; the server's own user reaches its socket.
    user = ["-u", Path(said["host"]).owner()] if os.geteuid() == 0 else []
    with (tmp_path / "log").open("w") as log:
        assert BINARY is not None
        pooler = subprocess.Popen([BINARY, "-q", *user, settings], stdout=log, stderr=log)
    dsn = make_conninfo(host="127.0.0.1", port=port, dbname=name, user=said["user"])
    try:
        wait_until(lambda: _answers(dsn))
        yield dsn
    finally:
        pooler.kill()
        pooler.wait()


def _answers(dsn: str) -> bool:
    try:
        with psycopg.connect(dsn):
            return True
    except psycopg.OperationalError:
        return False


def test_runs_are_recorded_and_read_by_many_at_once(pooled: str, scored: Scored, manifest: Manifest) -> None:
    migrate(pooled)
    migrate(pooled)

    def work(number: int) -> None:
        with Stored(pooled, statement_seconds=30) as store:
            for repetition in range(20):
                job = f"{number}-{repetition}"
                store.record([scored(job, {"1": [number % 2]})], [], [manifest(80, {"1": 80})])
                store.publish()
                assert store.run("run-1") is not None
                assert store.runs(20)
                assert store.leak_sums(["run-1"])
                assert store.comparisons("run-1", limit=5)

    with ThreadPoolExecutor(4) as workers:
        list(workers.map(work, range(4)))
    with Stored(pooled) as store:
        store.publish()
        assert figures(store.rates("run-1"))["1"][:2] == (50.0, 80)


def test_that_a_pooler_stands_between_is_seen(pooled: str, postgres_server: str) -> None:
    assert database_facts(pooled, 5.0).through_pooler
    assert not database_facts(postgres_server, 5.0).through_pooler
