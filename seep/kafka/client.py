"""The real broker."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from seep.kafka import administration
from seep.kafka.consuming import KafkaGroupConsumer, KafkaTopicReader
from seep.kafka.producing import KafkaSender
from seep.kafka.topics import TopicConfig
from seep.settings import Kafka


@dataclass(frozen=True)
class KafkaBroker:
    """Kafka as configured; see `seep.kafka.broker.Broker`. Nothing is connected until it is used."""

    kafka: Kafka

    def sender(self) -> KafkaSender:
        """A producer."""
        return KafkaSender(self.kafka)

    def consumer(self, topics: Sequence[str], group: str, batch_size: int) -> KafkaGroupConsumer:
        """A member of a group."""
        return KafkaGroupConsumer(self.kafka, topics, group, batch_size)

    def reader(self, topic: str) -> KafkaTopicReader:
        """A reader without a group."""
        return KafkaTopicReader(self.kafka, topic)

    def members(self, group: str) -> int:
        """How many members a group has now."""
        return administration.members(self.kafka, group)

    def existing_topics(self) -> set[str]:
        """The names of the broker's topics."""
        return administration.existing_topics(self.kafka)

    def create_topics(self, configs: Mapping[str, TopicConfig]) -> list[str]:
        """Creates missing topics; the others get missing partitions and changed options."""
        return administration.create_topics(self.kafka, configs)
