"""A run that is broken off, whatever does it, is not left running, and leaves no server running."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from deploy.local.scripted_server import ScriptedServer, scripted_server
from tests.commands import Command
from tests.waiting import wait_until

pytestmark = pytest.mark.slow

SUITE = """
name: rooms
version: "1"
probe: language
cluster: sample
cut: none
format: {kind: chat}
decoding: {temperature: 1.0, max_tokens: 5, samples: 1}
directives: {es: [Answer in Spanish.], it: [Answer in Italian.]}
prompts: [How is bread made?, What is rain?]
"""


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rooms.yaml").write_text(SUITE, encoding="utf-8")


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with scripted_server() as running:
        yield running


def test_a_server_that_fails_ends_the_run_with_its_reason(
    command: Command, server: ScriptedServer, postgres_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEEP_DATABASE__DSN", postgres_dsn)
    server.script = lambda number: "HTTP 401"
    code, _, error = command("run", "rooms.yaml", "--endpoint", server.base_url, "--run-id", "broken")
    assert code == 2
    reason = error.rpartition("seep: ")[2].strip()
    _, listed, _ = command("runs")
    assert "cancelled" in listed
    assert f"broken ended early: {reason}" in listed


def started(server: ScriptedServer, *models: str) -> subprocess.Popen[str]:
    """Runs as a process group of their own, with the database in this folder, that wait for an answer for ever."""
    server.script = lambda number: "hang"
    named = [word for model in models for word in ("--model", model)]
    command = [sys.executable, "-m", "cli", "run", "rooms.yaml", "--endpoint", server.base_url, *named]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True)
    wait_until(lambda: bool(server.received), "a first question", seconds=300)
    return process


def servers() -> list[int]:
    """The processes of the PostgreSQL whose data is in this folder."""
    here = str(Path(".share/seep/postgres/data").resolve())  # for root a link to where its server may read
    return [each.pid for each in psutil.process_iter(["cmdline"]) if here in " ".join(each.info["cmdline"] or ())]


def signalled(process: subprocess.Popen[str], number: signal.Signals) -> None:
    """As a terminal does for Ctrl-C, which reaches the children too; or as `kill` does."""
    if number == signal.SIGINT:
        os.killpg(process.pid, number)
    else:
        process.send_signal(number)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("models", [(), ("one", "two")])
def test_a_signal_ends_the_run_and_its_database(
    command: Command, server: ScriptedServer, models: tuple[str, ...], number: signal.Signals, code: int
) -> None:
    with started(server, *models) as process:
        assert servers()
        signalled(process, number)
        _, error = process.communicate(timeout=300)
    assert process.returncode == code
    assert "Traceback" not in error
    wait_until(lambda: not servers(), "the database to stop")
    _, listed, _ = command("runs", "--json")
    (ended,) = json.loads(listed)
    assert (ended["state"], ended["reason"]) == ("cancelled", "interrupted")
