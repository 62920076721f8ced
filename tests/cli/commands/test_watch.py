"""Following a run: why its jobs fail is said while it runs, and at its end."""

from collections.abc import Callable
from pathlib import Path

import pytest

from cli import exit_codes
from cli.commands.watch import _waits_lines
from results.dead_jobs import DeadJob
from results.runs import Wait
from seep.records import RunManifest
from tests.commands import Command
from tests.stored import Stored

REASON = "the server refuses every request of the kind: engines.e, http://h/v1: HTTP 400 (param top_p): no [...] here"


@pytest.fixture(autouse=True)
def configured(dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SEEP_CONFIG", raising=False)
    monkeypatch.setenv("SEEP_DATABASE__DSN", dsn)


def test_a_run_that_is_refused_ends_with_the_reason(
    store: Stored, manifest: Callable[..., RunManifest], command: Command
) -> None:
    dead = [DeadJob("run-1", f"job-{number}", "generator", REASON) for number in range(3)]
    store.record([], dead, [manifest(3, {"1": 3})])
    code, printed, complaint = command("watch", "run-1")
    assert code == exit_codes.NOT_MEASURED
    assert f"failed: 3 of 3 jobs, in the generator: {REASON}" in printed
    assert complaint.count(f"failed in the generator: {REASON}") == 1


def test_of_many_reasons_the_first_are_said_on_the_way(
    store: Stored, manifest: Callable[..., RunManifest], command: Command
) -> None:
    dead = [DeadJob("run-1", f"job-{number}", "generator", f"reason {number}") for number in range(9)]
    store.record([], dead, [manifest(9, {"1": 9})])
    code, _, complaint = command("watch", "run-1")
    assert code == exit_codes.NOT_MEASURED
    assert complaint.count("failed in the generator") == 5


def test_whoever_follows_a_run_reads_each_reason_once_and_that_it_goes_on() -> None:
    shown: dict[str, str] = {}
    wait = Wait("generator", REASON, 1000.0)
    assert _waits_lines([wait], shown) == [f"waits in the generator: {REASON}"]
    assert _waits_lines([wait], shown) == []
    assert _waits_lines([], shown) == ["goes on in the generator"]
    assert _waits_lines([], shown) == []
