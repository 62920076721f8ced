"""Sending a run and cancelling one, on a broker in memory."""

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from cli import sending
from cli.sending import all_manifests, manifest_message
from results.dead_jobs import DeadJob
from seep.codec import decode_prompt_job
from seep.kafka.broker import BrokerUnavailable
from seep.kafka.in_memory import InMemoryBroker
from seep.kafka.messages import Outgoing
from seep.kafka.topics import RUNS, jobs_topic, topic_configs
from seep.records import PromptJob
from seep.settings import Topics
from tests.builders import run_manifest, scored_job
from tests.commands import Command
from tests.stored import Stored

SUITE = """
name: rooms
version: "1"
format: {kind: plain, user: "{prompt}"}
decoding: {temperature: 1.0, max_tokens: 5, samples: 2}
jobs:
  - {control: A, tests: [{concept: red, prompt: red A, category: "1"}]}
  - {control: B, tests: [{concept: red, prompt: red B, category: "1"}]}
"""
CONFIGURATION = """
engines:
  paper: {backend: recorded, file: answers.jsonl}
targets:
  paper: {engine: paper}
  other: {engine: paper}
"""


@pytest.fixture
def broker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> InMemoryBroker:
    """A broker with its topics, and a folder with suite and configuration."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SEEP_DATABASE__DSN", raising=False)
    monkeypatch.delenv("SEEP_CONFIG", raising=False)
    Path("rooms.yaml").write_text(SUITE, encoding="utf-8")
    Path("seep.yaml").write_text(CONFIGURATION, encoding="utf-8")
    broker = InMemoryBroker()
    broker.create_topics(topic_configs(["paper", "other"], Topics(partitions=2)))
    return broker


def jobs_on(broker: InMemoryBroker, target: str = "paper") -> list[PromptJob]:
    return [decode_prompt_job(message.value or b"") for message in broker.reader(jobs_topic(target)).new_messages()]


@pytest.mark.parametrize("dsn_file", ["no/such/file", "seep.yaml"], ids=["not mounted", "no DSN"])
def test_who_sends_a_monitors_run_need_not_reach_the_database(
    broker: InMemoryBroker, command: Command, dsn_file: str
) -> None:
    monitor = '{target: paper, suite: rooms.yaml, schedule: "0 2 * * *", baseline: week-1}'
    more = f"monitors:\n  daily: {monitor}\ndatabase: {{dsn_file: {dsn_file}}}\n"
    Path("seep.yaml").write_text(CONFIGURATION + more, encoding="utf-8")
    code, printed, complaint = command("push", "--monitor", "daily", broker=broker)
    assert (code, complaint) == (0, "")
    assert printed.startswith("daily-")
    assert len(jobs_on(broker)) == 2


def test_a_run_is_its_jobs_and_their_manifest(broker: InMemoryBroker, command: Command) -> None:
    code, printed, complaint = command("push", "rooms.yaml", "--target", "paper", "--samples", "3", broker=broker)
    assert (code, complaint) == (0, "")
    announced, manifest = all_manifests(broker)
    assert announced == replace(manifest, sending=True)
    assert not manifest.sending
    assert (printed, manifest.target, manifest.samples) == (f"{manifest.run_id}\n", "paper", 3)
    jobs = jobs_on(broker)
    assert {job.control for job in jobs} == {"A", "B"}
    assert {(job.run_id, job.samples) for job in jobs} == {(manifest.run_id, 3)}
    assert (manifest.job_count, jobs_on(broker, "other")) == (2, [])


def test_a_run_keeps_the_labels_that_it_was_sent_with_first(broker: InMemoryBroker, command: Command) -> None:
    push = ("push", "rooms.yaml", "--run-id", "mine", "--target", "paper")
    assert command(*push, "--label", "night", "--label", "v2", "--label", "night", broker=broker)[0] == 0
    assert command(*push, "--label", "other", broker=broker)[0] == 0
    assert {manifest.labels for manifest in all_manifests(broker)} == {("night", "v2")}


@pytest.mark.parametrize("label", ["", " a", "two\nlines", "x" * 101])
def test_what_is_no_label_is_refused(broker: InMemoryBroker, command: Command, label: str) -> None:
    code, _, complaint = command("push", "rooms.yaml", "--target", "paper", "--label", label, broker=broker)
    assert (code, all_manifests(broker)) == (2, [])
    assert "--label" in complaint


def test_pushing_under_an_id_again_is_the_same_run_and_another_run_is_refused(
    broker: InMemoryBroker, command: Command
) -> None:
    push = ("push", "rooms.yaml", "--run-id", "mine", "--target")
    assert command(*push, "paper", broker=broker) == command(*push, "paper", broker=broker) == (0, "mine\n", "")
    refused = "seep: --run-id mine: this run was sent with another suite, target or sample count\n"
    assert command(*push, "other", broker=broker) == (2, "", refused)
    assert jobs_on(broker, "other") == []
    first, *others = all_manifests(broker)
    assert {sent.created_at for sent in others} == {first.created_at}
    assert command("cancel", "mine", broker=broker)[0] == 0
    refused = "seep: --run-id mine: this run was cancelled; give another id\n"
    assert command(*push, "paper", broker=broker) == (2, "", refused)


def test_a_run_that_was_just_sent_is_cancelled_by_its_beginning_or_as_the_latest(
    broker: InMemoryBroker, command: Command
) -> None:
    for run_id in ("night-1", "night-2", "day-1"):
        assert command("push", "rooms.yaml", "--run-id", run_id, "--target", "paper", broker=broker)[0] == 0
    assert command("cancel", "latest", broker=broker) == (0, "day-1: cancelled\n", "")
    assert command("cancel", "latest~1", broker=broker) == (0, "night-2: cancelled\n", "")
    assert command("cancel", "night-1", broker=broker) == (0, "night-1: cancelled\n", "")
    several = "seep: run night: several runs begin so: night-2, night-1\n"
    assert command("cancel", "night", broker=broker) == (2, "", several)
    assert command("cancel", "latest~3", broker=broker) == (2, "", "seep: run latest~3: 3 runs on seep.runs\n")
    for unknown in ("", "evening"):
        refused = f"seep: run {unknown}: no manifest of it is on seep.runs\n"
        assert command("cancel", unknown, broker=broker) == (2, "", refused)


class Meddled(InMemoryBroker):
    """A broker on which somebody else does something the first time that a topic is sent to."""

    def __init__(self, topic: str, meddle: Callable[[InMemoryBroker], None]) -> None:
        super().__init__()
        self._topic, self._meddle, self._first = topic, [meddle], meddle
        self.create_topics(topic_configs(["paper", "other"], Topics(partitions=2)))

    def meddle_again(self) -> None:
        self._meddle = [self._first]

    def append(self, outgoing: Outgoing) -> bool:
        if outgoing.topic == self._topic and self._meddle:
            self._meddle.pop()(self)
        return super().append(outgoing)


def pushed(command: Command, broker: InMemoryBroker, *options: str) -> tuple[int, str, str]:
    return command("push", "rooms.yaml", "--run-id", "mine", "--target", "paper", *options, broker=broker)


def test_of_two_who_push_another_run_under_one_id_at_once_the_second_sends_nothing(
    broker: InMemoryBroker, command: Command
) -> None:
    def first(other: InMemoryBroker) -> None:
        assert pushed(command, other, "--samples", "3")[0] == 0

    at_once = Meddled(RUNS, first)
    refused = "seep: --run-id mine: this run was sent with another suite, target or sample count\n"
    assert pushed(command, at_once) == (2, "", refused)
    assert {job.samples for job in jobs_on(at_once)} == {3}
    # Of one key the topic keeps the last: it has to be the run's.
    assert all_manifests(at_once)[-1].samples == 3
    assert pushed(command, at_once, "--samples", "3")[0] == 0


def test_two_who_push_the_same_run_at_once_push_one_run(broker: InMemoryBroker, command: Command) -> None:
    at_once = Meddled(RUNS, lambda other: None if pushed(command, other)[0] == 0 else pytest.fail("refused"))
    assert pushed(command, at_once) == (0, "mine\n", "")
    first, *others = all_manifests(at_once)
    assert [sent for sent in others if not sent.sending] == [replace(first, sending=False)] * 2
    assert not others[-1].sending
    jobs = [job.job_id for job in jobs_on(at_once)]
    assert (len(jobs), len(set(jobs))) == (4, 2)


def lose(times: int) -> Callable[[InMemoryBroker], None]:
    """Says so often that the broker is away."""

    def away(other: InMemoryBroker) -> None:
        nonlocal times
        times -= 1
        if times:
            other.meddle_again()  # type: ignore[attr-defined]
        raise BrokerUnavailable("a broker of several is lost")

    return away


@pytest.mark.parametrize("topic", [RUNS, jobs_topic("paper")])
def test_a_push_goes_on_once_another_broker_has_taken_over_from_a_lost_one(
    broker: InMemoryBroker, command: Command, monkeypatch: pytest.MonkeyPatch, topic: str
) -> None:
    monkeypatch.setattr(sending, "RESEND_PAUSE_SECONDS", 0.0)
    monkeypatch.setattr(sending, "SEND_BATCH_SIZE", 1)
    assert pushed(command, losing := Meddled(topic, lose(3))) == (0, "mine\n", "")
    assert len(jobs_on(losing)) == 2
    assert {sent.created_at for sent in all_manifests(losing)} == {all_manifests(losing)[0].created_at}
    assert not all_manifests(losing)[-1].sending


def test_a_push_ends_with_2_if_nobody_takes_over_within_a_minute_and_at_once_if_nobody_answers_at_first(
    broker: InMemoryBroker, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(time, "sleep", pauses.append)
    monkeypatch.setattr(time, "monotonic", lambda: sum(pauses))
    lost = "seep: a broker of several is lost\n"
    assert pushed(command, Meddled(jobs_topic("paper"), lose(100))) == (2, "", lost)
    assert sum(pauses) == pytest.approx(61)
    pauses.clear()
    broker.stop()
    assert pushed(command, broker)[0] == 2
    assert pauses == []


def test_a_push_that_was_interrupted_is_resumed_by_the_same_and_refused_to_another(
    broker: InMemoryBroker, command: Command
) -> None:
    def interrupt(other: InMemoryBroker) -> None:
        raise KeyboardInterrupt

    half_way = Meddled(jobs_topic("paper"), interrupt)
    assert pushed(command, half_way)[0] == 130
    assert [sent.sending for sent in all_manifests(half_way)] == [True]
    refused = "seep: --run-id mine: this run was sent with another suite, target or sample count\n"
    assert pushed(command, half_way, "--samples", "3") == (2, "", refused)
    assert jobs_on(half_way) == []
    assert pushed(command, half_way) == (0, "mine\n", "")
    assert [sent.sending for sent in all_manifests(half_way)] == [True, False]
    assert len(jobs_on(half_way)) == 2


def test_a_run_that_is_cancelled_while_it_is_pushed_stays_cancelled(broker: InMemoryBroker, command: Command) -> None:
    def cancel(other: InMemoryBroker) -> None:
        assert command("cancel", "mine", broker=other)[0] == 0

    half_way = Meddled(jobs_topic("paper"), cancel)
    assert pushed(command, half_way) == (2, "", "seep: run mine: it was cancelled while it was sent\n")
    assert all_manifests(half_way)[-1].cancelled


def test_a_topic_that_is_missing_is_one_line_and_nothing_is_sent(broker: InMemoryBroker, command: Command) -> None:
    empty = InMemoryBroker()
    refused = "seep: the broker has no topic seep.jobs.paper: create it with `seep topics apply`\n"
    assert command("push", "rooms.yaml", "--target", "paper", broker=empty) == (2, "", refused)
    code, printed, _ = command("topics", "apply", broker=empty)
    assert code == 0
    assert "seep.jobs.paper: created\n" in printed
    assert command("push", "rooms.yaml", "--target", "paper", broker=empty)[0] == 0
    assert "seep.jobs.paper: was there\n" in command("topics", "apply", broker=empty)[1]


def test_a_broker_that_is_away_is_one_line(broker: InMemoryBroker, command: Command) -> None:
    broker.stop()
    for arguments in (("push", "rooms.yaml", "--target", "paper"), ("cancel", "k1"), ("topics", "apply")):
        assert command(*arguments, broker=broker) == (2, "", "seep: the in-memory broker is stopped\n")


def announce(broker: InMemoryBroker, *run_ids: str) -> None:
    """Puts manifests of runs of two jobs on the broker."""
    broker.sender().send([manifest_message(run_manifest(2, {"1": 2}, run_id=run_id)) for run_id in run_ids])


def record(dsn: str, run_id: str, scored: int, dead: int) -> None:
    """A run of two jobs, so many of which are scored and dead."""
    names = ["a", "b"]
    jobs = [scored_job(name, {"1": [1.0]}, run_id=run_id) for name in names[:scored]]
    failed = [DeadJob(run_id, name, "scorer", "none") for name in names[2 - dead :]]
    with Stored(dsn) as store:
        store.record(jobs, failed, [run_manifest(2, {"1": 2}, run_id=run_id)])


def cancelled(broker: InMemoryBroker) -> list[str]:
    return [manifest.run_id for manifest in all_manifests(broker) if manifest.cancelled]


@pytest.mark.parametrize(("scored", "dead", "state"), [(2, 0, "complete"), (1, 1, "partial")])
def test_a_run_that_is_over_is_not_cancelled(
    broker: InMemoryBroker,
    command: Command,
    dsn: str,
    monkeypatch: pytest.MonkeyPatch,
    scored: int,
    dead: int,
    state: str,
) -> None:
    monkeypatch.setenv("SEEP_DATABASE__DSN", dsn)
    announce(broker, "k1")
    record(dsn, "k1", scored, dead)
    refused = f"seep: run k1 is {state}: there is nothing to cancel\n"
    assert command("cancel", "k1", broker=broker) == (2, "", refused)
    assert cancelled(broker) == []


def test_a_run_that_goes_on_or_is_not_in_the_database_is_cancelled(
    broker: InMemoryBroker, command: Command, dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEEP_DATABASE__DSN", dsn)
    announce(broker, "k1", "k2")
    record(dsn, "k1", scored=1, dead=0)
    assert command("cancel", "k1", broker=broker) == (0, "k1: cancelled\n", "")
    assert command("cancel", "k2", broker=broker) == (0, "k2: cancelled\n", "")
    assert cancelled(broker) == ["k1", "k2"]


def test_a_run_that_was_never_sent_is_not_cancelled(broker: InMemoryBroker, command: Command) -> None:
    refused = "seep: run k1: no manifest of it is on seep.runs\n"
    assert command("cancel", "k1", broker=broker) == (2, "", refused)


def test_a_database_that_is_away_or_none_keeps_nobody_from_cancelling(
    broker: InMemoryBroker, command: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    announce(broker, "k1", "k2")
    assert command("cancel", "k1", broker=broker)[0] == 0
    assert not (tmp_path / ".seep").exists()
    monkeypatch.setenv("SEEP_DATABASE__DSN", "postgresql://127.0.0.1:1/seep")
    assert command("cancel", "k2", broker=broker)[0] == 0
    assert cancelled(broker) == ["k1", "k2"]
