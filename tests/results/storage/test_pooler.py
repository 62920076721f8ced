"""Behind PgBouncer in transaction mode, where each transaction may be on another connection, all is as without it."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from results.storage.facts import database_facts
from results.storage.migrate import migrate
from seep.records import RunManifest, ScoredJob
from tests import poolers
from tests.databases import NUMBERS
from tests.stored import Stored
from tests.summaries import figures

Scored = Callable[..., ScoredJob]
Manifest = Callable[..., RunManifest]
pytestmark = pytest.mark.skipif(poolers.BINARY is None, reason=poolers.MISSING)


@pytest.fixture(params=[1, 2])
def pooled(request: pytest.FixtureRequest, postgres_server: str, tmp_path: Path) -> Iterator[str]:
    """The DSN of an empty database behind a pooler with one connection to it, and with two."""
    name = f"pooled_{next(NUMBERS)}"
    with psycopg.connect(postgres_server, autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}".encode())
    with poolers.pooled(make_conninfo(postgres_server, dbname=name), tmp_path, request.param) as dsn:
        yield dsn


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
                assert store.leak_sums("run-1")
                assert store.comparisons("run-1", limit=5)

    with ThreadPoolExecutor(4) as workers:
        list(workers.map(work, range(4)))
    with Stored(pooled) as store:
        store.publish()
        assert figures(store.rates("run-1"))["1"][:2] == (50.0, 80)


def test_that_a_pooler_stands_between_is_seen(pooled: str, postgres_server: str) -> None:
    assert database_facts(pooled, 5.0).through_pooler
    assert not database_facts(postgres_server, 5.0).through_pooler
