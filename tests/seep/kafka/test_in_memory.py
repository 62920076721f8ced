"""What the in-memory broker has beside the contract: it can be stopped, and it keeps what it has."""

import threading

import pytest

from seep.kafka.broker import BrokerUnavailable
from seep.kafka.in_memory import InMemoryBroker
from seep.kafka.messages import Outgoing
from seep.kafka.topics import TopicConfig


@pytest.fixture
def broker() -> InMemoryBroker:
    broker = InMemoryBroker()
    broker.create_topics({"topic": TopicConfig(2)})
    return broker


def test_a_stopped_broker_answers_nobody_and_has_everything_when_it_is_started(broker: InMemoryBroker) -> None:
    sender, consumer, reader = broker.sender(), broker.consumer(["topic"], "group", 10), broker.reader("topic")
    sender.send([Outgoing("topic", b"k", b"v")])
    [message] = consumer.poll(0)
    broker.stop()
    for use in (
        lambda: sender.send([Outgoing("topic", b"k", b"w")]),
        lambda: consumer.poll(0),
        lambda: consumer.commit([message]),
        lambda: list(reader.new_messages()),
        lambda: broker.create_topics({"another": TopicConfig(1)}),
    ):
        with pytest.raises(BrokerUnavailable):
            use()
    broker.start()
    consumer.commit([message])
    assert [found.value for found in reader.new_messages()] == [b"v"]
    assert broker.existing_topics() == {"topic"}


def test_who_waits_for_messages_gets_them_as_soon_as_they_are_sent(broker: InMemoryBroker) -> None:
    consumer = broker.consumer(["topic"], "group", 10)
    threading.Timer(0.1, lambda: broker.sender().send([Outgoing("topic", b"k", b"v")])).start()
    # Who slept through that would be ended by the time limit of tests.
    assert [message.value for message in consumer.poll(threading.TIMEOUT_MAX)] == [b"v"]
