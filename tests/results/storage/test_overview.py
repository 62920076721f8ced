"""What pages read of many runs at once is bounded, however many there are."""

import pytest

from results.storage import overview
from tests.builders import run_manifest
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
