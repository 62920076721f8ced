"""A broker in this process's memory, for tests of what sends and receives; it keeps nothing and no other process
reaches it.

It does what `seep.kafka.broker` says and the contract test shows. It has no retention, compaction, replication or
authentication, and no network that fails halfway: what depends on these is tested on the real broker.
"""

import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from threading import Condition

import zstandard

from seep.kafka.broker import BrokerUnavailable, MessagesRefused
from seep.kafka.in_memory_group import Group, InMemoryGroupConsumer, Partition
from seep.kafka.messages import Message, Outgoing
from seep.kafka.topics import MAX_UNCOMPRESSED_BYTES, TopicConfig

# Kafka's own default for a topic that says nothing else.
DEFAULT_MESSAGE_BYTES = 1_048_588


@dataclass
class _Topic:
    config: TopicConfig
    partitions: list[list[Message]]


class InMemoryBroker:
    """Topics and groups in memory; see `seep.kafka.broker.Broker`. May be used from several threads."""

    def __init__(self) -> None:
        # Guards everything, and wakes those who wait for messages.
        self.changed = Condition()
        self._topics: dict[str, _Topic] = {}
        self._groups: dict[str, Group] = {}
        self._running = True

    def stop(self) -> None:
        """Answers nobody until it is started again; topics, messages and commits stay."""
        with self.changed:
            self._running = False

    def start(self) -> None:
        """Answers again."""
        with self.changed:
            self._running = True

    def check_running(self) -> None:
        """Raises BrokerUnavailable while the broker is stopped."""
        if not self._running:
            raise BrokerUnavailable("the in-memory broker is stopped")

    def sender(self) -> "InMemorySender":
        """A sender to any topic."""
        self.check_running()
        return InMemorySender(self)

    def consumer(self, topics: Sequence[str], group: str, batch_size: int) -> InMemoryGroupConsumer:
        """A member of a group."""
        self.check_running()
        return InMemoryGroupConsumer(self, topics, self._groups.setdefault(group, Group()), batch_size)

    def reader(self, topic: str) -> "InMemoryTopicReader":
        """A reader at the start of a topic."""
        self.check_running()
        if topic not in self._topics:
            raise BrokerUnavailable(f"there is no topic {topic}: create it with `seep topics apply`")
        return InMemoryTopicReader(self, topic)

    def members(self, group: str) -> int:
        """How many members a group has now."""
        self.check_running()
        return len(self._groups[group].members) if group in self._groups else 0

    def existing_topics(self) -> set[str]:
        """The names of the topics."""
        self.check_running()
        return set(self._topics)

    def create_topics(self, configs: Mapping[str, TopicConfig]) -> list[str]:
        """Creates missing topics; the others get missing partitions and changed options."""
        with self.changed:
            self.check_running()
            missing = sorted(set(configs) - set(self._topics))
            for name, config in configs.items():
                topic = self._topics.setdefault(name, _Topic(config, []))
                topic.config = replace(config, options={**topic.config.options, **config.options})
                topic.partitions += ([] for _ in range(config.partitions - len(topic.partitions)))
            return missing

    def partitions(self, topics: Sequence[str]) -> list[Partition]:
        """The partitions of those of the topics that exist."""
        found = [(name, self._topics[name]) for name in topics if name in self._topics]
        return [(name, number) for name, topic in found for number in range(len(topic.partitions))]

    def messages(self, partition: Partition) -> list[Message]:
        """What is in a partition; an offset is an index in it."""
        name, number = partition
        return self._topics[name].partitions[number]

    def append(self, outgoing: Outgoing) -> bool:
        """Stores one message; False if it is too large. Raises BrokerUnavailable if there is no such topic."""
        topic = self._topics.get(outgoing.topic)
        if topic is None:
            raise BrokerUnavailable(f"the broker did not take a message: there is no topic {outgoing.topic}")
        limit = int(topic.config.options.get("max.message.bytes", DEFAULT_MESSAGE_BYTES))
        if not _fits(outgoing, limit):
            return False
        number = zlib.crc32(outgoing.key or b"") % len(topic.partitions)
        messages = topic.partitions[number]
        messages.append(
            Message(outgoing.topic, number, len(messages), outgoing.key, outgoing.value, tuple(outgoing.headers))
        )
        return True


def _fits(outgoing: Outgoing, limit: int) -> bool:
    """As with the real sender, a topic's limit is on compressed messages, and another one on what they are before."""
    if outgoing.size >= MAX_UNCOMPRESSED_BYTES:
        return False
    # What does not shrink grows a little.
    contents = b"".join([outgoing.key or b"", outgoing.value or b"", *(value for _, value in outgoing.headers)])
    return len(contents) <= limit // 2 or len(zstandard.compress(contents)) <= limit


class InMemorySender:
    """Sends to an in-memory broker."""

    def __init__(self, broker: InMemoryBroker) -> None:
        self._broker = broker

    def send(self, outgoing: Sequence[Outgoing]) -> None:
        """Stores all that is not too large; raises BrokerUnavailable at the first that has no topic."""
        with self._broker.changed:
            self._broker.check_running()
            refused = [message for message in outgoing if not self._broker.append(message)]
            self._broker.changed.notify_all()
        if refused:
            raise MessagesRefused(refused, "too large")

    def close(self) -> None:
        """There is no connection to end."""


class InMemoryTopicReader:
    """Reads a topic of an in-memory broker."""

    def __init__(self, broker: InMemoryBroker, topic: str) -> None:
        self._broker = broker
        self._positions = dict.fromkeys(broker.partitions([topic]), 0)

    def new_messages(self) -> Iterator[Message]:
        """Everything from the last position to the present end, by partition."""
        self._broker.check_running()
        for partition, position in self._positions.items():
            messages = self._broker.messages(partition)[position:]
            self._positions[partition] += len(messages)
            yield from messages

    def close(self) -> None:
        """There is no connection to end."""
