"""Naming a baseline, and looking at the monitors that use it."""

import json
from pathlib import Path

import pytest
import yaml

from results.storage import baselines
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


def test_one_run_is_warned_of_where_a_monitor_uses_it(seep: Command, dsn: str) -> None:
    first, *_ = record(dsn, DAY)
    code, printed, error = seep("baseline", "set", first, "--name", "week")
    assert (code, printed) == (0, "week: 1 run\n")
    assert error == "warning: it has one run: a change right after it is never found; take seven or more\n"
    assert seep("baseline", "set", first, "--name", "gate") == (0, "gate: 1 run\n", "")
    assert "warning   baseline week: it has one run" in seep("monitors")[1]


def record_scheduled(dsn: str, days: int) -> list[str]:
    names = [f"daily-202611{day:02}T060000Z" for day in range(1, days + 1)]
    with Stored(dsn) as store:
        for place, name in enumerate(names):
            facts = {"target": "stub", "monitor": "daily", "created_at": place * DAY}
            store.record([scored_job("j", {"1": [1.0]}, name)], [], [run_manifest(1, {"1": 1}, name, **facts)])
        unfinished = run_manifest(1, {"1": 1}, "daily-20261128T060000Z", target="stub", monitor="daily")
        store.record([], [], [unfinished])
    return names


def test_the_last_finished_runs_of_a_monitor_become_its_baseline(seep: Command, dsn: str) -> None:
    names = record_scheduled(dsn, 5)
    line = f"week: 3 runs, {names[2]} to {names[4]}\n"
    assert seep("baseline", "set", "--monitor", "daily", "--last", "3") == (0, line, "")
    with Stored(dsn) as store, store.snapshot() as connection:
        found = baselines.one(connection, "week")
    assert found is not None
    assert found.runs == names[2:]
    other = seep("baseline", "set", "--monitor", "daily", "--last", "1", "--name", "other")
    assert other[:2] == (0, f"other: 1 run, {names[4]} to {names[4]}\n")


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--monitor", "daily", "--last", "9"], "--last 9: monitor daily has 2 finished runs"),
        (["--monitor", "nightly", "--last", "1"], "--monitor nightly: there is no such monitor"),
        (["--monitor", "daily"], "expected RUN... --name N, or --monitor NAME --last N"),
        (["--last", "2", "--name", "week"], "expected RUN... --name N, or --monitor NAME --last N"),
        (["latest", "--monitor", "daily", "--last", "1"], "expected RUN... --name N, or --monitor NAME --last N"),
        (["latest"], "expected --name N"),
    ],
)
def test_runs_are_named_or_a_monitor_says_them(seep: Command, dsn: str, arguments: list[str], reason: str) -> None:
    record_scheduled(dsn, 2)
    code, printed, complaint = seep("baseline", "set", *arguments)
    assert (code, printed) == (2, "")
    assert reason in complaint


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
