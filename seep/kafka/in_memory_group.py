"""Groups of the in-memory broker: who reads which partitions, and what is committed."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from seep.kafka.messages import Message

if TYPE_CHECKING:
    from seep.kafka.in_memory import InMemoryBroker

log = logging.getLogger(__name__)

Partition = tuple[str, int]


@dataclass
class Group:
    """What the members of a group share; `generation` counts the times that they changed."""

    members: list["InMemoryGroupConsumer"] = field(default_factory=list)
    committed: dict[Partition, int] = field(default_factory=dict)
    generation: int = 0


class InMemoryGroupConsumer:
    """A member of a group of an in-memory broker."""

    def __init__(self, broker: "InMemoryBroker", topics: Sequence[str], group: Group, batch_size: int) -> None:
        self._broker = broker
        self._topics = topics
        self._group = group
        self._batch_size = batch_size
        self._positions: dict[Partition, int] = {}
        self._paused: set[Partition] = set()
        self._generation = -1
        self._joined = False

    def poll(self, timeout_seconds: float) -> list[Message]:
        """New messages, at most a batch; joins the group first if it has not yet, or the group has changed."""
        with self._broker.changed:
            self._broker.check_running()
            self._rejoin()
            self._broker.changed.wait_for(self._has_messages, timeout_seconds)
            self._rejoin()
            return self._fetch()

    def _rejoin(self) -> None:
        """Takes this member's share of the partitions if the group has changed, from what is committed on."""
        group = self._group
        if not self._joined:
            self._joined = True
            group.members.append(self)
            group.generation += 1
        partitions = self._broker.partitions(self._topics)
        share = partitions[group.members.index(self) :: len(group.members)]
        if self._generation != group.generation or set(share) != set(self._positions):
            self._generation = group.generation
            self._positions = {partition: group.committed.get(partition, 0) for partition in share}
            self._paused = set()

    def _open(self) -> list[Partition]:
        return [partition for partition in self._positions if partition not in self._paused]

    def _has_messages(self) -> bool:
        return self._generation != self._group.generation or any(
            self._positions[partition] < len(self._broker.messages(partition)) for partition in self._open()
        )

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
        """Marks messages as done, except where the group has changed since this member polled last."""
        with self._broker.changed:
            self._broker.check_running()
            if self._generation != self._group.generation:
                log.warning("offsets not committed, the partitions have moved")
                return
            offsets: dict[Partition, int] = {}
            for message in messages:
                partition = message.topic, message.partition
                if partition in self._positions:
                    offsets[partition] = max(offsets.get(partition, 0), message.offset + 1)
            self._group.committed.update(offsets)

    def close(self) -> None:
        """Leaves the group."""
        with self._broker.changed:
            if self._joined:
                self._joined = False
                self._group.members.remove(self)
                self._group.generation += 1
                self._positions = {}
                self._broker.changed.notify_all()
