"""What foreign producers may write, and the real broker stores: everything beside it is read, and nothing stops."""

import random
import time
from collections import Counter
from collections.abc import Callable
from itertools import count

import pytest
from kafka import KafkaConsumer, TopicPartition
from prometheus_client import REGISTRY

from deploy.local.broker import LocalBroker
from seep.kafka.client import KafkaBroker
from seep.kafka.consuming import READING
from seep.kafka.messages import Message, Outgoing
from seep.kafka.reading import read_everything
from seep.kafka.topics import MAX_MESSAGE_BYTES, MAX_UNCOMPRESSED_BYTES, TopicConfig
from seep.settings import Kafka
from tests.raw_kafka import ACCEPTED, CODECS, RawRecord, batch, produce

Read = Callable[[], list[Message]]
NAMES = (f"foreign-{number}" for number in count())
COMPRESSED = [codec for codec in CODECS if codec != "none"]


@pytest.fixture(scope="module")
def broker(local_broker: LocalBroker) -> KafkaBroker:
    return KafkaBroker(Kafka(bootstrap_servers=local_broker.bootstrap_servers))


@pytest.fixture
def topic(broker: KafkaBroker) -> str:
    """A topic of the test's own, with one partition."""
    name = next(NAMES)
    broker.create_topics({name: TopicConfig(1, options={"max.message.bytes": str(MAX_MESSAGE_BYTES)})})
    return name


@pytest.fixture(params=["group", "reader"])
def read(request: pytest.FixtureRequest, broker: KafkaBroker, topic: str) -> Read:
    """Reads what is in the topic up to the message `last`: as a member of a group, and as a reader of the whole."""

    def as_member() -> list[Message]:
        consumer = broker.consumer([topic], f"group-of-{topic}", 10)
        messages: list[Message] = []
        while not messages or messages[-1].value != b"last":
            messages += consumer.poll(0.2)
        consumer.close()
        return messages

    def whole() -> list[Message]:
        reader = broker.reader(topic)
        messages = list(reader.new_messages())
        reader.close()
        return messages

    return as_member if request.param == "group" else whole


def send(broker: LocalBroker, topic: str, *batches: bytes) -> None:
    """A good message, the batches, and another good one."""
    for data in [batch(RawRecord(value=b"first")), *batches, batch(RawRecord(value=b"last"))]:
        assert produce(broker.bootstrap_servers, topic, data) == ACCEPTED


def unreadable(topic: str) -> float:
    return REGISTRY.get_sample_value("seep_unreadable_records_total", {"topic": topic}) or 0.0


def test_names_of_headers_that_are_no_utf_8_are_escaped(local_broker: LocalBroker, topic: str, read: Read) -> None:
    odd = RawRecord(value=b"odd", headers=[(b"\xff\xfe", b"1"), ("ü".encode(), None), (b"", b"2")])
    send(local_broker, topic, batch(odd, codec="gzip"))
    first, found, last = read()
    assert (first.value, found.value, last.value) == (b"first", b"odd", b"last")
    assert found.headers == (("\\xff\\xfe", b"1"), ("ü", b""), ("", b"2"))
    assert [message.escaped for message in (first, found, last)] == [False, True, False]


@pytest.mark.parametrize("codec", COMPRESSED)
def test_every_compression_is_read(local_broker: LocalBroker, topic: str, read: Read, codec: str) -> None:
    send(local_broker, topic, batch(*(RawRecord(value=b"v" * size) for size in (1, 100, 100_000)), codec=codec))
    assert [len(message.value or b"") for message in read()] == [5, 1, 100, 100_000, 4]


@pytest.mark.parametrize("codec", COMPRESSED)
def test_the_brokers_own_compression_is_read(
    local_broker: LocalBroker, broker: KafkaBroker, topic: str, read: Read, codec: str
) -> None:
    broker.create_topics({topic: TopicConfig(1, options={"compression.type": codec})})
    broker.sender().send([Outgoing(topic, b"k", b"v" * 10_000), Outgoing(topic, b"k", b"last")])
    assert [message.value for message in read()] == [b"v" * 10_000, b"last"]


@pytest.mark.parametrize("codec", COMPRESSED)
def test_a_bomb_is_lost_alone_and_counted(
    local_broker: LocalBroker, topic: str, read: Read, codec: str, caplog: pytest.LogCaptureFixture
) -> None:
    # The broker itself takes no batch beyond its socket's limit, and unpacks each one.
    small = RawRecord(value=b"v" * (8 if codec == "snappy" else 1))
    bomb = RawRecord(value=bytes(MAX_UNCOMPRESSED_BYTES + 1))
    before = unreadable(topic)
    send(local_broker, topic, batch(small, bomb, codec=codec))
    first, found, last = read()
    assert (first.value, found.key, found.value, last.value) == (b"first", None, None, b"last")
    assert found.lost is not None
    assert f"{codec}: it decompresses to more than {MAX_UNCOMPRESSED_BYTES} bytes" in found.lost.reason
    assert found.offset == 2  # so that committing it commits all that was lost
    assert unreadable(topic) - before == 2
    assert f"{topic}, partition 0, offsets 1 to 2 cannot be read" in caplog.text


def test_a_record_with_a_million_headers_is_lost_alone(local_broker: LocalBroker, topic: str, read: Read) -> None:
    many = RawRecord(value=b"many", headers=[(b"", None)] * 1_000_000)
    send(local_broker, topic, batch(RawRecord(value=b"before"), many, RawRecord(value=b"behind"), codec="gzip"))
    first, before, found, behind, last = read()
    assert [message.value for message in (first, before, behind, last)] == [b"first", b"before", b"behind", b"last"]
    assert found.lost is not None
    assert (found.value, found.offset, found.lost.reason) == (None, 2, "it has 1000000 headers")
    assert unreadable(topic) == 1


@pytest.mark.parametrize(
    "offsets", [[1_000_000], [-1], [0, 0], [1, 0], [0, 2], [0, 2**31], [-1, 0], [0, -1], [2, 1, 0], [0, 1, 1]]
)
def test_a_record_that_lies_of_its_offset_has_nobody_elses_skipped(
    local_broker: LocalBroker, broker: KafkaBroker, topic: str, offsets: list[int], caplog: pytest.LogCaptureFixture
) -> None:
    """The broker takes it as it is; committed, its offset would be beyond what others have sent since."""
    lying = batch(*(RawRecord(value=b"lying", offset=offset) for offset in offsets))
    send(local_broker, topic, lying)
    consumer = broker.consumer([topic], f"group-of-{topic}", 10)
    read: list[Message] = []
    while not read or read[-1].value != b"last":
        read += consumer.poll(0.2)
    consumer.commit(read)
    consumer.close()
    lost = [message.lost.reason for message in read if message.lost is not None]
    assert lost == ["it cannot be read: an offset is not of its batch"]
    read_offsets = [message.offset for message in read]
    assert read_offsets == sorted(set(read_offsets))
    assert f"{topic}, partition 0, offsets " in caplog.text
    produce(local_broker.bootstrap_servers, topic, batch(RawRecord(value=b"behind")))
    again = broker.consumer([topic], f"group-of-{topic}", 10)
    behind: list[Message] = []
    while not behind:
        behind += again.poll(0.2)
    again.close()
    assert [message.value for message in behind] == [b"behind"]


def test_large_messages_come_a_few_at_a_time(local_broker: LocalBroker, broker: KafkaBroker, topic: str) -> None:
    large = batch(RawRecord(value=bytes(MAX_MESSAGE_BYTES)), codec="gzip")
    send(local_broker, topic, *[large] * 8)
    consumer = broker.consumer([topic], "few", 100)
    polls: list[list[Message]] = []
    while sum(map(len, polls)) < 10:
        polls.append(consumer.poll(0.2))
    consumer.close()
    assert (
        max(sum(message.size for message in polled) for polled in polls) <= MAX_UNCOMPRESSED_BYTES + MAX_MESSAGE_BYTES
    )
    assert [message.offset for polled in polls for message in polled] == list(range(10))


def test_random_bytes_truncated_and_empty_messages_and_tombstones_are_messages(
    local_broker: LocalBroker, topic: str, read: Read
) -> None:
    values = [random.Random(1).randbytes(1000), b"", None, b"\x00", b"\xff" * 10]
    send(local_broker, topic, batch(*(RawRecord(key=None, value=value) for value in values)))
    assert [message.value for message in read()] == [b"first", *values, b"last"]


def test_a_batch_in_which_bytes_have_changed_on_the_disk_is_lost_alone(
    local_broker: LocalBroker, topic: str, read: Read
) -> None:
    send(local_broker, topic, batch(RawRecord(value=b"to be changed"), RawRecord(value=b"beside it")))
    log = next((local_broker.folder / "data" / f"{topic}-0").glob("*.log"))
    # In its place: of a file that is written anew the broker might see the beginning alone.
    with log.open("r+b") as file:
        file.seek(file.read().index(b"to be changed"))
        file.write(b"to be chanGed")
    first, found, last = read()
    assert (first.value, last.value) == (b"first", b"last")
    assert found.lost is not None
    assert found.lost.reason == "it cannot be read: its checksum is wrong"
    assert (found.value, found.offset) == (None, 2)


def test_what_had_come_of_paused_partitions_is_read_once_they_are_resumed(
    local_broker: LocalBroker, broker: KafkaBroker
) -> None:
    """The last thing read in between is of another partition, which was not paused."""
    topic = next(NAMES)
    broker.create_topics({topic: TopicConfig(3)})
    consumer = KafkaConsumer(bootstrap_servers=local_broker.bootstrap_servers, max_poll_records=2, **READING)
    read_everything(consumer)
    places = [TopicPartition(topic, partition) for partition in range(3)]
    consumer.assign(places)
    consumer.seek_to_beginning(*places)
    read: Counter[int] = Counter()

    def poll_until(partition: int, messages: int) -> None:
        deadline = time.monotonic() + 300
        while read[partition] < messages and time.monotonic() < deadline:
            read.update(message.partition for polled in consumer.poll(200).values() for message in polled)
        assert read[partition] >= messages, (partition, read)

    for partition in range(3):
        data = batch(*[RawRecord(value=b"one")] * 3)
        assert produce(local_broker.bootstrap_servers, topic, data, partition=partition) == ACCEPTED
        if partition < 2:
            # Two of three are read; then the partition is paused.
            poll_until(partition, 2)
            consumer.pause(places[partition])
    poll_until(2, 3)
    consumer.resume(*places)
    for partition in range(2):
        poll_until(partition, 3)
    consumer.close()
