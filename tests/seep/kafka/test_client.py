"""What Kafka alone does: partitions and retention of its topics, messages that expire, headers without a value."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import ConfigResource
from kafka.structs import OffsetAndMetadata

from deploy.local.broker import LocalBroker
from seep.kafka.client import KafkaBroker
from seep.kafka.messages import Outgoing
from seep.kafka.topics import TopicConfig, topic_configs
from seep.settings import Kafka, Topics
from tests.waiting import wait_until


@pytest.fixture(scope="module")
def broker(local_broker: LocalBroker) -> KafkaBroker:
    return KafkaBroker(Kafka(bootstrap_servers=local_broker.bootstrap_servers))


@pytest.fixture
def admin(local_broker: LocalBroker) -> Iterator[KafkaAdminClient]:
    client = KafkaAdminClient(bootstrap_servers=local_broker.bootstrap_servers)
    yield client
    client.close()


def wait_for_topic(admin: KafkaAdminClient, name: str, partitions: int, retention: str) -> None:
    """Waits until the broker shows what its controller has taken."""
    wait_until(lambda: described(admin, name) == {name: (partitions, retention)})


def described(admin: KafkaAdminClient, *names: str) -> dict[str, tuple[int, str | None]]:
    """Partitions and retention of topics."""
    partitions = {topic["name"]: len(topic["partitions"]) for topic in admin.describe_topics(list(names))}
    configs = admin.describe_configs([ConfigResource("topic", name, ["retention.ms"]) for name in names])["topic"]
    return {name: (count, configs[name].get("retention.ms", {}).get("value")) for name, count in partitions.items()}


def test_topics_that_exist_get_the_partitions_and_the_retention_that_are_configured_now(
    broker: KafkaBroker, admin: KafkaAdminClient
) -> None:
    broker.create_topics({"grown": TopicConfig(3, options={"retention.ms": "1000"})})
    wait_for_topic(admin, "grown", 3, "1000")
    assert broker.create_topics({"grown": TopicConfig(5, options={"retention.ms": "2000"})}) == []
    wait_for_topic(admin, "grown", 5, "2000")
    # Kafka takes no partition away, so it is not requested either.
    broker.create_topics({"grown": TopicConfig(3, options={"retention.ms": "1000"})})
    wait_for_topic(admin, "grown", 5, "1000")


@pytest.mark.parametrize("committed", [None, 2])
def test_messages_that_expired_before_they_were_read_do_not_count_as_lag(
    broker: KafkaBroker, admin: KafkaAdminClient, committed: int | None
) -> None:
    group, place = f"late-{committed}", TopicPartition(f"expired-{committed}", 0)
    broker.create_topics({place.topic: TopicConfig(1)})
    broker.sender().send([Outgoing(place.topic, b"run/job", b"v")] * 5)
    if committed is not None:
        admin.alter_group_offsets(group, {place: OffsetAndMetadata(committed, "", -1)})
    admin.delete_records({place: 4})  # what the retention does, now
    consumer = broker.consumer([place.topic], group, batch_size=10)
    while not consumer.assigned():  # until then the broker may not know who coordinates the group
        consumer.poll(0.5)
    while not admin.list_group_offsets([group])[group].get(place, OffsetAndMetadata(0, "", -1)).offset >= 4:
        consumer.poll(0.5)
    consumer.close()
    assert admin.list_group_offsets([group])[group][place].offset == 4


def test_topics_are_created_by_processes_that_start_together(broker: KafkaBroker) -> None:
    configs = topic_configs([f"together-{number}" for number in range(8)], Topics(partitions=3))
    with ThreadPoolExecutor(4) as processes:
        made = list(processes.map(lambda _: broker.create_topics(configs), range(4)))
    assert set().union(*made) >= {name for name in configs if "together" in name}
    assert broker.existing_topics() >= set(configs)


def test_messages_that_are_sent_together_are_stored_together(broker: KafkaBroker) -> None:
    broker.create_topics({"grouped": TopicConfig(1)})
    sender = broker.sender()

    def some_went_together() -> bool:
        sender.send([Outgoing("grouped", b"run/job", bytes(30_000))] * 10)
        assert sender._producer is not None
        return bool(sender._producer.metrics()["producer-metrics"]["records-per-request-avg"] > 1)

    # Not at the first try where the machine stops this process for longer than the client waits for more.
    wait_until(some_went_together)
    sender.close()


@pytest.mark.parametrize("hours", [-9 * 24, 2])
def test_a_senders_wrong_clock_neither_expires_a_message_nor_has_it_refused(
    local_broker: LocalBroker, broker: KafkaBroker, hours: int
) -> None:
    topic = f"seep.jobs.clock{hours}"
    broker.create_topics({topic: topic_configs([f"clock{hours}"], Topics(partitions=1))[topic]})
    sent_at = time.time()
    producer = KafkaProducer(bootstrap_servers=local_broker.bootstrap_servers)
    producer.send(topic, b"v", timestamp_ms=int((sent_at + hours * 3600) * 1000)).get(timeout=300)
    producer.close()
    consumer = KafkaConsumer(topic, bootstrap_servers=local_broker.bootstrap_servers, auto_offset_reset="earliest")
    record = next(consumer)
    consumer.close()
    assert abs(record.timestamp / 1000 - sent_at) < 600


def test_an_answer_to_a_join_that_was_lost_is_waited_for_half_a_minute(broker: KafkaBroker) -> None:
    consumer = broker.consumer(["any"], "joining", batch_size=1)
    # What the client waits for the answer, but for its own five seconds.
    assert consumer._consumer._coordinator.config["max_poll_interval_ms"] <= 30_000
    consumer.close()
