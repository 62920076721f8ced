"""Dead letters: a message that cannot be handled, its bytes, key and headers as they were, with the reason beside."""

from dataclasses import dataclass

from seep.kafka.messages import Message, Outgoing
from seep.kafka.topics import DEAD_LETTERS

# The header names are Kafka Connect's (KIP-298), so that its tools can read them.
PREFIX = "__connect.errors."
TOPIC = PREFIX + "topic"
PARTITION = PREFIX + "partition"
OFFSET = PREFIX + "offset"
STAGE = PREFIX + "stage"
CLASS_NAME = PREFIX + "class.name"
REASON = PREFIX + "exception.message"


@dataclass(frozen=True)
class DeadLetter:
    """Where a dead message came from, and why it died."""

    topic: str
    partition: str
    offset: str
    stage: str
    class_name: str
    reason: str


def dead_letter(message: Message, *, stage: str, class_name: str, reason: str) -> Outgoing:
    """The message for seep.dead-letters; `reason` must not hold a prompt's text."""
    errors = {
        TOPIC: message.topic,
        PARTITION: str(message.partition),
        OFFSET: str(message.offset),
        STAGE: stage,
        CLASS_NAME: class_name,
        REASON: reason,
    }
    added = tuple((name, value.encode()) for name, value in errors.items())
    # A producer refuses a message that has neither key nor value.
    value = b"" if message.key is None and message.value is None else message.value
    return Outgoing(DEAD_LETTERS, message.key, value, _own_headers(message) + added)


def read_dead_letter(message: Message) -> DeadLetter:
    """What the headers of a message on seep.dead-letters say; missing ones read as empty."""
    headers = {name: value.decode(errors="replace") for name, value in message.headers}
    return DeadLetter(
        topic=headers.get(TOPIC, ""),
        partition=headers.get(PARTITION, ""),
        offset=headers.get(OFFSET, ""),
        stage=headers.get(STAGE, ""),
        class_name=headers.get(CLASS_NAME, ""),
        reason=headers.get(REASON, ""),
    )


def replayed(message: Message) -> Outgoing:
    """The message as it was before it died, for the topic it came from."""
    return Outgoing(read_dead_letter(message).topic, message.key, message.value, _own_headers(message))


def _own_headers(message: Message) -> tuple[tuple[str, bytes], ...]:
    return tuple((name, value) for name, value in message.headers if not name.startswith(PREFIX))
