"""What pages read of many runs at once is bounded, however many there are."""

import time

import pytest

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


@pytest.mark.parametrize(("sent_ago", "seconds"), [(60.0, 60.0), (3600.0, 300.0), (-30.0, 1.0)])
def test_a_first_batch_took_as_long_as_the_run_is_old(store: Stored, sent_ago: float, seconds: float) -> None:
    manifest = run_manifest(40, {"1": 80}, "run-1", created_at=time.time() - sent_ago)
    store.record([scored_job(f"job-{number}", {"1": [1.0]}) for number in range(10)], [], [manifest])
    run = store.run("run-1")
    assert run is not None
    with store.snapshot() as connection:
        found = overview.throughput(connection, run)
    assert found.jobs == 10
    assert seconds <= found.seconds <= seconds + 300
    assert found.remaining_seconds == pytest.approx(3 * found.seconds)
