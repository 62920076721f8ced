"""Messages as the services see them: raw bytes with their place in Kafka, free of any Kafka client."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

Headers = tuple[tuple[str, bytes], ...]


@dataclass(frozen=True)
class Lost:
    """Bytes that a message does not carry: why, how many they are, and their SHA-256."""

    reason: str
    size: int
    sha256: str


def lost(reason: str, data: bytes) -> Lost:
    """What is said of bytes in their place."""
    return Lost(reason, len(data), hashlib.sha256(data).hexdigest())


@dataclass(frozen=True)
class Message:
    """One consumed message.

    What nobody can read has neither key nor value, but says in `lost` why; its offset is then the last one of what was
    lost. `escaped` says that names of headers were no UTF-8, and stand here with their bytes as \\xNN.
    """

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Headers = ()
    lost: Lost | None = None
    escaped: bool = False

    @property
    def size(self) -> int:
        """The bytes of key, value and headers."""
        return size_of(self.key, self.value, self.headers)


@dataclass(frozen=True)
class Outgoing:
    """One message to be sent."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Headers = field(default=())

    @property
    def size(self) -> int:
        """The bytes of key, value and headers."""
        return size_of(self.key, self.value, self.headers)


def size_of(key: bytes | None, value: bytes | None, headers: Headers) -> int:
    """The bytes of a key, a value and headers."""
    return len(key or b"") + len(value or b"") + sum(len(name) + len(content) for name, content in headers)


Send = Callable[[Sequence[Outgoing]], None]
"""Sends all and returns when the broker has every one of them; raises where it has not."""
