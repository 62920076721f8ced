"""Sending, consuming in a group and reading a whole topic, on a real broker."""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest
from kafka import KafkaAdminClient, TopicPartition
from kafka.admin import ConfigResource
from kafka.structs import OffsetAndMetadata

from deploy.local.broker import LocalBroker
from seep.kafka import client as edge
from seep.kafka.client import BrokerUnavailable, GroupConsumer, Sender, TopicReader, create_topics, existing_topics
from seep.kafka.messages import Message, Outgoing
from seep.kafka.topics import MAX_MESSAGE_BYTES, topic_configs
from seep.settings import Kafka, Topics

TOPIC = "seep.jobs.test"


@pytest.fixture(scope="module")
def local_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalBroker]:
    broker = LocalBroker(tmp_path_factory.mktemp("broker"), 0)
    broker.start()
    yield broker
    broker.stop()


@pytest.fixture(scope="module")
def kafka(local_broker: LocalBroker) -> Kafka:
    kafka = Kafka(bootstrap_servers=local_broker.bootstrap_servers, topics=Topics(partitions=3))
    create_topics(kafka, topic_configs(["test"], kafka.topics))
    return kafka


def consumed(kafka: Kafka, group: str, count: int) -> list[Message]:
    """Joins the group, takes so many messages, commits them and leaves."""
    consumer = GroupConsumer(kafka, [TOPIC], group, batch=10)
    messages: list[Message] = []
    for _ in range(60):
        messages += consumer.poll(0.5)
        if len(messages) >= count:
            break
    consumer.commit(messages)
    consumer.close()
    return messages


def test_topics_are_created_once(kafka: Kafka) -> None:
    assert existing_topics(kafka) >= set(topic_configs(["test"], kafka.topics))
    assert create_topics(kafka, topic_configs(["test"], kafka.topics)) == []


def described(kafka: Kafka, names: Iterable[str]) -> dict[str, tuple[int, str | None]]:
    """Partitions and retention of topics."""
    admin = KafkaAdminClient(bootstrap_servers=kafka.bootstrap_servers)
    partitions = {topic["name"]: len(topic["partitions"]) for topic in admin.describe_topics(list(names))}
    asked = [ConfigResource("topic", name, ["retention.ms"]) for name in names]
    configs = admin.describe_configs(asked)["topic"]
    admin.close()
    return {name: (count, configs[name].get("retention.ms", {}).get("value")) for name, count in partitions.items()}


def test_topics_that_are_there_get_the_partitions_and_the_retention_that_are_configured_now(kafka: Kafka) -> None:
    own, compacted = {"grown": {"retention.ms": "1000"}}, {"grown-compacted": {"cleanup.policy": "compact"}}
    create_topics(kafka, own | compacted)
    assert described(kafka, own | compacted) == {"grown": (3, "1000"), "grown-compacted": (1, None)}
    more = kafka.model_copy(update={"topics": Topics(partitions=5)})
    assert create_topics(more, {"grown": {"retention.ms": "2000"}} | compacted) == []
    # A key's older values stay in one partition, where compaction finds them.
    assert described(kafka, own | compacted) == {"grown": (5, "2000"), "grown-compacted": (1, None)}
    # Kafka takes no partition away, so neither is it asked to.
    create_topics(kafka, own)
    assert described(kafka, own) == {"grown": (5, "1000")}


def test_what_is_sent_is_consumed_once_per_group_with_key_and_headers(kafka: Kafka) -> None:
    sent = [Outgoing(TOPIC, f"run/{number}".encode(), b"\xff\x00", (("trace", b"1"),)) for number in range(25)]
    before = len(list(TopicReader(kafka, TOPIC).new_messages()))
    Sender(kafka).send(sent)
    first = consumed(kafka, "first", before + 25)
    assert sorted((m.key, m.value, m.headers) for m in first[-25:]) == sorted((o.key, o.value, o.headers) for o in sent)
    Sender(kafka).send([Outgoing(TOPIC, b"run/last", b"v")])
    assert [message.key for message in consumed(kafka, "first", 1)] == [b"run/last"]


def test_a_topic_is_read_to_its_present_end_and_then_on(kafka: Kafka) -> None:
    reader = TopicReader(kafka, TOPIC)
    list(reader.new_messages())
    assert list(reader.new_messages()) == []
    Sender(kafka).send([Outgoing(TOPIC, b"run/new", b"v")])
    assert [message.key for message in reader.new_messages()] == [b"run/new"]


def test_the_lag_is_what_was_not_polled_yet(kafka: Kafka) -> None:
    consumer = GroupConsumer(kafka, [TOPIC], "lagging", batch=10)
    total = len(list(TopicReader(kafka, TOPIC).new_messages())) + 15
    Sender(kafka).send([Outgoing(TOPIC, f"run/{number}".encode(), b"v") for number in range(15)])
    polled = 0
    while not consumer.assigned() or polled == 0:
        polled += len(consumer.poll(0.5))
    consumer.hold()
    assert consumer.lag() == {TOPIC: total - polled}
    consumer.close()


@pytest.mark.parametrize("committed", [None, 2])
def test_messages_that_expired_before_they_were_read_do_not_count_as_lag(kafka: Kafka, committed: int | None) -> None:
    group, place = f"late-{committed}", TopicPartition(f"{TOPIC}-{committed}", 0)
    one_partition = kafka.model_copy(update={"topics": Topics(partitions=1)})
    create_topics(one_partition, {place.topic: {}})
    Sender(kafka).send([Outgoing(place.topic, b"run/job", b"v")] * 5)
    admin = KafkaAdminClient(bootstrap_servers=kafka.bootstrap_servers)
    if committed is not None:
        admin.alter_group_offsets(group, {place: OffsetAndMetadata(committed, "", -1)})
    admin.delete_records({place: 4})  # what the retention does, now
    consumer = GroupConsumer(kafka, [place.topic], group, batch=10)
    while not admin.list_group_offsets([group])[group].get(place, OffsetAndMetadata(0, "", -1)).offset >= 4:
        consumer.poll(0.5)
    consumer.close()
    assert admin.list_group_offsets([group])[group][place].offset == 4
    admin.close()


def test_topics_are_created_by_processes_that_start_together(kafka: Kafka) -> None:
    configs = topic_configs([f"together-{number}" for number in range(8)], kafka.topics)
    with ThreadPoolExecutor(4) as processes:
        made = list(processes.map(lambda _: create_topics(kafka, configs), range(4)))
    assert set().union(*made) >= {name for name in configs if "together" in name}
    assert existing_topics(kafka) >= set(configs)


def test_a_message_that_the_broker_does_not_take_raises(kafka: Kafka) -> None:
    sender = Sender(kafka)
    with pytest.raises(BrokerUnavailable):
        sender.send([Outgoing("seep.jobs.missing", b"k", b"v")])
    with pytest.raises(BrokerUnavailable):
        sender.send([Outgoing(TOPIC, b"k", b"v" * 4 * MAX_MESSAGE_BYTES)])
    sender.send([Outgoing(TOPIC, b"k", b"a sender that failed once sends again")])


def test_a_topic_that_is_not_there_is_named(kafka: Kafka) -> None:
    with pytest.raises(BrokerUnavailable, match=r"no topic seep\.nowhere: create it with `seep topics apply`"):
        TopicReader(kafka, "seep.nowhere")


def test_a_header_without_a_value_can_be_sent_on() -> None:
    record = SimpleNamespace(topic="t", partition=0, offset=0, key=None, value=b"", headers=[("trace", None)])
    assert edge._message(record).headers == (("trace", b""),)
