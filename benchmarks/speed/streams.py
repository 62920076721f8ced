"""What a monitor's run costs at the 10th place of its stream and at the 17,520th, two years of hourly runs: seconds and
memory, from the run's sums to its verdicts, e-value and alarm."""

import argparse
import tempfile
import time
import tracemalloc
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import numpy as np
import psycopg

from benchmarks.speed.filled_database import BASELINE, MONITOR, of_colours, run_id
from results.comparison import Cell
from results.drift_test import CellTest, begin
from results.statistics.sequential import MOST_REFERENCES, Evidence, add_rank, no_evidence
from results.storage import baselines, cell_tests, streams, sums
from results.storage.database import Connection, Database
from results.storage.migrate import migrate
from results.storage.recording import record
from seep.local_postgres import local_postgres

PLACES = (10, 1_000, 10_000, 17_520)
WINDOW = 7
REPEATS = 3
JOBS, TESTS, SAMPLES = 191, 4, 5


def main() -> None:
    """Prints seconds and MiB per run, by place in the stream."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    print(f"place in the stream ({JOBS} jobs x {TESTS} tests x {SAMPLES} samples) | seconds, own processor's | MiB")
    with tempfile.TemporaryDirectory() as name, local_postgres(Path(name)) as dsn:
        migrate(dsn)
        with Database(dsn) as database:
            start = prepare(database)
            for place in PLACES:
                tests = {cell: _after(test, place - 1) for cell, test in start.items()}
                with stream_until(database, tests, place) as connection:
                    wall, own = (
                        min(times) for times in zip(*(_seconds(connection) for _ in range(REPEATS)), strict=True)
                    )
                    print(f"{place} | {wall:.2f}, {own:.2f} | {_peak(connection) / 2**20:.0f}", flush=True)


def prepare(database: Database) -> dict[Cell, CellTest]:
    """Records the baseline's runs and one more, which the stream is to end with; the tests as they begin."""
    recorded = of_colours(JOBS, TESTS, SAMPLES)
    for day in range(WINDOW + 1):
        scored, sent = recorded(run_id(day), float(day))
        with database.transaction() as connection:
            record(connection, scored, [], [sent])
    with database.transaction() as connection:
        names = [run_id(day) for day in range(WINDOW)]
        baselines.set_baseline(connection, BASELINE, names)
        return begin([sums.leak_sums(connection, name) for name in names], MONITOR, names)


class _Undo(Exception):
    pass


@contextmanager
def stream_until(database: Database, tests: Mapping[Cell, CellTest], place: int) -> Iterator[Connection]:
    """A transaction in which the stream has so many runs, but for one; it is undone."""
    try:
        with database.transaction() as connection:
            cell_tests.put(connection, MONITOR, BASELINE, tests)
            _add_runs(connection, place - 1)
            yield connection
            raise _Undo
    except _Undo:
        pass


def _add_runs(connection: Connection, runs: int) -> None:
    given = {"monitor": MONITOR, "baseline": BASELINE, "runs": runs}
    connection.execute("INSERT INTO runs (run_id) SELECT 'r' || n FROM generate_series(1, %(runs)s) AS n", given)
    connection.execute(
        "INSERT INTO monitor_runs (monitor, run_id, baseline, role, e_value, difference) SELECT %(monitor)s, 'r' || n,"
        " %(baseline)s, 'tested', 1, sin(n * n) FROM generate_series(1, %(runs)s) AS n",
        given,
    )
    connection.execute("ANALYZE monitor_runs, monitor_references, monitor_evidence, runs")


def _after(test: CellTest, runs: int) -> CellTest:
    """The cell's test after so many runs like the baseline's."""
    draw = np.random.default_rng(runs)
    kept = [
        {job: total + float(draw.integers(9)) / 10 for job, total in test.references[place % WINDOW].items()}
        for place in range(min(runs, MOST_REFERENCES))
    ]
    return CellTest(kept, _evidence(test.evidence.wealth.shape[0], runs - WINDOW))


@cache
def _evidence(directions: int, tested: int) -> Evidence:
    evidence, draw = no_evidence(WINDOW, directions), np.random.default_rng(1)
    for p in draw.uniform(size=tested):
        evidence = add_rank(evidence, p)
    return evidence


def _seconds(connection: Connection) -> tuple[float, float]:
    """By the clock, and of this process's own."""
    start = time.perf_counter(), time.process_time()
    _conclude(connection)
    return time.perf_counter() - start[0], time.process_time() - start[1]


def _peak(connection: Connection) -> int:
    tracemalloc.start()
    _conclude(connection)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


def _conclude(connection: Connection) -> None:
    try:
        with connection.transaction():
            streams.conclude(connection, MONITOR, BASELINE, run_id(WINDOW), 3600.0, 3.0)
            raise psycopg.Rollback
    except psycopg.Rollback:
        pass


if __name__ == "__main__":
    main()
