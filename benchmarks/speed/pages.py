"""How fast the pages come from a large database; against the same pages from one that has three runs."""

import argparse
import random
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

import httpx

from benchmarks.speed.api import SHAPES, rows_and_size, served
from benchmarks.speed.filled_database import BASELINE, MONITOR, fill, run_id
from results.storage.migrate import migrate
from seep.local_postgres import local_postgres

REQUESTS = 100
SMALL_RUNS = 3
SHAPE = SHAPES["colours"]

# `{run}` and `{other}` are drawn again for each request.
PAGES = {
    "overview": "/ui",
    "runs": "/ui/runs",
    "runs of a target": "/ui/runs?target=target-0&after={run}",
    "run": "/ui/runs/{run}",
    "concepts of a run": "/ui/runs/{run}/concepts",
    "samples": "/ui/runs/{run}/samples",
    "samples that leak most": "/ui/runs/{run}/samples?order=margin&metric=bert_score&category=1",
    "samples with a word": "/ui/runs/{run}/samples?text=banana",
    "sample": "/ui/runs/{run}/sample?job=0000000001&test=0000100001&category=2&number=1",
    "monitor": f"/ui/monitors/{MONITOR}",
    "comparison of two runs": "/ui/compare?run={run}&other={other}",
    "comparison with a baseline": f"/ui/compare?run={{run}}&baseline={BASELINE}",
    "models": "/ui/models",
    "languages": "/ui/languages",
    "suites": "/ui/suites",
    "troubles": "/ui/troubles",
}


def main() -> None:
    """Prints size, median and 95th percentile of each page, and the ratio of the latter to a small database's."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--comparisons", type=int, default=2_000_000)
    runs = parser.parse_args().comparisons // SHAPE.comparisons
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        clients = []
        for number in (runs, SMALL_RUNS):
            folder = Path(name) / str(number)
            folder.mkdir()
            dsn = stack.enter_context(local_postgres(folder / "postgres"))
            migrate(dsn)
            fill(dsn, SHAPE.recorded, runs=number, targets=1)
            print(f"{rows_and_size(dsn)} in {number} runs")
            clients.append((stack.enter_context(served(dsn, folder)), number))
        print("page: kB, median ms, 95th percentile ms, ratio of the latter to the small database's")
        for page, path in PAGES.items():
            size, large, small = measured(clients, path)
            high = large[int(REQUESTS * 0.95)]
            ratio = high / small[int(REQUESTS * 0.95)]
            print(f"{page}: {size / 1000:.0f}, {large[REQUESTS // 2]:.1f}, {high:.1f}, {ratio:.2f}", flush=True)


def measured(clients: list[tuple[httpx.Client, int]], path: str) -> tuple[int, list[float], list[float]]:
    """The largest answer in bytes, and the milliseconds that each client waited, sorted; they take turns."""
    draw = random.Random(5)
    taken: list[list[float]] = [[] for _ in clients]
    largest = 0
    for _ in range(REQUESTS):
        for of_client, (client, runs) in zip(taken, clients, strict=True):
            url = path.format(run=run_id(draw.randrange(1, runs)), other=run_id(draw.randrange(runs)))
            start = time.perf_counter()
            answer = client.get(url).raise_for_status()
            of_client.append(1000 * (time.perf_counter() - start))
            largest = max(largest, len(answer.content))
    large, small = (sorted(of_client) for of_client in taken)
    return largest, large, small


if __name__ == "__main__":
    main()
