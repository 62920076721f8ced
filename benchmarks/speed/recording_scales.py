"""How recording scales: with the length of a run, and with a second aggregator.

A run costs its length where its last quarter takes as long as its first. The run's jobs come in small batches, as they
do where a generator is slower than the aggregator.
"""

import argparse
import statistics
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from benchmarks.speed import aggregator
from results.storage.migrate import migrate
from seep.kafka.messages import Message
from seep.local_postgres import local_postgres
from services.aggregator.__main__ import collect_garbage_rarely

TESTS, SAMPLES = 6, 2
SMALL_BATCH = 8
Batches = list[list[Message]]


def main() -> None:
    """Prints milliseconds a job of each quarter of a long run, and the speed of two aggregators over that of one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=4000, help="of the long run")
    parser.add_argument("--rounds", type=int, default=5, help="of one and of two aggregators, by turns")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, local_postgres(Path(name)) as dsn:
        migrate(dsn)
        long_run(dsn, arguments.jobs)
        two_aggregators(dsn, arguments.rounds)


def long_run(dsn: str, jobs: int) -> None:
    """A run in small batches, a quarter at a time."""
    messages = [message for batch in aggregator.message_batches("long", jobs, TESTS, SAMPLES) for message in batch]
    batches = [messages[start : start + SMALL_BATCH] for start in range(0, len(messages), SMALL_BATCH)]
    size = len(batches) // 4
    taken = [1000 * seconds(dsn, batches[k * size : (k + 1) * size]) / (size * SMALL_BATCH) for k in range(4)]
    print(f"a run of {jobs} jobs, ms a job by quarters: {', '.join(f'{each:.1f}' for each in taken)}")
    print(f"the last over the first: {taken[3] / taken[0]:.2f}", flush=True)


def two_aggregators(dsn: str, rounds: int) -> None:
    """Two runs, one after the other in one process and side by side in two."""
    ratios = []
    with ProcessPoolExecutor(2, initializer=collect_garbage_rarely) as pool:
        for number in range(rounds):
            runs = [list(aggregator.message_batches(f"{number}-{k}", 500, TESTS, SAMPLES)) for k in range(4)]
            one = pool.submit(seconds, dsn, runs[0] + runs[1]).result()
            start = time.perf_counter()
            list(pool.map(seconds, [dsn, dsn], runs[2:]))
            ratios.append(one / (time.perf_counter() - start))
    rounded = ", ".join(f"{ratio:.2f}" for ratio in ratios)
    print(f"speed of two aggregators over that of one: {rounded}; median {statistics.median(ratios):.2f}")


def seconds(dsn: str, batches: Batches) -> float:
    """How long the aggregator takes for these."""
    start = time.perf_counter()
    aggregator.record(dsn, batches)
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
