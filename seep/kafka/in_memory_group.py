"""Groups of the in-memory broker: who reads which partitions, and what is committed."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from seep.kafka.messages import Message

if TYPE_CHECKING:
    from seep.kafka.in_memory import InMemoryBroker

Partition = tuple[str, int]


@dataclass
class Group:
    """What the members of a group share. It settles at once whenever they change, without waiting for their polls."""

    members: list["InMemoryGroupConsumer"] = field(default_factory=list)
    committed: dict[Partition, int] = field(default_factory=dict)

    def settle(self) -> None:
        """Gives every member its share of the partitions."""
        for member in self.members:
            member.take_share()


class InMemoryGroupConsumer:
    """A member of a group of an in-memory broker."""

    def __init__(self, broker: "InMemoryBroker", topics: Sequence[str], group: Group, batch_size: int) -> None:
        self._broker = broker
        self._topics = topics
        self._group = group
        self._batch_size = batch_size
        self._positions: dict[Partition, int] = {}
        self._paused: set[Partition] = set()

    def poll(self, timeout_seconds: float) -> list[Message]:
        """New messages, at most a batch; joins the group first if it has not yet."""
        with self._broker.changed:
            self._broker.check_running()
            self._join()
            self._broker.changed.wait_for(self._has_messages, timeout_seconds)
            return self._fetch()

    def _join(self) -> None:
        """Joins the group if this member is not in it; has the group settle if there are new members or partitions."""
        if self not in self._group.members:
            self._group.members.append(self)
            self._group.settle()
        elif set(self.share()) != set(self._positions):
            self._group.settle()

    def share(self) -> list[Partition]:
        """The partitions that are this member's, now."""
        members = self._group.members
        return self._broker.partitions(self._topics)[members.index(self) :: len(members)]

    def take_share(self) -> None:
        """Keeps its place in partitions that it had, and begins in new ones after what is committed."""
        committed = self._group.committed
        self._positions = {
            partition: self._positions.get(partition, committed.get(partition, 0)) for partition in self.share()
        }
        self._paused &= set(self._positions)

    def _open(self) -> list[Partition]:
        return [partition for partition in self._positions if partition not in self._paused]

    def _has_messages(self) -> bool:
        return any(self._positions[partition] < len(self._broker.messages(partition)) for partition in self._open())

    def _fetch(self) -> list[Message]:
        fetched: list[Message] = []
        for partition in self._open():
            start = self._positions[partition]
            messages = self._broker.messages(partition)[start : start + self._batch_size - len(fetched)]
            self._positions[partition] += len(messages)
            fetched += messages
        return fetched

    def pause(self) -> None:
        """Stops fetching from the partitions that this member has now."""
        self._paused = set(self._positions)

    def resume(self) -> None:
        """Fetches again."""
        self._paused = set()

    def assigned(self) -> bool:
        """Whether this member has partitions."""
        return bool(self._positions)

    def lag(self) -> dict[str, int]:
        """Messages that were not polled yet, by topic."""
        self._broker.check_running()
        waiting = dict.fromkeys(self._topics, 0)
        for partition, position in self._positions.items():
            waiting[partition[0]] += len(self._broker.messages(partition)) - position
        return waiting

    def commit(self, messages: Sequence[Message]) -> None:
        """Marks messages as done, except those of partitions that another member has taken over."""
        with self._broker.changed:
            self._broker.check_running()
            offsets: dict[Partition, int] = {}
            for message in messages:
                partition = message.topic, message.partition
                if partition in self._positions:
                    offsets[partition] = max(offsets.get(partition, 0), message.offset + 1)
            self._group.committed.update(offsets)

    def close(self) -> None:
        """Leaves the group."""
        with self._broker.changed:
            if self in self._group.members:
                self._group.members.remove(self)
                self._positions = {}
                self._group.settle()
                self._broker.changed.notify_all()
