"""What Seep needs of a broker: `client.KafkaBroker` is the real one, `in_memory.InMemoryBroker` the one for tests.

One contract test, tests/seep/kafka/test_contract.py, holds both to what is written here.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from seep.errors import Refused, Unavailable
from seep.kafka.messages import Message, Outgoing
from seep.kafka.topics import TopicConfig


class BrokerUnavailable(Unavailable):
    """The broker cannot be reached, or did not do what was requested."""


class MessagesRefused(Refused):
    """The broker takes everything but these messages, and never will: too large, or wrong for their topic."""

    def __init__(self, messages: Sequence[Outgoing], reason: str) -> None:
        topics = ", ".join(sorted({message.topic for message in messages}))
        super().__init__(f"{topics}: the broker refuses {len(messages)} messages: {reason}")
        self.messages = messages
        self.reason = reason


class Sender(Protocol):
    """Sends messages and answers for every one of them."""

    def send(self, outgoing: Sequence[Outgoing]) -> None:
        """Sends all and waits for each to be acknowledged; raises BrokerUnavailable if one was not.

        Raises MessagesRefused, once all others are acknowledged, for those whose own fault it is, and nothing else.
        Messages with the same key go to the same partition, in order.
        """

    def close(self) -> None:
        """Ends the connection without waiting for messages whose sending failed."""


class GroupConsumer(Protocol):
    """A member of a consumer group. It reads bytes from the earliest offset and commits only on request."""

    def poll(self, timeout_seconds: float) -> list[Message]:
        """New messages for this member, at most a batch; keeps its place in the group. Raises BrokerUnavailable."""

    def pause(self) -> None:
        """Stops fetching, so that polling only keeps the place in the group."""

    def resume(self) -> None:
        """Fetches again."""

    def assigned(self) -> bool:
        """Whether the group has given this member its partitions."""

    def lag(self) -> Mapping[str, int]:
        """Messages that were not polled yet, in this member's partitions, by topic. Raises BrokerUnavailable."""

    def commit(self, messages: Sequence[Message]) -> None:
        """Marks messages as done, except those of partitions that another member has taken over meanwhile.

        Raises BrokerUnavailable.
        """

    def close(self) -> None:
        """Leaves the group; other members take over what is not committed."""


class TopicReader(Protocol):
    """Reads a whole topic without a group."""

    def new_messages(self) -> Iterator[Message]:
        """Everything from the last position to the present end, by partition. Raises BrokerUnavailable."""

    def close(self) -> None:
        """Ends the connection."""


class Broker(Protocol):
    """Opens connections to one broker; each method raises BrokerUnavailable if it does not answer."""

    def sender(self) -> Sender:
        """A sender to any topic."""

    def consumer(self, topics: Sequence[str], group: str, batch_size: int) -> GroupConsumer:
        """A member of a group, which polls at most `batch_size` messages at once."""

    def reader(self, topic: str) -> TopicReader:
        """A reader at the start of a topic; raises BrokerUnavailable if there is no such topic."""

    def members(self, group: str) -> int:
        """How many members a consumer group has now; 0 if there is no such group."""

    def existing_topics(self) -> set[str]:
        """The names of the broker's topics."""

    def create_topics(self, configs: Mapping[str, TopicConfig]) -> list[str]:
        """Creates missing topics and returns their names; the others get missing partitions and changed options."""
