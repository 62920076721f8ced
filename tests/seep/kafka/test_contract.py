"""What every broker does, the real one and the one in memory alike."""

import random
import time
from collections.abc import Callable, Iterator
from itertools import count

import pytest

from deploy.local.broker import LocalBroker, free_port
from seep.kafka import connection
from seep.kafka.broker import Broker, BrokerUnavailable, GroupConsumer, MessagesRefused
from seep.kafka.client import KafkaBroker
from seep.kafka.in_memory import InMemoryBroker
from seep.kafka.messages import Message, Outgoing
from seep.kafka.topics import MAX_UNCOMPRESSED_BYTES, TopicConfig
from seep.settings import Kafka

PARTITIONS = 2
BROKERS = ("in memory", pytest.param("Kafka", marks=pytest.mark.slow))
# A group on a busy machine takes its time.
WAIT_SECONDS = 300.0
NAMES = (f"topic-{number}" for number in count())


@pytest.fixture(scope="module", params=BROKERS)
def broker(request: pytest.FixtureRequest) -> Broker:
    if request.param == "in memory":
        return InMemoryBroker()
    local: LocalBroker = request.getfixturevalue("local_broker")
    return KafkaBroker(Kafka(bootstrap_servers=local.bootstrap_servers))


@pytest.fixture(params=BROKERS)
def broker_that_is_away(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Broker:
    if request.param == "in memory":
        in_memory = InMemoryBroker()
        in_memory.stop()
        return in_memory
    monkeypatch.setattr(connection, "BOOTSTRAP_MS", 300)
    return KafkaBroker(Kafka(bootstrap_servers=f"127.0.0.1:{free_port()}"))


@pytest.fixture
def topic(broker: Broker) -> str:
    """A topic of the test's own."""
    name = next(NAMES)
    broker.create_topics({name: TopicConfig(PARTITIONS)})
    return name


@pytest.fixture
def join(broker: Broker, topic: str) -> Iterator[Callable[..., GroupConsumer]]:
    """Members of the topic's group, which leave at the end."""
    members: list[GroupConsumer] = []

    def member(group: str = "group", batch_size: int = 10) -> GroupConsumer:
        members.append(broker.consumer([topic], f"{topic}-{group}", batch_size))
        return members[-1]

    yield member
    for member_of_group in members:
        member_of_group.close()


def numbered(topic: str, *numbers: int) -> list[Outgoing]:
    return [Outgoing(topic, f"key-{number}".encode(), str(number).encode()) for number in numbers]


def send(broker: Broker, *outgoing: Outgoing) -> None:
    sender = broker.sender()
    sender.send(outgoing)
    sender.close()


def poll(consumer: GroupConsumer, wanted: int) -> list[Message]:
    """Polls until there are so many messages; fails after a minute."""
    polled: list[Message] = []
    deadline = time.monotonic() + WAIT_SECONDS
    while len(polled) < wanted:
        assert time.monotonic() < deadline, f"{len(polled)} of {wanted} messages came"
        polled += consumer.poll(0.2)
    return polled


def values(messages: list[Message]) -> list[int]:
    return sorted(int(message.value or b"") for message in messages)


def read(broker: Broker, topic: str) -> list[Message]:
    reader = broker.reader(topic)
    messages = list(reader.new_messages())
    reader.close()
    return messages


def test_topics_are_created_once(broker: Broker) -> None:
    configs = {next(NAMES): TopicConfig(PARTITIONS), next(NAMES): TopicConfig(1, options={"cleanup.policy": "compact"})}
    assert broker.create_topics(configs) == sorted(configs)
    assert broker.create_topics(configs) == []
    assert broker.existing_topics() >= set(configs)


def test_a_topic_that_exists_gets_the_partitions_it_lacks_and_loses_none(broker: Broker, topic: str) -> None:
    for partitions, expected in ((8, 8), (2, 8)):
        broker.create_topics({topic: TopicConfig(partitions)})
        before = len(read(broker, topic))
        # Someone who knows the topic since before notices at the next refresh; a new sender does at once.
        send(broker, *numbered(topic, *range(200)))
        assert {message.partition for message in read(broker, topic)} == set(range(expected))
        assert len(read(broker, topic)) == before + 200


def test_messages_keep_key_bytes_and_headers(broker: Broker, topic: str) -> None:
    send(
        broker,
        Outgoing(topic, b"run/job", b"\xff\x00", (("trace", b"1"), ("trace", b"2"))),
        Outgoing(topic, b"k", None),
    )
    found = {message.key: message for message in read(broker, topic)}
    assert (found[b"run/job"].value, found[b"run/job"].headers) == (b"\xff\x00", (("trace", b"1"), ("trace", b"2")))
    assert (found[b"k"].value, found[b"k"].headers) == (None, ())


def test_a_key_has_one_partition_in_which_its_messages_keep_their_order(broker: Broker, topic: str) -> None:
    send(broker, *(Outgoing(topic, f"key-{n % 5}".encode(), str(n).encode()) for n in range(50)))
    for key in range(5):
        own = [message for message in read(broker, topic) if message.key == f"key-{key}".encode()]
        assert [int(message.value or b"") for message in own] == list(range(key, 50, 5))
        assert len({message.partition for message in own}) == 1
        offsets = [message.offset for message in own]
        assert offsets == sorted(offsets)


def test_a_reader_begins_at_the_start_and_goes_on_from_where_it_was(broker: Broker, topic: str) -> None:
    send(broker, *numbered(topic, 0, 1))
    reader = broker.reader(topic)
    assert values(list(reader.new_messages())) == [0, 1]
    assert list(reader.new_messages()) == []
    send(broker, *numbered(topic, 2))
    assert values(list(reader.new_messages())) == [2]
    reader.close()


def test_a_group_has_the_members_that_poll_and_have_not_left(
    broker: Broker, topic: str, join: Callable[..., GroupConsumer]
) -> None:
    assert broker.members(f"{topic}-group") == 0
    send(broker, *numbered(topic, 0))
    member = join()
    poll(member, 1)
    assert broker.members(f"{topic}-group") == 1
    member.close()
    assert broker.members(f"{topic}-group") == 0


def test_a_topic_that_does_not_exist_cannot_be_read_or_sent_to(broker: Broker, topic: str) -> None:
    with pytest.raises(BrokerUnavailable, match=r"no topic nowhere: create it with `seep topics apply`"):
        broker.reader("nowhere")
    sender = broker.sender()
    with pytest.raises(BrokerUnavailable):
        sender.send(numbered("nowhere", 1))
    # A sender that failed once sends again.
    sender.send(numbered(topic, 2))
    sender.close()
    assert values(read(broker, topic)) == [2]


def test_a_message_over_the_limit_of_its_topic_is_refused_unless_it_compresses(broker: Broker) -> None:
    name = next(NAMES)
    broker.create_topics({name: TopicConfig(1, options={"max.message.bytes": "100000"})})
    noise = random.Random(1).randbytes(110_000)
    sender = broker.sender()
    refused = [
        Outgoing(name, b"k", noise),
        Outgoing(name, b"k", b"v" * MAX_UNCOMPRESSED_BYTES),
        Outgoing(name, b"k", b"", (("header", noise),)),
        Outgoing(name, noise, b""),
    ]
    taken = [Outgoing(name, b"k", b"v" * 110_000), Outgoing(name, b"k", noise[:90_000]), Outgoing(name, b"k", b"")]
    # Whatever a refused message lies beside, the others are stored.
    with pytest.raises(MessagesRefused, match=f"{name}: the broker refuses 4 messages") as error:
        sender.send([*refused[:1], *taken[:1], *refused[1:3], *taken[1:], *refused[3:]])
    assert error.value.messages == refused
    # And the sender sends again.
    sender.send([Outgoing(name, b"k", b"again")])
    sender.close()
    assert sorted(len(message.value or b"") for message in read(broker, name)) == [0, 5, 90_000, 110_000]


def test_each_group_gets_every_message_from_the_earliest_on(
    broker: Broker, topic: str, join: Callable[..., GroupConsumer]
) -> None:
    send(broker, *numbered(topic, *range(25)))
    assert values(poll(join("a"), 25)) == list(range(25))
    assert values(poll(join("b"), 25)) == list(range(25))


def test_a_poll_brings_a_batch_at_most(broker: Broker, topic: str, join: Callable[..., GroupConsumer]) -> None:
    send(broker, *numbered(topic, *range(10)))
    consumer, sizes = join(batch_size=4), list[int]()
    while sum(sizes) < 10:
        sizes.append(len(consumer.poll(0.2)))
    assert max(sizes) <= 4


def test_what_was_committed_does_not_come_again_and_what_was_not_does(
    broker: Broker, topic: str, join: Callable[..., GroupConsumer]
) -> None:
    send(broker, *numbered(topic, *range(6)))
    first = join()
    done = poll(first, 6)
    first.commit(done)
    send(broker, *numbered(topic, 6, 7))
    assert values(poll(first, 2)) == [6, 7]
    first.close()
    assert values(poll(join(), 2)) == [6, 7]


def test_members_share_the_partitions_commit_in_their_own_alone_and_take_over_what_another_leaves_undone(
    broker: Broker, topic: str, join: Callable[..., GroupConsumer]
) -> None:
    send(broker, *numbered(topic, *range(30)))
    first = join(batch_size=30)
    everything = poll(first, 30)
    second = join(batch_size=30)
    # Nothing is committed, so that what the second takes over comes to it from the start.
    taken_over = poll_both_until_the_second_has_messages(first, second)
    assert len(partitions(taken_over)) == 1
    first.commit(everything)
    second.close()
    assert values(poll(first, len(taken_over))) == values(taken_over)


def poll_both_until_the_second_has_messages(first: GroupConsumer, second: GroupConsumer) -> list[Message]:
    """Polls in turns, because a group settles only while all its members poll."""
    polled: list[Message] = []
    deadline = time.monotonic() + WAIT_SECONDS
    while not polled:
        assert time.monotonic() < deadline
        first.poll(0.2)
        polled += second.poll(0.2)
    return polled


def partitions(messages: list[Message]) -> set[int]:
    return {message.partition for message in messages}


def test_a_paused_member_keeps_its_place_and_goes_on_when_resumed(
    broker: Broker, topic: str, join: Callable[..., GroupConsumer]
) -> None:
    consumer = join()
    send(broker, *numbered(topic, 1))
    consumer.commit(poll(consumer, 1))
    consumer.pause()
    send(broker, *numbered(topic, 2))
    assert [consumer.poll(0.2) for _ in range(3)] == [[], [], []]
    assert consumer.assigned()
    consumer.resume()
    assert values(poll(consumer, 1)) == [2]


def test_the_lag_is_what_was_not_polled_yet(broker: Broker, topic: str, join: Callable[..., GroupConsumer]) -> None:
    send(broker, *numbered(topic, *range(15)))
    consumer = join(batch_size=4)
    polled = len(poll(consumer, 1))
    consumer.pause()
    assert consumer.lag() == {topic: 15 - polled}


def test_a_broker_that_is_away_is_unavailable(broker_that_is_away: Broker) -> None:
    with pytest.raises(BrokerUnavailable):
        broker_that_is_away.existing_topics()
    with pytest.raises(BrokerUnavailable):
        broker_that_is_away.sender()
