"""The messages that a loop has polled: which wait, which have failed alone, and which may be committed."""

from collections import Counter, deque
from collections.abc import Iterable, Sequence
from itertools import islice, takewhile

from seep.kafka.messages import Message

Place = tuple[str, int, int]

# A batch ends with the message that reaches this, and nothing is fetched while twice as much waits.
BATCH_BYTES = 32 * 1024 * 1024


def place(message: Message) -> Place:
    """What identifies a message: topic, partition and offset."""
    return message.topic, message.partition, message.offset


class Backlog:
    """Messages in hand, in the order in which they are to be handled. For one thread."""

    def __init__(self) -> None:
        self._pending: deque[Message] = deque()
        self._uncommitted: list[Message] = []
        self._failures: Counter[Place] = Counter()

    def __len__(self) -> int:
        """The messages that wait."""
        return len(self._pending)

    def add(self, messages: Iterable[Message]) -> None:
        """Puts new messages at the end."""
        self._pending.extend(messages)

    def full(self, batch_size: int) -> bool:
        """Whether so many messages wait, or such large ones, that no more should come."""
        return len(self._pending) >= batch_size or sum(message.size for message in self._pending) >= 2 * BATCH_BYTES

    def count_by_topic(self) -> Counter[str]:
        """The messages that wait, by topic."""
        return Counter(message.topic for message in self._pending)

    def next_batch(self, size: int) -> list[Message]:
        """The first messages: one that has failed alone by itself, others together unless they are large."""
        if place(self._pending[0]) in self._failures:
            return [self._pending[0]]
        fresh = takewhile(lambda message: place(message) not in self._failures, self._pending)
        batch: list[Message] = []
        bytes_left = BATCH_BYTES
        for message in islice(fresh, size):
            batch.append(message)
            bytes_left -= message.size
            if bytes_left <= 0:
                break
        return batch

    def failed_alone(self, message: Message) -> int:
        """Moves a message that failed alone to the end; how often it has."""
        self._failures[place(message)] += 1
        self._pending.remove(message)
        self._pending.append(message)
        return self._failures[place(message)]

    def done(self, messages: Sequence[Message]) -> None:
        """Takes out messages that are done for good; they wait to be committed."""
        places = set(map(place, messages))
        self._pending = deque(message for message in self._pending if place(message) not in places)
        self._failures = Counter({known: count for known, count in self._failures.items() if known not in places})
        self._uncommitted += messages

    def forget_repeated_failures(self) -> None:
        """Counts every message that has failed alone as having done so once."""
        self._failures = Counter(dict.fromkeys(self._failures, 1))

    def committable(self) -> list[Message]:
        """Messages that are done, up to the first in their partition that is not."""
        first_open: dict[tuple[str, int], int] = {}
        for topic, partition, offset in map(place, self._pending):
            first_open[topic, partition] = min(offset, first_open.get((topic, partition), offset))
        return [
            message
            for message in self._uncommitted
            if message.offset < first_open.get((message.topic, message.partition), message.offset + 1)
        ]

    def committed(self, messages: Sequence[Message]) -> None:
        """Takes out messages that are committed."""
        places = set(map(place, messages))
        self._uncommitted = [message for message in self._uncommitted if place(message) not in places]
