"""Reading from the real broker: as a member of a group, or a whole topic."""

import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import CommitFailedError, IllegalGenerationError, KafkaError, KafkaTimeoutError
from kafka.errors import UnknownMemberIdError as UnknownMemberError
from kafka.structs import OffsetAndMetadata

from seep.kafka.broker import BrokerUnavailable
from seep.kafka.connection import broker_errors, connection_options, explain, unreachable
from seep.kafka.messages import Message
from seep.kafka.reading import read_everything
from seep.kafka.topics import MAX_MESSAGE_BYTES
from seep.settings import Kafka

log = logging.getLogger(__name__)

# Another member has taken the partitions over: it handles the messages again, and the second writing changes nothing.
LOST_PARTITIONS = (CommitFailedError, IllegalGenerationError, UnknownMemberError)
COMMIT_TIMEOUT_MS = 5_000
# The others hear of a rebalance with their next heartbeat.
JOIN_SECONDS = 3.0
LAG_TIMEOUT_MS = 2_000
READ_TIMEOUT_MS = 30_000
READING: Mapping[str, Any] = {
    "auto_offset_reset": "earliest",
    "allow_auto_create_topics": False,
    "max_partition_fetch_bytes": MAX_MESSAGE_BYTES,
    "bootstrap_timeout_ms": 5_000,
}


class KafkaGroupConsumer:
    """A member of a consumer group, which reads bytes and commits only on request."""

    def __init__(self, kafka: Kafka, topics: Sequence[str], group: str, batch_size: int) -> None:
        """Raises BrokerUnavailable if no broker answers."""
        self._topics = topics
        self._known: set[TopicPartition] = set()
        try:
            self._consumer = KafkaConsumer(
                *topics,
                **connection_options(kafka),
                **READING,
                group_id=group,
                enable_auto_commit=False,
                max_poll_records=batch_size,
                # A member killed without leaving is missed after this time, and its jobs go to the others.
                session_timeout_ms=10_000,
                heartbeat_interval_ms=2_000,
                # The loop polls many times a second, also while a batch is handled. If the answer to its join is lost,
                # the client waits this long, and five seconds; its default is five minutes.
                max_poll_interval_ms=30_000,
            )
        except Exception as error:
            raise BrokerUnavailable(unreachable(kafka, error)) from error
        read_everything(self._consumer)

    def poll(self, timeout_seconds: float) -> list[Message]:
        """What has come for this member; also keeps its place in the group. Raises BrokerUnavailable."""
        with broker_errors("polling failed"):
            if self._finish_rejoining():
                timeout_seconds = max(timeout_seconds, JOIN_SECONDS)
            else:
                # Before polling: what a poll has returned must not be lost to an error after it.
                self._commit_first_offsets()
            polled: Mapping[TopicPartition, list[Message]] = self._consumer.poll(int(timeout_seconds * 1000))
        return [message for messages in polled.values() for message in messages]

    def _finish_rejoining(self) -> bool:
        """Has the next poll complete a rebalance that outlasted the last one; whether there is one.

        kafka-python (3.0.12) forgets one that new partitions have set off: it keeps polling, sends no heartbeats, and
        never gets its partitions. And it takes an answer to its join only while it polls. One that comes between two
        polls it forgets, and asks to join again, which has all others join again; that may go on for minutes.
        """
        coordinator = self._consumer._coordinator
        if coordinator.rejoining:
            coordinator.request_rejoin()
        return bool(coordinator.rejoining)

    def _commit_first_offsets(self) -> None:
        """Commits the first offset of partitions new to this member if none or only an expired one is committed.

        Otherwise an autoscaler, which computes the lag from outside, would count messages that have expired.
        """
        own = self._consumer.assignment()
        new = own - self._known
        try:
            if new:
                firsts = self._consumer.beginning_offsets(sorted(new), timeout_ms=COMMIT_TIMEOUT_MS)
                self._commit({place: first for place, first in firsts.items() if self._committed(place) < first})
            self._known = set(own)
        except KafkaError as error:
            # Polling must go on, because it is what ends a rebalance; the next poll comes back to this.
            log.warning("first offsets not committed: %s", explain(error))

    def _committed(self, place: TopicPartition) -> int:
        """The committed offset; -1 if there is none."""
        offset: int | None = self._consumer.committed(place, timeout_ms=COMMIT_TIMEOUT_MS)
        return -1 if offset is None else offset

    def pause(self) -> None:
        """Stops fetching, so that polling only keeps the place in the group."""
        self._consumer.pause(*self._consumer.assignment())

    def resume(self) -> None:
        """Fetches again."""
        self._consumer.resume(*self._consumer.paused())

    def assigned(self) -> bool:
        """Whether the group has given this member its partitions."""
        return bool(self._consumer.assignment())

    def lag(self) -> dict[str, int]:
        """Messages that were not polled yet, in this member's partitions, by topic. Raises BrokerUnavailable.

        Without the topics of which a position is still being looked up: a part is no lag.
        """
        waiting = dict.fromkeys(self._topics, 0)
        unknown: set[str] = set()
        with broker_errors("looking up the lag failed"):
            ends = self._consumer.end_offsets(self._consumer.assignment(), timeout_ms=LAG_TIMEOUT_MS)
            for place, end in ends.items():
                position = self._consumer.position(place, timeout_ms=LAG_TIMEOUT_MS)
                if position is None:
                    unknown.add(place.topic)
                else:
                    waiting[place.topic] += max(0, end - position)
        return {topic: count for topic, count in waiting.items() if topic not in unknown}

    def commit(self, messages: Sequence[Message]) -> None:
        """Marks messages as done, except those of partitions that another member has taken over meanwhile.

        Raises BrokerUnavailable.
        """
        own = self._consumer.assignment()
        offsets: dict[TopicPartition, int] = {}
        for message in messages:
            place = TopicPartition(message.topic, message.partition)
            if place in own:
                offsets[place] = max(offsets.get(place, 0), message.offset + 1)
        with broker_errors("offsets were not committed"):
            self._commit(offsets)

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
        with suppress(Exception):  # the group then misses this member, and goes on without it
            self._consumer.close(autocommit=False, timeout_ms=3_000)


class KafkaTopicReader:
    """Reads a whole topic without a group: all there is, then what has come since."""

    def __init__(self, kafka: Kafka, topic: str) -> None:
        """Raises BrokerUnavailable if no broker answers or the topic does not exist."""
        try:
            self._consumer = KafkaConsumer(**connection_options(kafka), **READING, group_id=None)
            partitions = self._consumer.partitions_for_topic(topic)
        except Exception as error:
            raise BrokerUnavailable(unreachable(kafka, error)) from error
        read_everything(self._consumer)
        if not partitions:
            self._consumer.close()
            # A user without any right to a topic does not see it.
            right = ", or give this user the right to it" if kafka.sasl_mechanism or kafka.ssl_certfile else ""
            raise BrokerUnavailable(f"there is no topic {topic}: create it with `seep topics apply`{right}")
        self._places = [TopicPartition(topic, partition) for partition in sorted(partitions)]
        self._consumer.assign(self._places)
        self._consumer.seek_to_beginning(*self._places)

    def new_messages(self) -> Iterator[Message]:
        """Everything from the last position to the present end, by partition. Raises BrokerUnavailable."""
        with broker_errors(f"reading {self._places[0].topic} failed"):
            ends: Mapping[TopicPartition, int] = self._consumer.end_offsets(self._places, timeout_ms=READ_TIMEOUT_MS)
            silent_since = time.monotonic()
            while any(self._position(place) < end for place, end in ends.items()):
                for messages in self._consumer.poll(timeout_ms=500).values():
                    silent_since = time.monotonic()
                    yield from messages
                if time.monotonic() - silent_since > READ_TIMEOUT_MS / 1000:
                    raise KafkaTimeoutError

    def _position(self, place: TopicPartition) -> int:
        """The offset of the next message; -1 while it is not known."""
        position: int | None = self._consumer.position(place, timeout_ms=READ_TIMEOUT_MS)
        return -1 if position is None else position

    def close(self) -> None:
        """Ends the connection."""
        with suppress(Exception):
            self._consumer.close(timeout_ms=3_000)
