"""Cancelling: a run that is over is refused, and whatever else the database says keeps nobody from it."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.speed.aggregator import manifest_of, message_batches
from cli.main import main
from results.dead_jobs import DeadJob
from results.storage.migrate import migrate
from seep.codec import decode_manifest
from seep.kafka.messages import Outgoing
from services.aggregator.ingest import read_batch
from tests.stored import Stored


class Sent(list[Outgoing]):
    """Stands for a broker: what was sent to it."""

    @contextmanager
    def open(self, *_: object) -> Iterator["Sent"]:
        yield self

    def send(self, messages: Sequence[Outgoing]) -> None:
        self += messages


@pytest.fixture
def sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sent:
    """A broker in a folder without a configuration; it knows a manifest of every run."""
    monkeypatch.chdir(tmp_path)
    broker = Sent()
    [messages] = message_batches("any", jobs=2, tests=1, samples=1)
    known = manifest_of(read_batch(messages).scored)
    monkeypatch.setattr("cli.commands.push.find_manifest", lambda _, run: replace(known, run_id=run))
    monkeypatch.setattr("cli.commands.push.open_sender", broker.open)
    return broker


def cancel(run_id: str, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(sys, "argv", ["seep", "cancel", run_id])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0)


def record(dsn: str, run_id: str, scored: int, dead: int) -> None:
    """A run of two jobs, so many of which are scored and dead."""
    migrate(dsn)
    [messages] = message_batches(run_id, jobs=2, tests=1, samples=1)
    jobs = read_batch(messages).scored
    given_up = [DeadJob(run_id, job.generated.job.job_id, "scorer", "none") for job in jobs[2 - dead :]]
    with Stored(dsn) as store:
        store.record(jobs[:scored], given_up, [manifest_of(jobs)])


@pytest.mark.parametrize(("scored", "dead", "state"), [(2, 0, "complete"), (1, 1, "partial")])
def test_a_run_that_is_over_is_refused_and_nothing_is_sent(
    sent: Sent,
    postgres_dsn: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    scored: int,
    dead: int,
    state: str,
) -> None:
    monkeypatch.setenv("SEEP_DATABASE__DSN", postgres_dsn)
    record(postgres_dsn, "k1", scored, dead)
    assert cancel("k1", monkeypatch) == 2
    assert capsys.readouterr() == ("", f"seep: run k1 is {state}: there is nothing to cancel\n")
    assert sent == []


def test_a_run_that_goes_on_or_was_never_heard_of_is_cancelled(
    sent: Sent, postgres_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEEP_DATABASE__DSN", postgres_dsn)
    record(postgres_dsn, "k1", scored=1, dead=0)
    assert (cancel("k1", monkeypatch), cancel("k2", monkeypatch)) == (0, 0)
    assert [decode_manifest(message.value or b"").cancelled for message in sent] == [True, True]


def test_a_database_that_is_away_or_none_keeps_nobody_from_cancelling(
    sent: Sent, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("SEEP_DATABASE__DSN", raising=False)
    assert cancel("k1", monkeypatch) == 0
    assert not (tmp_path / ".seep").exists()
    monkeypatch.setenv("SEEP_DATABASE__DSN", "postgresql://127.0.0.1:1/seep")
    assert cancel("k1", monkeypatch) == 0
    assert len(sent) == 2
