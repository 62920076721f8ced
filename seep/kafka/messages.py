"""Messages as the services see them: raw bytes with their place in Kafka, free of any Kafka client."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

Headers = tuple[tuple[str, bytes], ...]


@dataclass(frozen=True)
class Message:
    """One consumed message."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Headers = ()


@dataclass(frozen=True)
class Outgoing:
    """One message to be sent."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Headers = field(default=())


Send = Callable[[Sequence[Outgoing]], None]
"""Sends all and returns when the broker has every one of them; raises where it has not."""
