"""How long many monitors take: to be listed and shown by the API, and to be scraped from the aggregator."""

import argparse
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from prometheus_client import CollectorRegistry, generate_latest

from benchmarks.speed.api import SHAPES, rows_and_size, served
from benchmarks.speed.filled_database import BASELINE, fill, monitor_names
from results.monitor_status import Watched
from results.storage.database import Database
from results.storage.migrate import migrate
from seep.local_postgres import local_postgres
from seep.settings import Monitor, Settings
from services.aggregator.__main__ import SCRAPED_STATEMENT_SECONDS, expose

READINGS = 40
SHAPE = SHAPES["colours"]
PATHS = {"monitors": "/v1/monitors", "overview": "/v1/overview", "page of the overview": "/ui"}


def main() -> None:
    """Prints size, first, median and 95th percentile of each reading, for one monitor and for many."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--monitors", type=int, default=500)
    parser.add_argument("--runs", type=int, default=5_000)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, local_postgres(Path(name) / "postgres") as dsn:
        migrate(dsn)
        fill(dsn, SHAPE.recorded, runs=arguments.runs, targets=1, monitors=arguments.monitors)
        print(f"{rows_and_size(dsn)} in {arguments.runs} runs")
        for count in (1, arguments.monitors):
            print(f"{count} monitors: kB, first ms, median ms, 95th percentile ms")
            for what, (size, taken) in readings(dsn, Path(name), monitor_names(count)).items():
                ordered = sorted(taken)
                figures = [taken[0], ordered[READINGS // 2], ordered[int(READINGS * 0.95)]]
                print(f"{what}: {size / 1000:.0f}, {', '.join(f'{each:.1f}' for each in figures)}", flush=True)


def readings(dsn: str, folder: Path, monitors: list[str]) -> dict[str, tuple[int, list[float]]]:
    """By what is read how large it is, in bytes, and the milliseconds that each reading took."""
    with ExitStack() as stack:
        client = stack.enter_context(served(dsn, folder, monitors))
        database = stack.enter_context(Database(dsn, SCRAPED_STATEMENT_SECONDS))
        registry = CollectorRegistry()
        configured = {
            each: Monitor(target="target-0", suite=Path("none"), schedule="0 6 * * *", baseline=BASELINE)
            for each in monitors
        }
        shown = dict.fromkeys(monitors, Watched("target-0", "colours", ("1", "2", "3", "all")))
        expose(registry, database, Settings().model_copy(update={"monitors": configured}), shown)

        def of_path(path: str) -> Callable[[], bytes]:
            return lambda: client.get(path).raise_for_status().content

        reads = {what: of_path(path) for what, path in PATHS.items()} | {"scrape": lambda: generate_latest(registry)}
        return {what: timed(read) for what, read in reads.items()}


def timed(read: Callable[[], bytes]) -> tuple[int, list[float]]:
    """The size of the last reading, and the milliseconds of each."""
    taken = []
    for _ in range(READINGS):
        start = time.perf_counter()
        found = read()
        taken.append(1000 * (time.perf_counter() - start))
    return len(found), taken


if __name__ == "__main__":
    main()
