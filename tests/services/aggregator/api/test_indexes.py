"""Every query that the API makes finds its rows by an index: no big table is read whole, however long it grows."""

import time
from collections.abc import Iterator

import psycopg
import pytest
from fastapi.testclient import TestClient

from benchmarks.filled_database import COPIED, MONITOR, fill
from services.aggregator.store import Store

RUN = "run-7"
SERIES = "/v1/series?target=target-7&suite=colours&metric=bert_score&limit=10"
PATHS = (
    "/v1/runs",
    "/v1/runs?target=target-7",
    "/v1/runs?suite=colours",
    f"/v1/runs?monitor={MONITOR}",
    f"/v1/runs?after={RUN}",
    f"/v1/runs/{RUN}",
    f"/v1/runs/{RUN}/rates",
    f"/v1/runs/{RUN}/rates?by=concept",
    f"/v1/runs/{RUN}/rates?pool=1,2",
    f"/v1/runs/{RUN}/comparisons",
    f"/v1/runs/{RUN}/comparisons?category=1",
    f"/v1/runs/{RUN}/comparisons?only=leaks",
    f"/v1/runs/{RUN}/comparisons?only=ties&metric=bert_score",
    f"/v1/runs/{RUN}/comparisons?test=0000000001",
    SERIES,
    f"{SERIES}&since=1000&until=9000000",
    f"{SERIES}&category=1&after={RUN}",
    "/v1/monitors",
    "/v1/deadletters",
    "/readyz",
)


@pytest.fixture
def filled(dsn: str, store: Store) -> Iterator[psycopg.Connection]:
    """Hundreds of runs, and a connection to watch them by."""
    fill(dsn, run="run", jobs=4, tests=6, samples=5, copies=400, targets=8)
    with psycopg.connect(dsn, autocommit=True) as watching:
        yield watching


def whole_reads(watching: psycopg.Connection) -> dict[str, int]:
    """How often each big table was read from end to end, as PostgreSQL counts it once all other connections are gone:
    a connection hands in what it has counted on its way out."""
    others = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    while watching.execute(others).fetchone() != (0,):
        time.sleep(0.01)
    counted = watching.execute("SELECT relname, seq_scan FROM pg_stat_user_tables").fetchall()
    return {table: reads for table, reads in counted if table in COPIED}


def test_no_route_reads_a_big_table_whole(client: TestClient, store: Store, filled: psycopg.Connection) -> None:
    before = whole_reads(filled)
    assert len(before) == len(COPIED)
    for path in PATHS:
        for _ in range(7):  # from the sixth time on PostgreSQL may prefer a plan for all parameters
            assert client.get(path).status_code == 200, path
        store.close()
        assert whole_reads(filled) == before, path


def test_a_table_that_is_read_whole_would_be_noticed(dsn: str, filled: psycopg.Connection) -> None:
    before = whole_reads(filled)
    with psycopg.connect(dsn) as reading:
        reading.execute("SELECT count(*) FROM comparisons WHERE generation = 'a'")
    assert whole_reads(filled) != before
