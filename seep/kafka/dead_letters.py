"""Dead letters: a message that cannot be handled, its bytes, key and headers as they were, with the reason beside."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from seep.errors import InputError
from seep.kafka.broker import MessagesRefused
from seep.kafka.messages import Headers, Lost, Message, Outgoing, Send, lost, size_of
from seep.kafka.topics import DEAD_LETTERS, GENERATIONS, RUNS, SCORES, jobs_topic

# The header names are Kafka Connect's (KIP-298), so that its tools can read them.
PREFIX = "__connect.errors."
TOPIC = PREFIX + "topic"
PARTITION = PREFIX + "partition"
OFFSET = PREFIX + "offset"
STAGE = PREFIX + "stage"
CLASS_NAME = PREFIX + "class.name"
REASON = PREFIX + "exception.message"
# Seep's own, which say what a letter does not carry.
OWN_PREFIX = "seep.errors."
PREFIXES = (PREFIX, OWN_PREFIX)
LOST_BYTES = OWN_PREFIX + "value.bytes"
LOST_SHA256 = OWN_PREFIX + "value.sha256"
ESCAPED = OWN_PREFIX + "escaped.header.names"

REASON_BYTES = 1024
# What else of a message is kept if its value is too large to be.
KEY_BYTES = 1024
HEADERS_BYTES = 64 * 1024


@dataclass(frozen=True)
class DeadLetter:
    """Where a dead message came from, and why it died; `lost` says what its value was if that was not kept."""

    topic: str
    partition: str
    offset: str
    stage: str
    class_name: str
    reason: str
    lost: str


def dead_letter(message: Message, *, stage: str, class_name: str, reason: str) -> Outgoing:
    """The message for seep.dead-letters; `reason` must not hold a prompt's text, and is cut and made printable.

    The letter has no value if the message came without one because nobody can read it.
    """
    errors = {
        TOPIC: message.topic,
        PARTITION: str(message.partition),
        OFFSET: str(message.offset),
        STAGE: stage,
        CLASS_NAME: class_name,
        REASON: _printable(message.lost.reason if message.lost else reason),
    }
    if message.escaped:
        errors[ESCAPED] = "names of headers were no UTF-8: their bytes stand in them as \\xNN"
    added = _headers(errors) + (_lost_headers(message.lost) if message.lost else ())
    # A producer refuses a message that has neither key nor value.
    value = b"" if message.key is None and message.value is None else message.value
    return Outgoing(DEAD_LETTERS, message.key, value, _own_headers(message) + added)


def without_value(letter: Outgoing) -> Outgoing:
    """A dead letter that is too large, with size and SHA-256 in the place of its value; keys and headers if small."""
    value = letter.value or b""
    own = _own_headers(letter)
    added = tuple(header for header in letter.headers if header[0].startswith(PREFIXES))
    kept = own if size_of(None, None, own) <= HEADERS_BYTES else ()
    key = letter.key if len(letter.key or b"") <= KEY_BYTES else None
    return Outgoing(DEAD_LETTERS, key, b"", kept + added + _lost_headers(lost("", value)))


def send_all(send: Send, outgoing: Sequence[Outgoing]) -> None:
    """Sends all; dead letters that the broker refuses go without their value.

    Raises BrokerUnavailable, and MessagesRefused for what is no dead letter.
    """
    try:
        send(outgoing)
    except MessagesRefused as refused:
        send([without_value(message) for message in refused.messages if message.topic == DEAD_LETTERS])
        others = [message for message in refused.messages if message.topic != DEAD_LETTERS]
        if others:
            raise MessagesRefused(others, refused.reason) from refused


def read_dead_letter(message: Message) -> DeadLetter:
    """What the headers of a message on seep.dead-letters say; missing ones read as empty."""
    headers = {name: _printable(value.decode(errors="replace")) for name, value in message.headers}
    size, sha256 = headers.get(LOST_BYTES), headers.get(LOST_SHA256)
    return DeadLetter(
        topic=headers.get(TOPIC, ""),
        partition=headers.get(PARTITION, ""),
        offset=headers.get(OFFSET, ""),
        stage=headers.get(STAGE, ""),
        class_name=headers.get(CLASS_NAME, ""),
        reason=headers.get(REASON, ""),
        lost=f"{size} bytes, sha256 {sha256}" if size and sha256 else "",
    )


def replayed(message: Message) -> Outgoing:
    """The message as it was before it died, for the topic it came from.

    Raises InputError if its value was not kept, and if it names a topic that Seep does not replay to: whoever may write
    dead letters must not choose where their bytes go.
    """
    letter = read_dead_letter(message)
    if letter.lost:
        raise InputError(
            f"dead letter {letter_id(message)}: its value was not kept ({letter.lost}); it was {letter.topic}, "
            f"partition {letter.partition}, offset {letter.offset}"
        )
    if letter.topic not in (GENERATIONS, SCORES, RUNS) and not letter.topic.startswith(jobs_topic("")):
        raise InputError(
            f"dead letter {letter_id(message)}: it names {letter.topic!r}, which is no topic of Seep's jobs"
        )
    return Outgoing(letter.topic, message.key, message.value, _own_headers(message))


def letter_id(message: Message) -> str:
    """What a person calls a dead letter."""
    return f"{message.partition}:{message.offset}"


def _printable(text: str) -> str:
    """Text for a header and a line: cut, and without control characters, which would forge lines."""
    cut = text.encode(errors="replace")[:REASON_BYTES].decode(errors="ignore")
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in cut)


def _lost_headers(value: Lost) -> Headers:
    return _headers({LOST_BYTES: str(value.size), LOST_SHA256: value.sha256})


def _headers(texts: Mapping[str, str]) -> Headers:
    return tuple((name, text.encode()) for name, text in texts.items())


def _own_headers(message: Message | Outgoing) -> Headers:
    return tuple((name, value) for name, value in message.headers if not name.startswith(PREFIXES))
