"""Listing, showing and replaying dead letters, on a broker in memory."""

import random
from pathlib import Path

import pytest

from cli.sending import job_messages, manifest_message
from seep.kafka.dead_letters import dead_letter, without_value
from seep.kafka.in_memory import InMemoryBroker
from seep.kafka.messages import Message, Outgoing
from seep.kafka.topics import DEAD_LETTERS, MAX_DEAD_LETTER_BYTES, TopicConfig, jobs_topic, topic_configs
from seep.settings import Topics
from seep.suites.jobs import manifest, prompt_jobs
from seep.suites.loading import load_suite
from tests.builders import scored_job
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
GARBAGE = b"\xff\xfe this is no job"


@pytest.fixture
def broker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> InMemoryBroker:
    """A broker with its topics and the run k1, which sent the suite rooms.yaml."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SEEP_CONFIG", raising=False)
    Path("rooms.yaml").write_text(SUITE, encoding="utf-8")
    broker = InMemoryBroker()
    broker.create_topics(topic_configs(["paper"], Topics(partitions=1)))
    sent = manifest(load_suite(Path("rooms.yaml")), run_id="k1", target="paper", created_at=1.0)
    broker.sender().send([manifest_message(sent)])
    return broker


def jobs_of(run_id: str) -> list[Outgoing]:
    return list(job_messages(prompt_jobs(load_suite(Path("rooms.yaml")), run_id=run_id, target="paper")))


def kill(broker: InMemoryBroker, job: Outgoing, value: bytes | None, offset: int = 0) -> None:
    """Makes a dead letter of a job's message with this value."""
    message = Message(job.topic, 0, offset, job.key, value, (("trace", b"1"),))
    broker.sender().send([dead_letter(message, stage="generator", class_name="Failure", reason="no such target")])


def replayed(broker: InMemoryBroker) -> list[Outgoing]:
    found = broker.reader(jobs_topic("paper")).new_messages()
    return [Outgoing(message.topic, message.key, message.value, message.headers) for message in found]


def test_no_dead_letters_are_said_to_be_none(broker: InMemoryBroker, command: Command) -> None:
    assert command("dead-letters", "list", broker=broker) == (0, "no dead letters\n", "")


def test_letters_are_listed_with_origin_and_reason_of_one_run_or_all(broker: InMemoryBroker, command: Command) -> None:
    for run_id in ("k1", "k2"):
        kill(broker, jobs_of(run_id)[0], GARBAGE)
    _, printed, _ = command("dead-letters", "list", broker=broker)
    assert [line.split()[0] for line in printed.splitlines()[1:]] == ["0:0", "0:1"]
    _, printed, _ = command("dead-letters", "list", "--run", "k2", broker=broker)
    [line] = printed.splitlines()[1:]
    key = (jobs_of("k2")[0].key or b"").decode()
    assert line.split() == ["0:1", key, "generator", "seep.jobs.paper", "dead", "no", "such", "target"]
    # Of the two, k1 alone was sent.
    _, printed, _ = command("dead-letters", "list", "--run", "latest", broker=broker)
    assert [line.split()[0] for line in printed.splitlines()[1:]] == ["0:0"]


def test_a_job_is_one_line_that_says_what_became_of_it(
    broker: InMemoryBroker, command: Command, dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = jobs_of("k1")
    for offset, job in enumerate([first, second, first]):
        kill(broker, job, job.value, offset)
    kill(broker, Outgoing(jobs_topic("paper"), b"no job", b""), GARBAGE, 3)
    _, printed, _ = command("dead-letters", "list", broker=broker)
    lines = [line.split() for line in printed.splitlines()[1:]]
    assert [(line[0], line[-5] == "again,") for line in lines] == [("0:2", True), ("0:1", False), ("0:3", False)]
    monkeypatch.setenv("SEEP_DATABASE__DSN", dsn)
    with Stored(dsn) as store:
        scored = scored_job((second.key or b"").decode().removeprefix("k1/"), {"1": [1.0]}, "k1")
        store.record([scored], [], [])
    _, printed, _ = command("dead-letters", "list", broker=broker)
    assert [("scored since" in line, "failed again, replayed" in line) for line in printed.splitlines()[1:]] == [
        (False, True),
        (True, False),
        (False, False),
    ]


def test_a_letter_shows_the_prompts_of_its_job_and_the_other_letters(broker: InMemoryBroker, command: Command) -> None:
    job = jobs_of("k1")[0]
    for offset in range(2):
        kill(broker, job, job.value, offset)
    code, printed, _ = command("dead-letters", "show", "0:0", broker=broker)
    assert (code, printed.splitlines()[0]) == (0, "failed in the generator: no such target")
    for line in ("control: 'A'", "test of 'red': 'red A'", "other letters of this job: 0:1", "suite: rooms 1, target"):
        assert line in printed


def test_one_letter_is_shown_and_its_bytes_are_kept(broker: InMemoryBroker, command: Command) -> None:
    kill(broker, jobs_of("k1")[0], GARBAGE)
    code, printed, _ = command("dead-letters", "show", "0:0", "--out", "bytes", broker=broker)
    assert code == 0
    assert f"bytes: {len(GARBAGE)}\n" in printed
    assert "prompts: the bytes cannot be read as a job\n" in printed
    assert "__connect.errors.exception.message: no such target\n" in printed
    assert Path("bytes").read_bytes() == GARBAGE
    refused = "seep: dead letter 0:7: there is none with this id; `seep dead-letters list` lists them\n"
    assert command("dead-letters", "show", "0:7", broker=broker) == (2, "", refused)


def test_a_replayed_letter_is_the_message_it_was_and_of_several_of_one_job_the_last(
    broker: InMemoryBroker, command: Command
) -> None:
    first, second = jobs_of("k1")
    kill(broker, first, b"older")
    kill(broker, first, first.value, offset=9)
    kill(broker, second, second.value)
    assert command("dead-letters", "replay", "--run", "k1", broker=broker) == (0, "replayed 2\n", "")
    assert replayed(broker) == [Outgoing(job.topic, job.key, job.value, (("trace", b"1"),)) for job in (first, second)]


def test_a_garbled_letter_is_built_again_from_the_suite_that_its_run_sent(
    broker: InMemoryBroker, command: Command
) -> None:
    job = jobs_of("k1")[1]
    kill(broker, job, GARBAGE)
    replay = ("dead-letters", "replay", "0:0", "--suite", "rooms.yaml")
    assert command(*replay, broker=broker) == (0, "replayed 1\n", "")
    assert replayed(broker) == [job]
    Path("rooms.yaml").write_text(SUITE.replace("red", "blue"), encoding="utf-8")
    code, _, complaint = command(*replay, broker=broker)
    assert code == 2
    assert complaint.startswith("seep: --suite rooms.yaml: its jobs are not those that run k1 sent (sha256:")


def test_letters_that_cannot_be_replayed_are_one_line(broker: InMemoryBroker, command: Command) -> None:
    kill(broker, Outgoing(jobs_topic("paper"), b"no job", b""), GARBAGE)
    complaints = {
        ("replay",): "dead-letters replay: expected ids, or --run RUN",
        ("replay", "0:0", "--run", "k1"): "dead-letters replay: expected ids, or --run RUN",
        ("replay", "--run", "k3"): "--run k3: it has no dead letters",
        ("replay", "0:0", "--suite", "rooms.yaml"): (
            "dead letter 0:0: its key names no job, so it cannot be built again"
        ),
    }
    for arguments, complaint in complaints.items():
        assert command("dead-letters", *arguments, broker=broker) == (2, "", f"seep: {complaint}\n")
    assert replayed(broker) == []
    assert DEAD_LETTERS in broker.existing_topics()


def test_a_letter_chooses_no_topic_and_one_without_its_value_is_built_again_or_left_out(
    broker: InMemoryBroker, command: Command
) -> None:
    broker.create_topics({"payments": TopicConfig(1)})
    first, second = jobs_of("k1")
    kill(broker, Outgoing("payments", first.key, b"forged"), b"forged")
    noise = random.Random(1).randbytes(MAX_DEAD_LETTER_BYTES)
    whole = dead_letter(
        Message(second.topic, 0, 7, second.key, noise), stage="generator", class_name="Failure", reason="too large"
    )
    broker.sender().send([without_value(whole)])
    forged = "dead letter 0:0: it names 'payments', which is no topic of Seep's jobs"
    assert command("dead-letters", "replay", "0:0", broker=broker) == (2, "", f"seep: {forged}\n")
    code, _, complaint = command("dead-letters", "replay", "0:1", broker=broker)
    assert code == 2
    kept = f"seep: dead letter 0:1: its value was not kept ({len(noise)} bytes, sha256 "
    assert complaint.startswith(kept)
    assert complaint.endswith("it was seep.jobs.paper, partition 0, offset 7\n")
    code, printed, complaint = command("dead-letters", "replay", "--run", "k1", broker=broker)
    assert (code, printed) == (0, "replayed 0\n")
    assert complaint.startswith(f"not replayed: {forged}\nnot replayed: dead letter 0:1: its value was not kept")
    assert list(broker.reader("payments").new_messages()) == []
    assert command("dead-letters", "replay", "0:1", "--suite", "rooms.yaml", broker=broker)[0] == 0
    assert replayed(broker) == [second]
    _, printed, _ = command("dead-letters", "list", broker=broker)
    assert f"too large (value not kept: {len(noise)} bytes, sha256 " in printed
