"""Small poison on the real broker: good jobs beside it all come, and all of it is kept.

tests/faults/test_poison.py has large poison too, on every topic of a whole stack.
"""

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

import pytest

from cli.sending import job_messages
from deploy.local.broker import LocalBroker
from seep.codec import decode_prompt_job, encode_prompt_job
from seep.kafka.client import KafkaBroker
from seep.kafka.dead_letters import read_dead_letter, replayed
from seep.kafka.messages import Message
from seep.kafka.topics import DEAD_LETTERS, GENERATIONS, RUNS, jobs_topic, topic_configs
from seep.records import Failure, PromptJob
from seep.runtime.health import Health
from seep.runtime.service import serve_stage
from seep.runtime.stage import Stage
from seep.settings import Kafka, Topics, Worker
from seep.suites.jobs import prompt_jobs
from seep.suites.loading import load_suite
from tests.guests import write_suite
from tests.poison import harmless, poison
from tests.raw_kafka import ACCEPTED, produce
from tests.waiting import wait_until

TARGET = "poisoned"
TOPIC = jobs_topic(TARGET)
WAIT_SECONDS = 300.0
Handle = Callable[[Sequence[PromptJob]], list[PromptJob | Failure]]


@pytest.fixture(scope="module")
def broker(local_broker: LocalBroker) -> KafkaBroker:
    broker = KafkaBroker(Kafka(bootstrap_servers=local_broker.bootstrap_servers))
    broker.create_topics(topic_configs([TARGET], Topics(partitions=2)))
    return broker


@pytest.fixture(scope="module")
def jobs(tmp_path_factory: pytest.TempPathFactory) -> list[PromptJob]:
    suite = load_suite(write_suite(tmp_path_factory.mktemp("suite") / "guests.yaml"))
    return list(prompt_jobs(suite, run_id="r", target=TARGET))


@contextmanager
def stage(broker: KafkaBroker, handle: Handle) -> Iterator[None]:
    """A stage as a service runs it; it ends in order."""
    running = Stage("echo", GENERATIONS, decode_prompt_job, handle, encode_prompt_job, lambda job: job)
    stop = threading.Event()
    finished: list[bool] = []

    def serve() -> None:
        options = Worker(grace_seconds=20)
        finished.append(serve_stage(broker, options, running, topics=[TOPIC], group="echo", stop=stop, health=Health()))

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
    assert finished == [True]


class Topic:
    """A topic as it grows."""

    def __init__(self, broker: KafkaBroker, name: str) -> None:
        self._reader = broker.reader(name)
        self._messages: list[Message] = []

    def messages(self) -> list[Message]:
        self._messages += self._reader.new_messages()
        return self._messages

    def keys(self) -> set[bytes | None]:
        return {message.key for message in self.messages()}


@pytest.fixture(scope="module")
def letters(broker: KafkaBroker) -> Topic:
    return Topic(broker, DEAD_LETTERS)


@pytest.fixture(scope="module")
def done(broker: KafkaBroker) -> Topic:
    return Topic(broker, GENERATIONS)


def test_every_poison_is_a_dead_letter_with_its_bytes_and_all_jobs_come(
    local_broker: LocalBroker, broker: KafkaBroker, jobs: list[PromptJob], letters: Topic, done: Topic
) -> None:
    valid, other = job_messages(jobs[:2])
    small = list(poison(valid.value or b""))
    corpus = [*small, *harmless(other.value or b"", other.key or b"")]
    sender = broker.sender()
    sender.send(list(job_messages(jobs[:50])))
    for number, sent in enumerate(corpus):
        code = produce(local_broker.bootstrap_servers, TOPIC, sent.data, partition=number % 2)
        assert code == ACCEPTED, sent.name
    for sent in small:  # which every service reads, to know what was cancelled
        code = produce(local_broker.bootstrap_servers, RUNS, sent.data)
        assert (code == ACCEPTED) == sent.keyed, sent.name
    sender.send(list(job_messages(jobs[50:])))
    sender.close()
    values = Counter(value for sent in corpus for value in sent.values)
    with stage(broker, list):
        wait_until(lambda: len(letters.messages()) >= values.total(), seconds=WAIT_SECONDS)
        wait_until(lambda: len(done.keys()) == len(jobs), seconds=WAIT_SECONDS)

    found = [(message, read_dead_letter(message)) for message in letters.messages()]
    assert Counter(message.value or b"" for message, _ in found) == values
    assert {(letter.topic, letter.lost) for _, letter in found} == {(TOPIC, "")}


def test_what_died_of_a_fault_goes_on_when_it_is_replayed_after_the_fix(
    broker: KafkaBroker, jobs: list[PromptJob], letters: Topic, done: Topic
) -> None:
    sent = list(job_messages(replace(job, run_id="fixed") for job in jobs[:3]))
    keys = {message.key for message in sent}
    sender = broker.sender()
    sender.send(sent)

    def broken(batch: Sequence[PromptJob]) -> list[PromptJob | Failure]:
        return [Failure("an unknown target")] * len(batch)

    with stage(broker, broken):
        wait_until(lambda: keys <= letters.keys(), seconds=WAIT_SECONDS)
    again = [replayed(letter) for letter in letters.messages() if letter.key in keys]
    assert sorted(again, key=str) == sorted(sent, key=str)
    with stage(broker, list):
        sender.send(again)
        sender.close()
        wait_until(lambda: keys <= done.keys(), seconds=WAIT_SECONDS)
