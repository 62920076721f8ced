"""How fast the API answers from a database of two million comparisons; against an answer that needs no database."""

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psycopg

from benchmarks.speed.filled_database import BASELINE, DAY, MONITOR, Recorded, fill, of_colours, of_languages, run_id
from deploy.local.broker import free_port
from results.storage.migrate import migrate
from seep.local_postgres import local_postgres

REQUESTS = 200
SERIES = "/v1/series?target=target-0&suite={suite}&metric={metric}"
NO_DATABASE = "health, which needs no database"


@dataclass(frozen=True)
class Shape:
    """Runs of one suite: how they are made, how many comparisons one has, and what may be asked of them."""

    recorded: Recorded
    comparisons: int
    metric: str
    categories: tuple[str, ...]
    pool: str
    refused: str = ""


SHAPES = {
    # The published colour set's.
    "colours": Shape(of_colours(jobs=27, tests=26, samples=5), 27 * 26 * 5, "bert_score", ("1", "2", "3"), "1,2"),
    # 224 categories; there is no rate of a concept where an answer counts in several.
    "languages": Shape(
        of_languages(), 14 * 2 * 12 * 5, "consensus", ("en>en", "en>it", "fr>de"), "en>en,fr>fr", "rates by concept"
    ),
}

# What is in braces is drawn again for each request; `{page}` is a run that has a page after it.
QUERIES = {
    NO_DATABASE: "/healthz",
    "runs, 50": "/v1/runs?after={page}",
    "runs, 200": "/v1/runs?limit=200&after={page}",
    "runs of a target, 50": "/v1/runs?target=target-0&after={page}",
    "runs of a suite, 50": "/v1/runs?suite={suite}&after={page}",
    "runs of a target and a suite, 50": "/v1/runs?target=target-0&suite={suite}&after={page}",
    "runs of a suite that was never sent": "/v1/runs?suite=never",
    "runs of a monitor, 50": f"/v1/runs?monitor={MONITOR}&after={{page}}",
    "one run": "/v1/runs/{run}",
    "rates, with a pool": "/v1/runs/{run}/rates?pool={pool}",
    "rates by concept": "/v1/runs/{run}/rates?by=concept",
    "comparisons, 50": "/v1/runs/{run}/comparisons",
    "comparisons of a category, 200": "/v1/runs/{run}/comparisons?limit=200&category={category}",
    "comparisons that leak, 50": "/v1/runs/{run}/comparisons?only=leaks&metric={metric}",
    "comparisons that tie, of which there are none": "/v1/runs/{run}/comparisons?only=ties",
    "comparisons of a test": "/v1/runs/{run}/comparisons?test=0000a0000b",
    "series, 400 points": SERIES + "&category={category}",
    "series, 30 points": SERIES + "&until={until}&limit=30",
    "baselines, 50": "/v1/baselines?after={named}",
    "verdicts": f"/v1/runs/{{run}}/verdicts?baseline={BASELINE}",
    "a monitor's stream, 50": f"/v1/monitors/{MONITOR}/stream?after={{page}}",
    "monitors": "/v1/monitors",
    "dead letters": "/v1/dead-letters",
}


def main() -> None:
    """Prints median and 95th percentile of each query over HTTP, and the latter's ratio to health's."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--comparisons", type=int, default=2_000_000)
    parser.add_argument("--suite", choices=SHAPES, default="colours")
    arguments = parser.parse_args()
    shape = SHAPES[arguments.suite]
    runs = arguments.comparisons // shape.comparisons
    named = {"suite": arguments.suite, "metric": shape.metric, "pool": shape.pool}
    with tempfile.TemporaryDirectory() as name, local_postgres(Path(name) / "postgres") as dsn:
        migrate(dsn)
        start = time.perf_counter()
        fill(dsn, shape.recorded, runs=runs, targets=1)
        print(f"{rows_and_size(dsn)} in {runs} runs, filled in {time.perf_counter() - start:.0f} s")
        print("query: median ms, 95th percentile ms, ratio of the latter to health's")
        with served(dsn, Path(name)) as client:
            _, bare = measured(client, QUERIES[NO_DATABASE], runs, shape, named)
            for query, path in QUERIES.items():
                if query == shape.refused:
                    continue
                median, high = measured(client, path, runs, shape, named)
                print(f"{query}: {median:.1f}, {high:.1f}, {high / bare:.1f}", flush=True)


def rows_and_size(dsn: str) -> str:
    """How much there is to be read."""
    with psycopg.connect(dsn) as connection:
        query = "SELECT (SELECT count(*) FROM comparisons), pg_size_pretty(pg_database_size(current_database()))"
        return " answers compared, ".join(map(str, connection.execute(query).fetchone() or ()))


def measured(client: httpx.Client, path: str, runs: int, shape: Shape, named: Mapping[str, str]) -> tuple[float, float]:
    """Median and 95th percentile in milliseconds, of requests one after the other."""
    draw = random.Random(3)
    taken = []
    for _ in range(REQUESTS):
        until = draw.randint(min(30, runs), runs) * DAY
        drawn = {"run": run_id(draw.randrange(1, runs)), "page": run_id(draw.randrange(runs // 5, runs))}
        drawn["named"] = f"baseline-{draw.randrange(runs)}"
        url = path.format(**named, **drawn, category=draw.choice(shape.categories), until=until)
        start = time.perf_counter()
        client.get(url).raise_for_status()
        taken.append(1000 * (time.perf_counter() - start))
    taken.sort()
    return taken[REQUESTS // 2], taken[int(REQUESTS * 0.95)]


@contextmanager
def served(dsn: str, folder: Path, monitors: Sequence[str] = (MONITOR,)) -> Iterator[httpx.Client]:
    """A client of an API process of its own."""
    config = folder / "seep.yaml"
    watched = f"{{target: target-0, suite: none, schedule: 0 6 * * *, baseline: {BASELINE}}}"
    config.write_text(
        "engines: {e: {backend: recorded, file: none}}\ntargets: {target-0: {engine: e}}\n"
        f"monitors: {{{', '.join(f'{name}: {watched}' for name in monitors)}}}\n"
    )
    port = free_port()
    environment = {
        **os.environ,
        "SEEP_DATABASE__DSN": dsn,
        "SEEP_API__PORT": str(port),
        "SEEP_WORKER__METRICS_PORT": "0",
    }
    command = [sys.executable, "-m", "services.api", "--config", str(config)]
    process = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60, trust_env=False) as client:
            while not answers(client):
                time.sleep(0.2)
            yield client
    finally:
        process.terminate()
        process.wait()


def answers(client: httpx.Client) -> bool:
    """Whether the API is there."""
    try:
        return client.get("/readyz").status_code == 200
    except httpx.ConnectError:
        return False


if __name__ == "__main__":
    main()
