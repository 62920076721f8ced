"""What foreign producers may put onto a topic: each with what must become of it."""

import random
from collections.abc import Iterator
from dataclasses import dataclass

from tests.raw_kafka import HEADER_BYTES, RawRecord, batch

ODD_NAME = b"\xff\xfe"


@dataclass(frozen=True)
class Poison:
    """A batch, and the values of those of its records that must become dead letters.

    If nobody can read it, `unreadable` holds the bytes whose hash the letter must give. `refused` is too large for the
    broker. Compacted topics take only what is `keyed`.
    """

    name: str
    data: bytes
    values: tuple[bytes, ...] = ()
    unreadable: bytes | None = None
    refused: bool = False
    keyed: bool = True


def poison(valid: bytes) -> Iterator[Poison]:
    """Small poison for a topic whose messages are like `valid`."""
    noise = random.Random(len(valid)).randbytes
    yield _garbage("random bytes", RawRecord(value=noise(500)))
    yield _garbage("truncated", RawRecord(value=valid[: len(valid) // 2] + b"\xff"))
    yield _garbage("of another kind", RawRecord(value=b"\x0a\x04text"))
    yield _garbage("empty, and a tombstone", RawRecord(value=b""), RawRecord(value=None))
    yield _garbage("without a key", RawRecord(key=None, value=noise(50)))
    yield _garbage("a key that is no text", RawRecord(key=b"\xff/\x00", value=noise(51)))
    yield _garbage("neither key nor value", RawRecord(key=None, value=None))
    yield _garbage("header names", RawRecord(value=noise(52), headers=[(ODD_NAME, b"1"), (b"", None), (b"\x00", b"")]))
    yield _garbage("many headers", RawRecord(value=noise(53), headers=[(b"h", noise(9))] * 1000))
    for codec in ("gzip", "snappy", "lz4", "zstd"):
        yield _garbage(
            f"first and last of a batch in {codec}", *(RawRecord(value=noise(size)) for size in (60, 61)), codec=codec
        )


def harmless(valid: bytes, key: bytes) -> Iterator[Poison]:
    """Strange, but good: a message with a field that nobody knows, and one with a header's name that is no UTF-8."""
    unknown_field = b"\xfa\xff\xff\xff\x0f\x03new"
    records = [RawRecord(key, valid + unknown_field), RawRecord(key, valid, headers=[(ODD_NAME, None)])]
    yield Poison(
        "harmless",
        batch(RawRecord(value=b"\xff"), *records, RawRecord(value=b"\xfe"), codec="zstd"),
        (b"\xff", b"\xfe"),
    )


def large_poison(limit: int) -> Iterator[Poison]:
    """Messages at a topic's limit, and bombs."""
    noise = random.Random(limit).randbytes(limit)
    room = limit - len(batch(RawRecord(value=noise[:-100]))) + limit - 100
    for name, size in (("limit - 1", room - 1), ("limit", room), ("limit + 1", room + 1)):
        made = _garbage(name, RawRecord(value=noise[:size]))
        assert len(made.data) == limit + size - room
        yield Poison(name, made.data, made.values, refused=size > room)
    yield _garbage("one large header", RawRecord(value=b"\xff", headers=[(b"h", noise[: limit - 200])]))
    for codec in ("gzip", "snappy", "lz4", "zstd"):
        data = batch(RawRecord(value=bytes(3 * limit)), codec=codec)
        yield Poison(f"bomb of {codec}", data, unreadable=data[HEADER_BYTES:])


def _garbage(name: str, *records: RawRecord, codec: str = "none") -> Poison:
    values = tuple(record.value or b"" for record in records)
    return Poison(name, batch(*records, codec=codec), values, keyed=all(record.key is not None for record in records))
