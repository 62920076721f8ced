"""Turning what the real broker returns into messages, whatever somebody has put there.

kafka-python (3.0.12) raises for a record with a header's name that is no UTF-8, for a codec that it lacks and for a
checksum that is wrong. After that its `poll` never returns. It also decompresses without a bound, and forgets what came
of a partition that was paused. So the consumers read records with what is here; the client does all the rest.
"""

import logging
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import islice
from typing import Any, ClassVar

from kafka import KafkaConsumer, TopicPartition
from kafka.consumer.fetcher import Fetcher
from kafka.record.util import decode_varint
from prometheus_client import Counter

from seep.kafka.decompression import Undecompressable, decompress
from seep.kafka.messages import Headers, Message, lost
from seep.kafka.topics import MAX_UNCOMPRESSED_BYTES

log = logging.getLogger(__name__)

# Each takes a hundred times the memory that it has bytes, and millions fit into a message.
MAX_HEADERS = 10_000

UNREADABLE = Counter(
    "seep_unreadable_records", "Records that nobody can read: broken, or too large when decompressed.", ["topic"]
)


def read_everything(consumer: KafkaConsumer) -> None:
    """Has a consumer return every record as a Message, and not much more than MAX_UNCOMPRESSED_BYTES at once."""
    fetcher = consumer._fetcher
    fetcher.PartitionRecords = _Partition
    fetcher._append = partial(_append, fetcher._append)
    fetcher.fetched_records = partial(_fetched_records, fetcher, fetcher.fetched_records)


def _fetched_records(fetcher: Fetcher, fetched_records: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
    """The client's own, which takes up what it has put aside of paused partitions only while it has nothing at all.

    But it keeps what it has used up. Such a partition then stood still until the group changed: it is not fetched while
    something of it is put aside.
    """
    if not fetcher._next_partition_records:
        fetcher._next_partition_records = None
    return fetched_records(*arguments, **named)


def _append(
    append: Callable[..., int], drained: Mapping[TopicPartition, list[Message]], part: Any, wanted: int, moves: bool
) -> int:
    """The client's own, which says how many messages were added; all that were wanted, once they are large enough."""
    added = append(drained, part, wanted, moves)
    size = sum(message.size for messages in drained.values() for message in messages)
    return wanted if size >= MAX_UNCOMPRESSED_BYTES else added


class _Partition(Fetcher.PartitionRecords):  # type: ignore[misc]
    """What one fetch has brought of a partition."""

    # Broken batches that were fetched once: what broke on its way is whole when it is fetched again.
    _broken: ClassVar[set[tuple[str, int, int]]] = set()

    def take(self, n: int | None = None) -> list[Message]:
        """The next messages: at most n, and no more once they are large."""
        taken: list[Message] = []
        size = 0
        for message in islice(self.record_iterator or (), n):
            taken.append(message)
            size += message.size
            if size >= MAX_UNCOMPRESSED_BYTES:
                break
        return taken

    def _unpack_records(self, place: TopicPartition, records: Any, *_deserializers: object) -> Iterator[Message]:
        """Every record. Nothing is raised: a generator that raises has ended, and the client waits for more of it."""
        try:
            for batch in records:
                whole = batch.validate_crc()
                if not whole and self._is_new((place.topic, place.partition, batch.base_offset)):
                    break
                self.leader_epoch = batch.leader_epoch
                self.bytes_read += batch.size_in_bytes
                if not batch.is_control_batch:
                    yield from self._messages(place, batch, whole)
                self.next_fetch_offset = batch.next_offset
        except Exception as error:  # never seen: a record from before Kafka 0.11, a length that is wrong
            _note(place, self.next_fetch_offset, self.next_fetch_offset, type(error).__name__)
            self.next_fetch_offset += 1
        self.drain()

    def _is_new(self, where: tuple[str, int, int]) -> bool:
        """Whether this broken batch came for the first time; then it is fetched again."""
        known = where in self._broken
        self._broken.add(where)
        return not known

    def _messages(self, place: TopicPartition, batch: Any, whole: bool) -> Iterator[Message]:
        """The messages of a batch; the last one stands for all that cannot be read."""
        stored = bytes(memoryview(batch._buffer)[batch.HEADER_STRUCT.size :])
        try:
            if not whole:
                raise Undecompressable("its checksum is wrong")
            data = decompress(batch.compression_type, stored, MAX_UNCOMPRESSED_BYTES)
            position, before = 0, batch.base_offset - 1
            for behind in reversed(range(batch.records_count)):
                message, position = _message(place, batch.base_offset, data, position)
                # The broker checks offsets of compressed records alone, and who commits a false one skips others'.
                if not before < message.offset <= batch.last_offset - behind:
                    raise Undecompressable("an offset is not of its batch")
                before = message.offset
                self.records_read += 1
                self.next_fetch_offset = message.offset + 1
                yield message
        except (ValueError, IndexError) as error:
            reason = str(error) if isinstance(error, Undecompressable) else "its structure is broken"
            _note(place, max(self.next_fetch_offset, batch.base_offset), batch.last_offset, reason)
            yield Message(
                place.topic,
                place.partition,
                batch.last_offset,
                None,
                None,
                lost=lost(f"it cannot be read: {reason}", stored),
            )


def _note(place: TopicPartition, first: int, last: int, reason: str) -> None:
    log.error("%s, partition %d, offsets %d to %d cannot be read: %s", *place, first, last, reason)
    UNREADABLE.labels(place.topic).inc(last - first + 1)


def _message(place: TopicPartition, base_offset: int, data: bytes, position: int) -> tuple[Message, int]:
    """The record at a position, and where the next one begins.

    https://kafka.apache.org/documentation/#record
    """
    length, start = decode_varint(data, position)
    end = start + length
    _, at = decode_varint(data, start + 1)  # behind a byte of attributes: the time
    offset, at = decode_varint(data, at)
    key, at = _bytes(data, at)
    value, at = _bytes(data, at)
    count, at = decode_varint(data, at)
    if end > len(data):
        raise ValueError
    where = place.topic, place.partition, base_offset + offset
    if count > MAX_HEADERS:
        _note(place, where[2], where[2], f"it has {count} headers")
        return Message(*where, None, None, lost=lost(f"it has {count} headers", data[start:end])), end
    headers, escaped, at = _headers(data, at, count)
    if at != end:
        raise ValueError
    return Message(*where, key, value, headers, escaped=escaped), end


def _headers(data: bytes, at: int, count: int) -> tuple[Headers, bool, int]:
    """Names and values, whether a name was escaped, and where they end."""
    headers: list[tuple[str, bytes]] = []
    escaped = False
    for _ in range(count):
        name, at = _bytes(data, at)
        # Kafka allows a header without a value; the client would refuse to send it on.
        value, at = _bytes(data, at)
        text = (name or b"").decode(errors="backslashreplace")
        escaped = escaped or text.encode() != name
        headers.append((text, value or b""))
    return tuple(headers), escaped, at


def _bytes(data: bytes, at: int) -> tuple[bytes | None, int]:
    """Bytes behind their length, or None for a negative length; and where they end."""
    length, at = decode_varint(data, at)
    if length < 0:
        return None, at
    if at + length > len(data):
        raise IndexError
    return data[at : at + length], at + length
