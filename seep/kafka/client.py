"""The edge to Kafka: the one file that imports its client."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import ConfigResource
from kafka.errors import (
    CommitFailedError,
    IllegalGenerationError,
    InvalidPartitionsError,
    KafkaError,
    TopicAlreadyExistsError,
)
from kafka.errors import UnknownMemberIdError as UnknownMemberError
from kafka.structs import OffsetAndMetadata

from seep.errors import Unavailable
from seep.kafka.messages import Message, Outgoing
from seep.kafka.topics import MAX_MESSAGE_BYTES
from seep.settings import Kafka

log = logging.getLogger(__name__)

# Another member has taken the partitions over: it handles the messages again, and the second writing changes nothing.
LOST_PARTITIONS = (CommitFailedError, IllegalGenerationError, UnknownMemberError)
COMMIT_TIMEOUT_MS = 5_000
LAG_TIMEOUT_MS = 2_000
SEND_TIMEOUT_SECONDS = 60.0
# Topics made after a service has started are found at the next refresh; the client's default is five minutes.
METADATA_MAX_AGE_MS = 5_000


class BrokerUnavailable(Unavailable):
    """The broker cannot be reached, or did not take or give what was asked."""


class Sender:
    """A producer that answers for every message."""

    def __init__(self, kafka: Kafka) -> None:
        """Raises BrokerUnavailable where no broker answers."""
        self._kafka = kafka
        self._producer: KafkaProducer | None = self._connected()

    def send(self, outgoing: Sequence[Outgoing]) -> None:
        """Sends all and waits for each to be acknowledged; raises BrokerUnavailable where one was not."""
        try:
            producer = self._producer = self._producer or self._connected()
            # flush() does not raise for records that failed: each future is asked.
            futures = [
                producer.send(message.topic, message.value, message.key, list(message.headers)) for message in outgoing
            ]
            for future in futures:
                future.get(timeout=SEND_TIMEOUT_SECONDS)
        except KafkaError as error:
            # Some errors leave an idempotent producer unusable for good; a new one costs little.
            self.close()
            raise BrokerUnavailable(f"the broker did not take a message: {type(error).__name__}") from error

    def close(self) -> None:
        """Ends the connection without waiting for messages that nobody asks about any more."""
        if self._producer is not None:
            self._producer.close(timeout=2)
            self._producer = None

    def _connected(self) -> KafkaProducer:
        # A producer waits 30 s for a broker that is not there, longer than a stopping service has.
        _admin(self._kafka).close()
        try:
            return KafkaProducer(
                **_connection(self._kafka),
                acks="all",
                # The texts of a job repeat its concepts and categories over and over.
                compression_type="gzip",
                linger_ms=5,
                # Before compression; the topic's limit is on what is stored.
                max_request_size=4 * MAX_MESSAGE_BYTES,
                delivery_timeout_ms=int(SEND_TIMEOUT_SECONDS * 1000) - 5_000,
                request_timeout_ms=10_000,
                max_block_ms=10_000,
            )
        except KafkaError as error:
            raise BrokerUnavailable(_unreachable(self._kafka)) from error


class GroupConsumer:
    """A member of a consumer group, which reads bytes and commits only what it is told to."""

    def __init__(self, kafka: Kafka, topics: Sequence[str], group: str, batch: int) -> None:
        """Raises BrokerUnavailable where no broker answers."""
        self._topics = topics
        self._begun: set[TopicPartition] = set()
        try:
            self._consumer = KafkaConsumer(
                *topics,
                **_connection(kafka),
                **_reading(),
                group_id=group,
                enable_auto_commit=False,
                max_poll_records=batch,
                # A member killed without leaving is missed after this time, and its jobs go to the others.
                session_timeout_ms=10_000,
                heartbeat_interval_ms=2_000,
            )
        except KafkaError as error:
            raise BrokerUnavailable(_unreachable(kafka)) from error

    def poll(self, timeout_seconds: float) -> list[Message]:
        """What has come for this member; also keeps its place in the group. Raises BrokerUnavailable."""
        # Before polling: what a poll has returned must not be lost to an error after it.
        self._commit_beginnings()
        try:
            records = self._consumer.poll(timeout_ms=int(timeout_seconds * 1000))
        except KafkaError as error:
            raise BrokerUnavailable(f"polling failed: {type(error).__name__}") from error
        return [_message(record) for batch in records.values() for record in batch]

    def _commit_beginnings(self) -> None:
        """Commits the first offset of partitions new to this member where none or only an expired one is committed.

        Who computes the lag from outside, an autoscaler for instance, would else count messages that have expired.
        """
        own = self._consumer.assignment()
        new = own - self._begun
        try:
            if new:
                firsts = self._consumer.beginning_offsets(sorted(new), timeout_ms=COMMIT_TIMEOUT_MS)
                self._commit({place: first for place, first in firsts.items() if self._committed(place) < first})
            self._begun = set(own)
        except KafkaError as error:
            # Polling must go on, because it is what ends a rebalance; the next poll comes back to this.
            log.warning("first offsets not committed: %s", type(error).__name__)

    def _committed(self, place: TopicPartition) -> int:
        """The committed offset; -1 where there is none."""
        offset: int | None = self._consumer.committed(place, timeout_ms=COMMIT_TIMEOUT_MS)
        return -1 if offset is None else offset

    def hold(self) -> None:
        """Stops fetching, so that polling only keeps the place in the group."""
        self._consumer.pause(*self._consumer.assignment())

    def resume(self) -> None:
        """Fetches again."""
        self._consumer.resume(*self._consumer.paused())

    def assigned(self) -> bool:
        """Whether the group has given this member its partitions."""
        return bool(self._consumer.assignment())

    def lag(self) -> dict[str, int]:
        """Messages that were not polled yet, in this member's partitions, by topic. Raises BrokerUnavailable."""
        waiting = dict.fromkeys(self._topics, 0)
        try:
            ends = self._consumer.end_offsets(self._consumer.assignment(), timeout_ms=LAG_TIMEOUT_MS)
            for place, end in ends.items():
                # None while the position itself is being asked for.
                position = self._consumer.position(place, timeout_ms=LAG_TIMEOUT_MS)
                waiting[place.topic] += 0 if position is None else max(0, end - position)
        except KafkaError as error:
            raise BrokerUnavailable(f"asking for the lag failed: {type(error).__name__}") from error
        return waiting

    def commit(self, messages: Sequence[Message]) -> None:
        """Marks messages as done; those of partitions that were lost meanwhile are left to their new owner.

        Raises BrokerUnavailable.
        """
        own = self._consumer.assignment()
        offsets: dict[TopicPartition, int] = {}
        for message in messages:
            place = TopicPartition(message.topic, message.partition)
            if place in own:
                offsets[place] = max(offsets.get(place, 0), message.offset + 1)
        try:
            self._commit(offsets)
        except KafkaError as error:
            raise BrokerUnavailable(f"offsets were not committed: {type(error).__name__}") from error

    def _commit(self, offsets: Mapping[TopicPartition, int]) -> None:
        if not offsets:
            return
        marks = {place: OffsetAndMetadata(offset, "", -1) for place, offset in offsets.items()}
        try:
            self._consumer.commit(marks, timeout_ms=COMMIT_TIMEOUT_MS)
        except LOST_PARTITIONS as error:
            log.warning("offsets not committed, the partitions have moved: %s", type(error).__name__)

    def close(self) -> None:
        """Leaves the group."""
        self._consumer.close(autocommit=False, timeout_ms=3_000)


class TopicReader:
    """Reads a whole topic without a group: all there is, then what has come since."""

    def __init__(self, kafka: Kafka, topic: str) -> None:
        """Raises BrokerUnavailable where no broker answers or the topic does not exist."""
        try:
            self._consumer = KafkaConsumer(**_connection(kafka), **_reading(), group_id=None)
            partitions = self._consumer.partitions_for_topic(topic)
        except KafkaError as error:
            raise BrokerUnavailable(_unreachable(kafka)) from error
        if not partitions:
            self._consumer.close()
            raise BrokerUnavailable(f"there is no topic {topic}: create it with `seep topics apply`")
        self._places = [TopicPartition(topic, partition) for partition in sorted(partitions)]
        self._consumer.assign(self._places)
        self._consumer.seek_to_beginning(*self._places)

    def new_messages(self) -> Iterator[Message]:
        """Everything from the last position to the present end, by partition. Raises BrokerUnavailable."""
        try:
            ends = self._consumer.end_offsets(self._places)
            while any(self._consumer.position(place) < end for place, end in ends.items()):
                for batch in self._consumer.poll(timeout_ms=500).values():
                    yield from (_message(record) for record in batch)
        except KafkaError as error:
            raise BrokerUnavailable(f"reading {self._places[0].topic} failed: {type(error).__name__}") from error

    def close(self) -> None:
        """Ends the connection."""
        self._consumer.close()


def existing_topics(kafka: Kafka) -> set[str]:
    """The names of the broker's topics. Raises BrokerUnavailable."""
    admin = _admin(kafka)
    try:
        return set(admin.list_topics())
    finally:
        admin.close()


def create_topics(kafka: Kafka, configs: Mapping[str, Mapping[str, str]]) -> list[str]:
    """Creates the topics that are not there yet and returns their names; gives the others the partitions and the
    configuration that they lack. Raises BrokerUnavailable."""
    admin = _admin(kafka)
    try:
        there = set(admin.list_topics())
        missing = sorted(set(configs) - there)
        wanted = {
            name: {
                "num_partitions": 1 if _is_compacted(configs[name]) else kafka.topics.partitions,
                "replication_factor": kafka.topics.replication_factor,
                "configs": dict(configs[name]),
            }
            for name in missing
        }
        if wanted:
            with suppress(TopicAlreadyExistsError):  # another process was faster with one of them
                admin.create_topics(wanted)
            admin.wait_for_topics(missing)
        older = {name: config for name, config in configs.items() if name in there}
        if older:
            _add_partitions(admin, [name for name in older if not _is_compacted(older[name])], kafka.topics.partitions)
            _update_configs(admin, older)
        return missing
    except KafkaError as error:
        raise BrokerUnavailable(f"topics were not made as configured: {type(error).__name__}: {error}") from error
    finally:
        admin.close()


def _is_compacted(config: Mapping[str, str]) -> bool:
    """Such a topic has one partition for good: with more of them a key would move, and leave its older values."""
    return config.get("cleanup.policy") == "compact"


def _add_partitions(admin: KafkaAdminClient, topics: Sequence[str], wanted: int) -> None:
    found = {topic["name"]: len(topic["partitions"]) for topic in admin.describe_topics(list(topics))}
    fewer = {name: wanted for name, count in found.items() if count < wanted}
    if fewer:
        with suppress(InvalidPartitionsError):  # another process was faster
            admin.create_partitions(fewer)
        log.warning("%s: %d partitions from now on", ", ".join(sorted(fewer)), wanted)


def _update_configs(admin: KafkaAdminClient, configs: Mapping[str, Mapping[str, str]]) -> None:
    asked = [ConfigResource("topic", name, dict(config)) for name, config in configs.items()]
    found = admin.describe_configs(asked, config_filter="all").get("topic", {})
    changes = {
        # Nothing is found where this user may not look: it keeps to what it may do, which is to create.
        name: {key: configs[name][key] for key, now in of.items() if now["value"] != configs[name][key]}
        for name, of in found.items()
    }
    changed = [ConfigResource("topic", name, change) for name, change in changes.items() if change]
    if changed:
        for name, result in admin.alter_configs(changed, raise_on_unknown=False)["topic"].items():
            if result != "OK":
                raise BrokerUnavailable(f"topic {name} was not given its configuration: {result}")
            log.warning("%s: %s from now on", name, changes[name])


def _admin(kafka: Kafka) -> KafkaAdminClient:
    try:
        return KafkaAdminClient(**_connection(kafka), bootstrap_timeout_ms=5_000)
    except KafkaError as error:
        raise BrokerUnavailable(_unreachable(kafka)) from error


def _connection(kafka: Kafka) -> dict[str, Any]:
    names = Kafka.model_fields.keys() - {"topics"}
    given = {name: _plain(getattr(kafka, name)) for name in names if getattr(kafka, name) is not None}
    # A broker that comes back is noticed within seconds; the client's default waits up to 30.
    return given | {"metadata_max_age_ms": METADATA_MAX_AGE_MS, "reconnect_backoff_max_ms": 2_000}


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, Path) else value


def _reading() -> dict[str, Any]:
    return {
        "auto_offset_reset": "earliest",
        "allow_auto_create_topics": False,
        "max_partition_fetch_bytes": MAX_MESSAGE_BYTES,
        "bootstrap_timeout_ms": 5_000,
    }


def _message(record: Any) -> Message:
    # Kafka allows a header without a value; the client would refuse to send it on.
    headers = tuple((name, value or b"") for name, value in record.headers)
    return Message(record.topic, record.partition, record.offset, record.key, record.value, headers)


def _unreachable(kafka: Kafka) -> str:
    return f"kafka.bootstrap_servers: no broker answers at {kafka.bootstrap_servers}"
