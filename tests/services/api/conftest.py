"""The API over a store with runs in it, one of them compared."""

from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient

from results.dead_jobs import DeadJob
from seep.records import RunManifest, ScoredJob
from seep.settings import Settings
from tests.builders import TOKEN
from tests.services.api.applications import made_once
from tests.stored import Stored


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A monitor with a schedule, one without, and a token."""
    monkeypatch.setenv("SEEP_API__TOKEN", TOKEN)
    return Settings.model_validate(
        {
            "engines": {"e": {"backend": "recorded", "file": "r.jsonl"}},
            "targets": {"stub": {"engine": "e"}},
            "monitors": {
                "daily": {"target": "stub", "suite": "colours.yaml", "schedule": "0 6 * * *", "baseline": "window"},
                "by-hand": {"target": "stub", "suite": "colours.yaml"},
            },
        }
    )


@pytest.fixture
def client(store: Stored, settings: Settings) -> TestClient:
    """A client with the right token."""
    return TestClient(
        made_once(store, settings), headers={"Authorization": f"Bearer {TOKEN}"}, raise_server_exceptions=False
    )


@pytest.fixture
def filled(
    store: Stored, settings: Settings, scored: Callable[..., ScoredJob], manifest: Callable[..., RunManifest]
) -> Stored:
    """Three runs of one target, the last of them the monitor's and with a dead job; the others are its baseline."""
    for number, run in enumerate(("first", "second", "daily-20261120T060000Z")):
        jobs = [scored(job, {"1": [1.0, 0.0], "2": [0.5, 1.0]}, run_id=run) for job in ("a", "b")]
        monitor = "daily" if run.startswith("daily") else ""
        dead = [DeadJob(run, "c", "scorer", "why")] if monitor else []
        expected = {"1": 4 + 2 * len(dead), "2": 4 + 2 * len(dead)}
        sent = manifest(2 + len(dead), expected, run_id=run, samples=2, created_at=1000.0 + number, monitor=monitor)
        store.record(jobs, dead, [sent])
        if run == "second":
            store.set_baseline("window", ["first", "second"])
    store.publish(settings.monitors)
    return store
