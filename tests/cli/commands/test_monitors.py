"""How the configured monitors stand, as a person reads it."""

import json
from pathlib import Path

import pytest

from tests.builders import run_manifest, scored_job
from tests.commands import Command
from tests.stored import Stored

CONFIG = """
engines: {here: {backend: recorded, file: answers.jsonl}}
targets: {stub: {engine: here}}
monitors:
  daily: {target: stub, suite: rooms.yaml, schedule: "0 2 * * *", baseline: week-1}
  often: {target: stub, suite: rooms.yaml}
"""
SUITE = """name: rooms
version: '1'
format: {kind: plain}
decoding: {temperature: 0.5, max_tokens: 10, samples: 1}
jobs: [{control: The room is, tests: [{concept: red, prompt: Red. The room is, category: '1'}]}]
"""


@pytest.fixture
def seep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: Command, dsn: str) -> Command:
    """The command in a folder with two monitors, of which nothing was sent yet."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SEEP_DATABASE__DSN", dsn)
    Path("seep.yaml").write_text(CONFIG, encoding="utf-8")
    Path("rooms.yaml").write_text(SUITE, encoding="utf-8")
    return command


def test_a_monitor_without_a_run_says_what_it_waits_for(seep: Command) -> None:
    code, printed, error = seep("monitors")
    assert (code, error) == (0, "")
    daily, often = printed.split("often: ")
    assert daily.startswith("daily: no run yet\n")
    assert "watches   stub, rooms.yaml; baseline week-1\n" in daily
    assert "T02:00:00Z\n" in daily
    assert "warning   the baseline week-1 is not set\n" in daily
    assert "no baseline, so it never alarms" in often


def test_the_rate_of_the_latest_finished_run_is_shown_and_once_why_it_is_not_tested(seep: Command, dsn: str) -> None:
    run_id = "daily-20261101T020000Z"
    with Stored(dsn) as store:
        scored = scored_job("job-1", {"1": [1.0]}, run_id)
        store.record([scored], [], [run_manifest(1, {"1": 1}, run_id, monitor="daily")])
    _, printed, _ = seep("monitors")
    assert printed.count("the baseline week-1 is not set") == 1
    assert f"run {run_id}\n" in printed
    found = json.loads(seep("monitors", "--json")[1])
    assert [status["monitor"] for status in found] == ["daily", "often"]
    assert {rate["run_id"] for rate in found[0]["rates"]} == {run_id}
    assert found[0]["next"].endswith("T02:00:00Z")
    assert found[1]["next"] is None


def test_without_monitors_the_guide_is_named(seep: Command) -> None:
    Path("seep.yaml").write_text("", encoding="utf-8")
    line = "seep: monitors: none is configured; docs/guides/watch-an-endpoint.md says how\n"
    assert seep("monitors") == (2, "", line)
