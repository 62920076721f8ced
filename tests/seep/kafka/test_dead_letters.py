"""What becomes of messages that die: their letters, and those too large to be kept whole."""

import hashlib
import random

import pytest

from seep.errors import InputError
from seep.kafka.broker import MessagesRefused
from seep.kafka.dead_letters import dead_letter, read_dead_letter, replayed, send_all
from seep.kafka.in_memory import InMemoryBroker
from seep.kafka.messages import Message, Outgoing, lost
from seep.kafka.topics import DEAD_LETTERS, MAX_DEAD_LETTER_BYTES, MAX_MESSAGE_BYTES, TopicConfig, topic_configs
from seep.settings import Topics


def letter(message: Message, reason: str = "unknown target") -> Outgoing:
    return dead_letter(message, stage="generator", class_name="Failure", reason=reason)


def stored(broker: InMemoryBroker) -> list[Message]:
    return list(broker.reader(DEAD_LETTERS).new_messages())


@pytest.fixture
def broker() -> InMemoryBroker:
    broker = InMemoryBroker()
    broker.create_topics(topic_configs(["t"], Topics(partitions=1)))
    return broker


def noise(size: int) -> bytes:
    return random.Random(1).randbytes(size)


def test_a_reason_is_cut_and_made_printable() -> None:
    message = Message("seep.jobs.t", 0, 0, b"r/j", b"")
    reasons = {
        "x" * 9_000_000: "x" * 1024,
        "ü" * 1000: "ü" * 512,
        "a\nb\x1b[31m\x00\u2028": "a�b�[31m��",
        "\ud800": "?",
    }
    for reason, kept in reasons.items():
        [value] = [value for name, value in letter(message, reason).headers if name.endswith("exception.message")]
        assert value.decode() == kept


def test_a_message_of_the_largest_size_keeps_its_bytes(broker: InMemoryBroker) -> None:
    value = noise(MAX_MESSAGE_BYTES - 200)
    send_all(broker.sender().send, [letter(Message("seep.jobs.t", 0, 7, b"r/j", value))])
    [found] = stored(broker)
    assert replayed(found) == Outgoing("seep.jobs.t", b"r/j", value)


@pytest.mark.parametrize("part", ["value", "header", "key"])
def test_a_letter_that_is_too_large_is_sent_without_its_value(broker: InMemoryBroker, part: str) -> None:
    large = noise(MAX_DEAD_LETTER_BYTES)
    message = Message(
        "seep.jobs.t",
        3,
        7,
        large if part == "key" else b"r/j",
        large if part == "value" else b"small",
        (("trace", b"1"), ("h", large if part == "header" else b"2")),
    )
    beside = letter(Message("seep.jobs.t", 3, 8, b"r/k", b"beside"))
    send_all(broker.sender().send, [letter(message), beside])
    whole, found = stored(broker)
    assert whole.value == b"beside"
    said = read_dead_letter(found)
    value = message.value or b""
    assert said.lost == f"{len(value)} bytes, sha256 {hashlib.sha256(value).hexdigest()}"
    assert (said.topic, said.partition, said.offset, said.reason) == ("seep.jobs.t", "3", "7", "unknown target")
    assert found.key == (None if part == "key" else b"r/j")
    assert (("trace", b"1") in found.headers) == (part != "header")
    with pytest.raises(InputError, match=r"its value was not kept \(\d+ bytes, sha256 .*partition 3, offset 7"):
        replayed(found)


def test_what_nobody_can_read_says_so_and_what_it_was(broker: InMemoryBroker) -> None:
    message = Message("seep.jobs.t", 3, 9, None, None, lost=lost("it cannot be read: gzip: broken", b"bytes"))
    send_all(broker.sender().send, [letter(message, reason="not a PromptJob message")])
    [found] = stored(broker)
    said = read_dead_letter(found)
    assert said.reason == "it cannot be read: gzip: broken"
    assert said.lost == f"5 bytes, sha256 {hashlib.sha256(b'bytes').hexdigest()}"


def test_names_of_headers_that_were_escaped_are_said_to_be(broker: InMemoryBroker) -> None:
    message = Message("seep.jobs.t", 0, 0, b"r/j", b"v", (("\\xff", b"1"),), escaped=True)
    sent = letter(message)
    assert ("\\xff", b"1") in sent.headers
    assert "seep.errors.escaped.header.names" in dict(sent.headers)
    send_all(broker.sender().send, [sent])
    assert replayed(*stored(broker)).headers == (("\\xff", b"1"),)


def test_letters_are_replayed_to_topics_of_jobs_alone() -> None:
    for topic in ("seep.jobs.t", "seep.generations", "seep.scores", "seep.runs"):
        sent = letter(Message(topic, 0, 0, b"k", b"v"))
        assert replayed(Message(DEAD_LETTERS, 0, 0, sent.key, sent.value, sent.headers)).topic == topic
    for topic in ("payments", "seep.dead-letters", "seep.rates", "seep.jobs", "", "seep.generations2"):
        sent = letter(Message(topic, 0, 0, b"k", b"v"))
        with pytest.raises(InputError, match="no topic of Seep's jobs"):
            replayed(Message(DEAD_LETTERS, 0, 0, sent.key, sent.value, sent.headers))


def test_what_is_no_letter_is_refused_as_before(broker: InMemoryBroker) -> None:
    broker.create_topics({"small": TopicConfig(1, options={"max.message.bytes": "100"})})
    large = Outgoing("small", b"k", noise(200))
    with pytest.raises(MessagesRefused) as refused:
        send_all(broker.sender().send, [large, letter(Message("seep.jobs.t", 0, 0, b"k", b"v"))])
    assert refused.value.messages == [large]
    assert len(stored(broker)) == 1
