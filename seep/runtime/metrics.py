"""The Prometheus metrics that every service has, declared once and wrapped around its stage."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib.metadata import PackageNotFoundError, version

from prometheus_client import Counter, Gauge, Histogram

from seep.kafka.messages import Outgoing
from seep.kafka.topics import DEAD_LETTERS

MESSAGES = Counter("seep_messages", "Messages finished: done, dead-lettered or cancelled.", ["stage", "result"])
BATCH_SECONDS = Histogram(
    "seep_batch_seconds",
    "Time from a polled batch to its results being acknowledged.",
    ["stage"],
    buckets=(0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 300, 1000),
)
BATCH_RETRIES = Counter("seep_batch_retries", "Batches tried again after a dependency failed.", ["stage"])
BUILD = Gauge("seep_build_info", "1, with the version of Seep that this process runs.", ["version"])
with suppress(PackageNotFoundError):  # run from its source, it has no version
    BUILD.labels(version("seep")).set(1)
LAG = Gauge("seep_lag_messages", "Messages of this process's partitions that are not done yet.", ["topic"])


@contextmanager
def timed(stage: str) -> Iterator[None]:
    """Observes how long a batch took; one that failed does not count."""
    start = time.perf_counter()
    yield
    BATCH_SECONDS.labels(stage).observe(time.perf_counter() - start)


def count(stage: str, messages: int, outgoing: Sequence[Outgoing]) -> None:
    """Counts so many finished messages: what went on, what died, and what ended here (jobs of cancelled runs)."""
    dead = sum(message.topic == DEAD_LETTERS for message in outgoing)
    MESSAGES.labels(stage, "done").inc(len(outgoing) - dead)
    MESSAGES.labels(stage, "dead-lettered").inc(dead)
    MESSAGES.labels(stage, "cancelled").inc(messages - len(outgoing))
