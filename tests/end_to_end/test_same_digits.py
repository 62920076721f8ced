"""One number, one source: all who show a run's rates show the same digits."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
from fastapi.testclient import TestClient
from prometheus_client import CollectorRegistry

from results.monitor_status import Watched
from seep.records import RunManifest, ScoredJob
from seep.settings import Settings
from services.aggregator.__main__ import expose
from services.api.application import application
from tests.commands import Command
from tests.stored import Stored

RUN = "daily-20261120T060000Z"
SETTINGS = Settings.model_validate(
    {
        "engines": {"e": {"backend": "recorded", "file": "r.jsonl"}},
        "targets": {"stub": {"engine": "e"}},
        "monitors": {"daily": {"target": "stub", "suite": "colours.yaml"}},
    }
)
Rows = dict[tuple[str, str], tuple[Any, ...]]
"""By metric and category: rate, low, high, comparisons and clusters."""


def by_cell(rates: list[dict[str, Any]]) -> Rows:
    fields = ("rate", "low", "high", "comparisons", "clusters")
    return {(str(rate["metric"]), str(rate["category"])): tuple(rate[name] for name in fields) for rate in rates}


@pytest.fixture
def measured(store: Stored, scored: Callable[..., ScoredJob], manifest: Callable[..., RunManifest]) -> Rows:
    """The published rates of a monitor's run, with fractions that have no short decimals."""
    thirds = {"a": 0.1, "b": 0.2, "c": 1 / 3, "d": 0.7}
    jobs = [scored(name, {"1": [third, 1.0], "2": [0.0, third]}, run_id=RUN) for name, third in thirds.items()]
    store.record(jobs, [], [manifest(4, {"1": 8, "2": 8}, run_id=RUN, samples=2, monitor="daily")])
    store.publish()
    return {
        (rate.metric, rate.category): (rate.rate, rate.low, rate.high, rate.comparisons, rate.clusters)
        for rate in store.written_rates(RUN)
    }


def test_the_api_and_its_series(store: Stored, measured: Rows) -> None:
    client = TestClient(application(store, SETTINGS), base_url="http://127.0.0.1")
    assert by_cell(client.get(f"/v1/runs/{RUN}/rates").json()) == measured
    for metric, category in measured:
        wanted = {"target": "stub", "suite": "colours", "metric": metric, "category": category}
        [point] = client.get("/v1/series", params=wanted).json()["points"]
        assert by_cell([point["rate"]])[metric, category] == measured[metric, category]


def test_the_command(
    command: Command, dsn: str, measured: Rows, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SEEP_DATABASE__DSN", dsn)
    code, printed, complaint = command("rates", RUN, "--json")
    assert code == 0, complaint
    assert by_cell(json.loads(printed)) == measured


def test_the_gauges(store: Stored, measured: Rows) -> None:
    registry = CollectorRegistry()
    expose(registry, store, SETTINGS, {"daily": Watched("stub", "colours", ("1", "2", "all"))})
    shown = {
        (metric, category): registry.get_sample_value(
            "seep_leak_rate_ratio",
            {
                "against": "",
                "monitor": "daily",
                "target": "stub",
                "suite": "colours",
                "category": category,
                "metric": metric,
            },
        )
        for metric, category in measured
    }
    assert shown == {cell: figures[0] / 100 for cell, figures in measured.items()}


def test_a_plain_query(dsn: str, measured: Rows) -> None:
    with psycopg.connect(dsn) as connection:
        rows = connection.execute("SELECT metric, category, rate, low, high, comparisons, clusters FROM rates")
        assert {(metric, category): tuple(figures) for metric, category, *figures in rows} == measured
