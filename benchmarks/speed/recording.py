"""How fast the aggregator records: messages in, rows in PostgreSQL, rates out.

Against a bare COPY of the same rows, and by turns with another checkout of the project.
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

# Tests and samples per job; the first is the published colour set's mean job.
SHAPES = ((26, 5), (6, 10))


def main() -> None:
    """Prints medians of the rounds: answers compared per second by this checkout, by the other, and by bare COPYs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--answers", type=int, default=30_000, help="how many a round compares, of each shape")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--before", type=Path, help="the folder of another checkout, which takes turns with this one")
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.worker:
        work(arguments.answers)
        return
    folders = {"now": Path(__file__).parents[2]} | ({"before": arguments.before} if arguments.before else {})
    # Not above: a worker has the packages of its own checkout, which may not know this one.
    from benchmarks.speed.checkouts import taking_turns

    with taking_turns(folders, Path(__file__), "--answers", str(arguments.answers)) as turn:
        rounds = [turn() for _ in range(arguments.rounds)]
    print("tests x samples per job, checkout | answers compared/s | own processor us | bare COPY of its rows/s | ratio")
    for tests, samples in SHAPES:
        for name in folders:
            found = [each[name][f"{tests} x {samples}"] for each in rounds]
            rate, bare, own = (statistics.median(of_one[key] for of_one in found) for key in ("rate", "bare", "own"))
            print(f"{tests} x {samples}, {name} | {rate:.0f} | {own:.1f} | {bare:.0f} | {rate / bare:.2f}", flush=True)


def work(answers: int) -> None:
    """With a database of its own, a round for every line of standard input."""
    # Those of the checkout that the worker runs in; what they are called must be the same in both.
    from benchmarks.speed import aggregator
    from results.storage.migrate import migrate
    from seep.local_postgres import local_postgres
    from services.aggregator.__main__ import collect_garbage_rarely

    collect_garbage_rarely()
    with tempfile.TemporaryDirectory() as name, local_postgres(Path(name)) as dsn:
        migrate(dsn)
        for number, _ in enumerate(sys.stdin):
            found = {}
            for tests, samples in SHAPES:
                run, jobs = f"run-{tests}-{samples}-{number}", max(aggregator.BATCH, answers // (tests * samples))
                batches = list(aggregator.message_batches(run, jobs, tests, samples))
                start, of_process = time.perf_counter(), time.process_time()
                aggregator.record(dsn, batches)
                taken, own = time.perf_counter() - start, time.process_time() - of_process
                compared = jobs * tests * samples
                bare = compared / aggregator.seconds_of_bare_copy(dsn, run)
                found[f"{tests} x {samples}"] = {"rate": compared / taken, "bare": bare, "own": 1e6 * own / compared}
            print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main()
