"""What goes on meanwhile: jobs recorded, partitions that move on, memory of processes."""

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress

import psutil
import psycopg
from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition

from deploy.local.stack import Service
from seep.kafka.connection import connection_options
from seep.kafka.topics import GENERATIONS, RUNS, SCORES, jobs_topic
from tests.faults.world import TARGET
from tests.stack import Stack

GROUPS = {
    f"seep-generator-{TARGET}": (jobs_topic(TARGET),),
    "seep-scorer": (GENERATIONS,),
    "seep-aggregator": (SCORES, RUNS),
}
Place = tuple[str, str, int]


def recorded(stack: Stack) -> int:
    """The jobs that are recorded, of all runs."""
    with psycopg.connect(stack.dsn) as connection:
        [(count,)] = connection.execute("SELECT count(*) FROM jobs WHERE status = 'scored'").fetchall()
        return int(count)


class Watch:
    """Looks at a number twice a second, in a thread of its own, and keeps the longest time in which it stood still."""

    def __init__(self, read: Callable[[], int]) -> None:
        self._read = read
        self._over = threading.Event()
        self.longest_pause = 0.0
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> "Watch":
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        last, since = self._read(), time.monotonic()
        while not self._over.wait(0.5):
            number = self._read()
            if number != last:
                last, since = number, time.monotonic()
            self.longest_pause = max(self.longest_pause, time.monotonic() - since)


def positions(stack: Stack) -> dict[Place, tuple[int, int]]:
    """Committed offset and end of each partition, by group, topic and partition."""
    found = {}
    for group, topics in GROUPS.items():
        consumer = KafkaConsumer(**connection_options(stack.settings.kafka), group_id=group, enable_auto_commit=False)
        try:
            places = [TopicPartition(topic, p) for topic in topics for p in consumer.partitions_for_topic(topic) or ()]
            for place, end in consumer.end_offsets(places).items():
                found[group, place.topic, place.partition] = (consumer.committed(place) or 0, end)
        finally:
            consumer.close()
    return found


def seconds_until_all_move(stack: Stack, before: dict[Place, tuple[int, int]]) -> float:
    """Waits until each partition has moved on from where it was, or has nothing left; how long that took."""
    started = time.monotonic()

    def moved() -> bool:
        time.sleep(0.5)  # to look takes three clients, and so a good part of a processor
        now = positions(stack)
        return all(done > before[place][0] or done == end for place, (done, end) in now.items())

    stack.wait_until(moved, "every partition to move on")
    return time.monotonic() - started


def members(stack: Stack, group: str) -> set[str]:
    """The ids of the group's members, which change when one leaves and joins again."""
    admin = KafkaAdminClient(**connection_options(stack.settings.kafka))
    try:
        [described] = admin.describe_groups([group]).values()
        return {member["member_id"] for member in described["members"]}
    finally:
        admin.close()


class Memory:
    """The resident memory of processes, looked at once a second, in MiB."""

    def __init__(self, services: Sequence[Service]) -> None:
        self._processes = [psutil.Process(service.pid) for service in services]
        self.samples: list[list[float]] = []

    def look(self) -> None:
        """Takes a sample of each."""
        with suppress(psutil.NoSuchProcess):
            self.samples.append([process.memory_info().rss / 2**20 for process in self._processes])

    def growth(self) -> list[float]:
        """By process: the most of the second half over the most of the first half."""
        middle = len(self.samples) // 2
        halves = self.samples[:middle], self.samples[middle:]
        return [
            max(late) / max(early) for early, late in zip(*(zip(*half, strict=True) for half in halves), strict=True)
        ]
