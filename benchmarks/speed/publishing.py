"""What publishing a finished run with its verdicts, and a scrape, cost over what they cost in another checkout of the
project: seconds of the process's own processor time, by turns."""

import argparse
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

ROUNDS, SCRAPES = 7, 5
WINDOW = 7
JOBS, TESTS, SAMPLES = 62, 4, 5


def main() -> None:
    """Prints both times of each checkout, and their ratio; medians of the rounds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--before", type=Path, help="the folder of the other checkout")
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.worker:
        work()
        return
    if arguments.before is None:
        parser.error("--before: expected the folder of the other checkout")
    # Not above: a worker has the packages of its own checkout, which may not know this one.
    from benchmarks.speed.checkouts import taking_turns

    folders = {"before": arguments.before, "now": Path(__file__).parents[2]}
    with taking_turns(folders, Path(__file__)) as turn:
        rounds = [turn() for _ in range(ROUNDS)]
    print(f"{JOBS} jobs x {TESTS} tests x {SAMPLES} samples, baseline of {WINDOW} | before s | now s | ratio")
    for what in ("publishing", "scrape"):
        before, now = (statistics.median(found[name][what] for found in rounds[1:]) for name in folders)
        print(f"{what} | {before:.4f} | {now:.4f} | {now / before:.2f}", flush=True)


def work() -> None:
    """With a database of its own, a round for every line of standard input: one run more is published, then scraped."""
    # These are of the checkout that the worker runs in; what they are called must be the same in both.
    from prometheus_client import CollectorRegistry, generate_latest

    from benchmarks.speed.filled_database import BASELINE, MONITOR, of_colours, run_id
    from results.monitor_status import Watched
    from results.storage import baselines
    from results.storage.database import Database
    from results.storage.migrate import migrate
    from results.storage.recording import record
    from seep.local_postgres import local_postgres
    from seep.settings import Monitor, Settings
    from services.aggregator.__main__ import collect_garbage_rarely, expose
    from services.aggregator.publishing import publish_changed

    collect_garbage_rarely()  # as the service does
    recorded = of_colours(JOBS, TESTS, SAMPLES)
    with tempfile.TemporaryDirectory() as name, local_postgres(Path(name)) as dsn:
        migrate(dsn)
        with Database(dsn) as database:

            def sent(day: int) -> str:
                scored, manifest = recorded(run_id(day), float(day))
                with database.transaction() as connection:
                    record(connection, scored, [], [manifest])
                return scored[0].generated.job.target

            *_, target = map(sent, range(WINDOW))
            with database.transaction() as connection:
                baselines.set_baseline(connection, BASELINE, [run_id(day) for day in range(WINDOW)])
            monitor = Monitor(target=target, suite="colours.yaml", baseline=BASELINE)
            settings = Settings().model_copy(update={"monitors": {MONITOR: monitor}})
            publish_changed(database, lambda messages: None, settings)
            registry = CollectorRegistry()
            shown = {MONITOR: Watched(target, "colours", frozenset({"1", "2", "3", "all"}))}
            expose(registry, database, settings, shown)
            for day, _ in enumerate(sys.stdin, start=WINDOW):
                sent(day)
                start = time.process_time()
                publish_changed(database, lambda messages: None, settings)
                published = time.process_time()
                for _ in range(SCRAPES):
                    generate_latest(registry)
                scraped = (time.process_time() - published) / SCRAPES
                print(json.dumps({"publishing": published - start, "scrape": scraped}), flush=True)


if __name__ == "__main__":
    main()
