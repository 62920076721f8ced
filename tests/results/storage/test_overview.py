"""What pages read of many runs at once is bounded, however many there are."""

import time

import pytest

from results.overview import Throughput
from results.storage import overview
from tests.builders import run_manifest, scored_job
from tests.stored import Stored


def test_of_each_suite_the_newest_runs_are_counted_by_version(store: Stored, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(overview, "COUNTED_RUNS", 3)
    for number in range(5):
        version = "1" if number < 3 else "2"
        store.record([], [], [run_manifest(1, {"1": 1}, f"run-{number}", suite="often", suite_version=version)])
    store.record([], [], [run_manifest(1, {"1": 1}, "other", suite="seldom")])
    with store.snapshot() as connection:
        found = overview.suite_uses(connection, 10)
    assert [(use.suite, use.version, use.runs, use.newest_run) for use in found] == [
        ("often", "2", 2, "run-4"),
        ("often", "1", 1, "run-2"),
        ("seldom", "1", 1, "other"),
    ]


@pytest.mark.parametrize(("sent_ago", "seconds"), [(60.0, 60.0), (3600.0, 300.0)])
def test_a_first_batch_took_as_long_as_the_run_is_old(store: Stored, sent_ago: float, seconds: float) -> None:
    found = _throughput(store, time.time() - sent_ago, batches=[0.0])
    assert found.jobs == 10
    assert seconds <= found.seconds <= min(300, seconds + 30)
    assert found.remaining_seconds == pytest.approx(3 * found.seconds)


@pytest.mark.parametrize("ahead", [60.0, 1e300, None])
def test_a_first_batch_has_no_speed_where_nobody_knows_when_it_was_begun(store: Stored, ahead: float | None) -> None:
    found = _throughput(store, None if ahead is None else time.time() + ahead, batches=[0.0])
    assert (found.jobs, found.remaining_seconds) == (0, None)
    assert 1 <= found.seconds <= 30


@pytest.mark.parametrize(("first", "jobs", "seconds"), [(100.0, 10, 100.0), (900.0, 10, 300.0), (200.0, 20, 200.0)])
def test_with_the_senders_clock_ahead_a_run_has_begun_with_its_first_batch(
    store: Stored, first: float, jobs: int, seconds: float
) -> None:
    found = _throughput(store, time.time() + 60, batches=[first, *([60.0] if jobs == 20 else []), 20.0])
    assert found.jobs == jobs
    assert seconds <= found.seconds <= min(300, seconds + 30)
    left = 40 - 10 - jobs
    assert found.remaining_seconds == pytest.approx(left * found.seconds / jobs)


def _throughput(store: Stored, sent: float | None, batches: list[float]) -> Throughput:
    """That of a run of 40 jobs, ten of which were recorded so many seconds ago each time."""
    store.record([], [], [run_manifest(40, {"1": 80}, "run-1", created_at=sent)])
    for batch, ago in enumerate(batches):
        names = [f"job-{batch}-{number}" for number in range(10)]
        store.record([scored_job(name, {"1": [1.0]}) for name in names], [], [])
        with store.transaction() as connection:
            connection.execute(
                "UPDATE jobs SET recorded_at = recorded_at - make_interval(secs => %s) WHERE job_id = ANY(%s)",
                (ago, names),
            )
    run = store.run("run-1")
    assert run is not None
    with store.snapshot() as connection:
        return overview.throughput(connection, run)
