"""Decompressing what a producer has compressed, up to a bound: a few kilobytes can stand for gigabytes."""

import io
import zlib
from collections.abc import Callable

import lz4.frame
import snappy
import zstandard

CHUNK_BYTES = 256 * 1024
# How snappy streams of Java's producers begin; the blocks follow, each behind its length.
SNAPPY_MAGIC = b"\x82SNAPPY\x00"
SNAPPY_HEADER_BYTES = 16


class Undecompressable(ValueError):
    """Bytes that are broken, or that decompress to more than the bound."""


def decompress(codec: int, data: bytes, limit: int) -> bytes:
    """What `data` was before Kafka's codec of this number; raises Undecompressable beyond `limit` bytes."""
    name, decoder = CODECS.get(codec, (f"codec {codec}", None))
    if decoder is None:
        raise Undecompressable(f"the compression {name} is unknown")
    try:
        return decoder(data, limit)
    except Undecompressable as error:
        raise Undecompressable(f"{name}: {error}") from error
    except Exception as error:  # each library has errors of its own
        raise Undecompressable(f"{name}: broken ({type(error).__name__})") from error


def _none(data: bytes, limit: int) -> bytes:
    return data


def _gzip(data: bytes, limit: int) -> bytes:
    stream = zlib.decompressobj(wbits=31)
    found = stream.decompress(data, limit + 1)
    _check(len(found), limit)
    _check_end(stream.eof, stream.unused_data)
    return found


def _lz4(data: bytes, limit: int) -> bytes:
    stream = lz4.frame.LZ4FrameDecompressor()
    found: bytes = stream.decompress(data, max_length=limit + 1)
    _check(len(found), limit)
    _check_end(stream.eof, stream.unused_data)
    return found


def _zstd(data: bytes, limit: int) -> bytes:
    found = bytearray()
    with zstandard.ZstdDecompressor().stream_reader(io.BytesIO(data), read_across_frames=True) as reader:
        while chunk := reader.read(CHUNK_BYTES):
            found += chunk
            _check(len(found), limit)
    return bytes(found)


def _snappy(data: bytes, limit: int) -> bytes:
    if not data.startswith(SNAPPY_MAGIC):
        return _snappy_block(data, limit)
    found = bytearray()
    position = SNAPPY_HEADER_BYTES
    while position < len(data):
        start = position + 4
        position = start + int.from_bytes(data[position:start], "big")
        found += _snappy_block(data[start:position], limit - len(found))
    return bytes(found)


def _snappy_block(block: bytes, limit: int) -> bytes:
    """A block begins with the number of bytes that it stands for, seven bits in each byte."""
    announced = 0
    for index, byte in enumerate(block[:5]):
        announced |= (byte & 0x7F) << (7 * index)
        if byte < 0x80:
            break
    _check(announced, limit)
    found: bytes = snappy.uncompress(block)
    return found


def _check(size: int, limit: int) -> None:
    if size > limit:
        raise Undecompressable(f"it decompresses to more than {limit} bytes")


def _check_end(ended: bool, rest: bytes | None) -> None:
    if not ended or rest:
        raise Undecompressable("it is cut off" if not ended else "bytes follow its end")


# By Kafka's numbers.
CODECS: dict[int, tuple[str, Callable[[bytes, int], bytes]]] = {
    0: ("none", _none),
    1: ("gzip", _gzip),
    2: ("snappy", _snappy),
    3: ("lz4", _lz4),
    4: ("zstd", _zstd),
}
