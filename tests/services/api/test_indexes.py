"""Every query that is made again and again finds its rows by an index: no big table is read whole, and none reads more
rows because there are more runs."""

from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from fastapi.testclient import TestClient

from benchmarks.speed.filled_database import BASELINE, COPIED, MONITOR, copy_runs, fill, of_colours, run_id
from results.monitor_status import Watched
from seep.settings import Monitor, Scheduling
from tests.stored import Stored
from tests.waiting import wait_until

TARGETS = 8
# Few are enough to fill every page, and more than what a plan without an index would be the best for.
FEW_RUNS, MANY_RUNS = 480, 1440
BIG = {*COPIED, "runs", "baselines", "baseline_runs"}
RUN = run_id(7)
SERIES = "/v1/series?target=target-7&suite=colours&metric=bert_score&limit=10"
PATHS = (
    "/v1/runs",
    "/v1/runs?target=target-7",
    "/v1/runs?target=never",
    "/v1/runs?suite=colours",
    "/v1/runs?suite=never",
    "/v1/runs?target=target-7&suite=colours",
    "/v1/runs?target=target-7&suite=never",
    f"/v1/runs?monitor={MONITOR}",
    "/v1/runs?monitor=never",
    f"/v1/runs?after={run_id(100)}",
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
    "/v1/baselines",
    "/v1/baselines?after=baseline-50",
    f"/v1/runs/{RUN}/verdicts?baseline={BASELINE}",
    f"/v1/runs/{RUN}/verdicts?baseline=never",
    f"/v1/monitors/{MONITOR}/stream",
    f"/v1/monitors/{MONITOR}/stream?after={run_id(100)}",
    "/v1/monitors",
    "/v1/facets",
    f"/v1/compare?run={RUN}&baseline={BASELINE}",
    "/ui/runs",
    f"/ui/runs/{RUN}",
    f"/ui/compare?run={RUN}&other={run_id(8)}",
    "/ui/models",
    "/ui/models?suite=colours",
    "/ui/languages",
    "/v1/dead-letters",
    "/readyz",
)
# It counts what is dead, by the target of the run: and each of these runs has a dead job.
COUNTING = {"/v1/dead-letters"}
# A row here and there is read in passing.
SLACK = 30


@pytest.fixture
def filled(dsn: str, store: Stored) -> Iterator[psycopg.Connection]:
    """Hundreds of runs, and a connection to watch them by."""
    fill(dsn, of_colours(jobs=2, tests=3, samples=3), runs=FEW_RUNS, targets=TARGETS)
    with psycopg.connect(dsn, autocommit=True) as watching:
        yield watching


def wait_for_the_others_to_end(watching: psycopg.Connection) -> None:
    """A connection hands in what it has counted on its way out."""
    others = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    wait_until(lambda: watching.execute(others).fetchone() == (0,))


def whole_reads(watching: psycopg.Connection) -> dict[str, int]:
    """How often each big table was read from end to end, as PostgreSQL counts it."""
    wait_for_the_others_to_end(watching)
    counted = watching.execute("SELECT relname, seq_scan FROM pg_stat_user_tables").fetchall()
    return {table: reads for table, reads in counted if table in BIG}


def rows_read(watching: psycopg.Connection, read: Callable[[], object]) -> int:
    """How many rows of tables and entries of indexes PostgreSQL looks at for a reading, whatever it then keeps."""

    def counted() -> int:
        wait_for_the_others_to_end(watching)
        [(of_tables, of_indexes)] = watching.execute(
            "SELECT (SELECT sum(seq_tup_read) FROM pg_stat_user_tables),"
            " (SELECT sum(idx_tup_read) FROM pg_stat_user_indexes)"
        ).fetchall()
        return int(of_tables) + int(of_indexes)

    before = counted()
    read()
    return counted() - before


@pytest.fixture
def readings(client: TestClient, store: Stored) -> dict[str, Callable[[], object]]:
    """All that is read, by the path where it is the API; the others are what a scrape of the aggregator reads."""

    def request_of(path: str) -> Callable[[], object]:
        def get() -> None:
            for _ in range(7):  # from the sixth time on PostgreSQL may prefer a plan for all parameters
                assert client.get(path).status_code == 200, path
            store.close()

        return get

    monitors = {
        name: Monitor(target="target", suite=Path("colours.yaml"), schedule="0 6 * * *", baseline=BASELINE)
        for name in (MONITOR, "never")
    }
    shown = dict.fromkeys(monitors, Watched("target-1", "colours", ("1", "2", "3", "all")))

    def scraped() -> None:
        for _ in range(7):
            store.monitor_statuses(monitors, Scheduling())
            store.watched_rates(shown, ("bert_score",))
            assert len(store.latest_tested(dict.fromkeys(monitors, BASELINE))) == 1
        store.close()

    return {path: request_of(path) for path in PATHS} | {"a scrape": scraped}


def test_no_reading_reads_a_big_table_whole(
    readings: dict[str, Callable[[], object]], filled: psycopg.Connection
) -> None:
    before = whole_reads(filled)
    assert before.keys() == BIG
    for name, read in readings.items():
        read()
        after = whole_reads(filled)
        if name in COUNTING:
            before["runs"] = after["runs"]
        assert after == before, name


def test_no_reading_looks_at_more_rows_where_there_are_more_runs(
    dsn: str, readings: dict[str, Callable[[], object]], filled: psycopg.Connection
) -> None:
    few = {name: rows_read(filled, read) for name, read in readings.items()}
    copy_runs(dsn, FEW_RUNS, MANY_RUNS, TARGETS)
    for name, read in readings.items():
        if name not in COUNTING:
            # Three times as many, if it followed the number of runs. The planner may walk by age where that is cheap,
            # and then passes by the runs of the other targets.
            assert rows_read(filled, read) <= 2 * few[name] + SLACK, (name, few[name])


def test_what_is_read_row_by_row_would_be_noticed(dsn: str, filled: psycopg.Connection) -> None:
    def row_by_row() -> None:
        with psycopg.connect(dsn) as reading:
            reading.execute("SET enable_seqscan = off")
            reading.execute("SELECT FROM runs WHERE suite_version = 'never' ORDER BY run_id LIMIT 1")

    def whole() -> None:
        with psycopg.connect(dsn) as reading:
            reading.execute("SELECT count(*) FROM comparisons WHERE prompt = 'a'")

    before = whole_reads(filled)
    whole()
    assert whole_reads(filled) != before
    before = whole_reads(filled)
    assert rows_read(filled, row_by_row) >= FEW_RUNS
    assert whole_reads(filled) == before
