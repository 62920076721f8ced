"""Naming a baseline, and looking at the monitors that use it."""

import json
from pathlib import Path

import pytest
import yaml

from tests.builders import run_manifest, scored_job
from tests.commands import Command
from tests.stored import Stored

DAY = 86400.0


@pytest.fixture
def seep(command: Command, dsn: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Command:
    """The command where the monitor `daily` compares with the baseline `week`."""
    monitor = {"target": "stub", "suite": "colours.yaml", "schedule": "0 6 * * *", "baseline": "week"}
    configuration = {
        "database": {"dsn": dsn},
        "engines": {"recorded": {"backend": "recorded", "file": "answers.jsonl"}},
        "targets": {"stub": {"engine": "recorded"}},
        "monitors": {"daily": monitor},
    }
    (tmp_path / "seep.yaml").write_text(yaml.safe_dump(configuration), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return command


def record(dsn: str, apart_seconds: float) -> list[str]:
    names = [f"run-{place}" for place in range(3)]
    with Stored(dsn) as store:
        for place, name in enumerate(names):
            facts = {"target": "stub", "monitor": "daily", "created_at": place * apart_seconds}
            store.record([scored_job("j", {"1": [1.0]}, name)], [], [run_manifest(1, {"1": 1}, name, **facts)])
    return names


def test_runs_of_as_many_days_are_a_baseline_without_a_warning(seep: Command, dsn: str) -> None:
    assert seep("baseline", "set", *record(dsn, DAY), "--name", "week") == (0, "week: 3 runs\n", "")


def test_runs_that_were_sent_in_one_go_are_warned_of(seep: Command, dsn: str) -> None:
    names = record(dsn, 60.0)
    code, printed, error = seep("baseline", "set", *names, "--name", "week")
    assert (code, printed) == (0, "week: 3 runs\n")
    assert error.startswith("warning: its 3 runs span 0 intervals of the schedule 0 6 * * *: ")
    # No monitor says how often it runs.
    assert "warning: its runs were sent within an hour" in seep("baseline", "set", *names, "--name", "other")[2]
    assert "warning   baseline week: its 3 runs span 0 intervals" in seep("monitors")[1]


def test_monitors_are_shown_with_the_evidence_and_what_makes_it_doubtful(seep: Command, dsn: str) -> None:
    seep("baseline", "set", *record(dsn, DAY), "--name", "week")
    assert seep("monitors")[1].startswith("daily: no run yet\n")
    with Stored(dsn) as store:
        facts = {"target": "stub", "monitor": "daily", "created_at": 9 * DAY}
        store.record([scored_job("j", {"1": [0.0]}, "late")], [], [run_manifest(1, {"1": 1}, "late", **facts)])
        store.conclude("daily", "week", "late")
    [found] = json.loads(seep("monitors", "--json")[1])
    assert (found["tested"]["run_id"], found["tested"]["alarm"], found["tested"]["difference"]) == ("late", False, -100)
    assert found["warnings"] == []
    assert "-100.0" in seep("monitors")[1]
