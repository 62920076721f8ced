"""A producer that sends any bytes, also those that no client of Kafka would write."""

import gzip
import socket
import struct
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import lz4.frame
import snappy
import zstandard
from crc32c import crc32c

CODECS: dict[str, tuple[int, Callable[[bytes], bytes]]] = {
    "none": (0, lambda data: data),
    "gzip": (1, gzip.compress),
    "snappy": (2, snappy.compress),
    "lz4": (3, lambda data: lz4.frame.compress(data, block_linked=False)),
    "zstd": (4, zstandard.ZstdCompressor().compress),
}
ACCEPTED = 0
# What a broker answers while it makes a partition that was asked for: no such partition, no leader, not its leader.
NOT_YET = (3, 5, 6)
# Before a batch's records.
HEADER_BYTES = 61


@dataclass(frozen=True)
class RawRecord:
    """A record whose headers may have any bytes for names, and no value.

    `offset` is what it says of its place in its batch, where that is not its place.
    """

    key: bytes | None = b"run/job"
    value: bytes | None = b""
    headers: Sequence[tuple[bytes, bytes | None]] = ()
    offset: int | None = None


def batch(*records: RawRecord, codec: str = "none") -> bytes:
    """The bytes of a batch; see https://kafka.apache.org/documentation/#recordbatch."""
    number, compress = CODECS[codec]
    places = (place if record.offset is None else record.offset for place, record in enumerate(records))
    contents = compress(b"".join(map(_record, places, records)))
    count = len(records)
    # Attributes, last offset, two times, the producer's id, epoch and sequence, and how many records there are.
    checked = struct.pack(">hiqqqhii", number, count - 1, 0, 0, -1, -1, -1, count) + contents
    magic = 2
    return struct.pack(">qiibI", 0, 9 + len(checked), -1, magic, crc32c(checked)) + checked


def produce(bootstrap_servers: str, topic: str, data: bytes, partition: int = 0) -> int:
    """Sends a batch to the broker, again while the partition is still being made, and returns its error code.

    Of the codes, 0 says that the batch is stored.
    """
    deadline = time.monotonic() + 300
    while (code := _send(bootstrap_servers, topic, data, partition)) in NOT_YET and time.monotonic() < deadline:
        time.sleep(0.1)
    return code


def _send(bootstrap_servers: str, topic: str, data: bytes, partition: int) -> int:
    host, _, port = bootstrap_servers.rpartition(":")
    header = struct.pack(">hhi", 0, 7, 1) + _string("raw")
    topics = struct.pack(">i", 1) + _string(topic) + struct.pack(">iii", 1, partition, len(data)) + data
    request = header + struct.pack(">hhi", -1, -1, 30_000) + topics
    with socket.create_connection((host, int(port)), timeout=300) as connection, connection.makefile("rb") as answers:
        connection.sendall(struct.pack(">i", len(request)) + request)
        answer = answers.read(struct.unpack(">i", answers.read(4))[0])
    start = 4 + 4 + 2 + len(topic) + 4 + 4
    return int(struct.unpack_from(">h", answer, start)[0])


def _record(offset: int, record: RawRecord) -> bytes:
    headers = b"".join(_bytes(name) + _bytes(value) for name, value in record.headers)
    contents = _bytes(record.key) + _bytes(record.value) + _varint(len(record.headers)) + headers
    body = b"\0" + _varint(0) + _varint(offset) + contents
    return _varint(len(body)) + body


def _bytes(data: bytes | None) -> bytes:
    return _varint(-1) if data is None else _varint(len(data)) + data


def _varint(number: int) -> bytes:
    rest = number << 1 if number >= 0 else ~(number << 1)
    encoded = bytearray()
    while rest > 0x7F:
        encoded.append(rest & 0x7F | 0x80)
        rest >>= 7
    return bytes([*encoded, rest])


def _string(text: str) -> bytes:
    return struct.pack(">h", len(text)) + text.encode()
