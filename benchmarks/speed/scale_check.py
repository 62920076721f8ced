"""The simulation of `benchmarks.speed.scale` beside the real pipeline, with one, two and four generators.

The server waits before each answer, as one with a GPU has this machine wait, so that four processes are four times as
fast on two processors too. What one generator answers a second is measured, and given to the simulation.
"""

import argparse
import statistics
import tempfile
import time
from contextlib import ExitStack
from itertools import chain
from pathlib import Path

import yaml

from benchmarks.speed.jobs import manifest_of, prompt_job
from benchmarks.speed.scale import Assumed, Found, Simulation
from cli.sending import job_messages, manifest_message
from deploy.local.broker import free_port
from deploy.local.demo import wait_until_serving
from deploy.local.scripted_server import MODEL, scripted_server
from deploy.local.stack import Service, running_stack, services
from results.storage.database import Database
from seep.kafka.client import KafkaBroker
from seep.records import PromptJob, PromptTest
from seep.settings import Settings, load_settings
from services.generator.__main__ import group_of

ENGINE = TARGET = "waiting"
PROCESSES = (1, 2, 4)
PARTITIONS, BATCH, CONCURRENCY = 8, 16, 8
TESTS = 4
PROMPTS = TESTS + 1  # each job's, with its control; one sample of each
SECONDS_AN_ANSWER = 0.4


def main() -> None:
    """Prints, for each number of generators, minutes to a result as measured and as simulated, and their ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--jobs", type=int, default=12, help="of each run")
    arguments = parser.parse_args()
    runs, jobs = arguments.runs, arguments.jobs
    print("generators | median minutes to a result, measured, simulated, ratio | slowest, measured, simulated, ratio")
    per_second = 0.0
    with tempfile.TemporaryDirectory() as name, ExitStack() as parts:
        folder = Path(name)
        server = parts.enter_context(scripted_server(lambda number: waited()))
        config = write_config(folder, server.base_url)
        settings = load_settings(config)
        running = parts.enter_context(running_stack(config, folder))
        wait_until_serving(running)
        dsn = running["aggregator"].environment["SEEP_DATABASE__DSN"]
        database = parts.enter_context(Database(dsn))
        generators = [running[f"generator-{ENGINE}"]]
        for processes in PROCESSES:
            while len(generators) < processes:
                generators.append(another(settings, config, dsn, folder / f"logs-{len(generators)}"))
                parts.callback(generators[-1].stop)
                generators[-1].start()
            wait_for_members(settings, processes)
            minutes = measured(settings, database, f"with-{processes}", runs, jobs)
            if not per_second:
                per_second = runs * jobs * PROMPTS / (60 * max(minutes))
            found = simulated(runs, jobs, processes, per_second)
            median, slowest = statistics.median(minutes), max(minutes)
            print(
                f"{processes} | {median:.2f}, {found.median:.2f}, {found.median / median:.2f}"
                f" | {slowest:.2f}, {found.slowest:.2f}, {found.slowest / slowest:.2f}",
                flush=True,
            )
    print(f"one generator: {per_second:.1f} answers/s, of {CONCURRENCY / SECONDS_AN_ANSWER:.1f} that the server gives")


def waited() -> str:
    """Answers after its time."""
    time.sleep(SECONDS_AN_ANSWER)
    return "answer"


def simulated(runs: int, jobs: int, processes: int, per_second: float) -> Found:
    """The same plan in the simulation, with all of its generators there from the start."""
    return Simulation(
        Assumed(
            monitors=runs,
            targets=1,
            nodes=processes,
            jobs=jobs,
            answers_of_job=PROMPTS,
            partitions=PARTITIONS,
            batch=BATCH,
            most_generators=processes,
            generators_kept=processes,
            answers_per_second=per_second,
            scorers=1,
        )
    ).run()


def measured(settings: Settings, database: Database, name: str, runs: int, jobs: int) -> list[float]:
    """Minutes from the sending of all runs at once to each one's result."""
    of_runs = [[job(f"{name}-{run}", number) for number in range(jobs)] for run in range(runs)]
    manifests = [manifest_message(manifest_of(of_run, created_at=time.time())) for of_run in of_runs]
    sender = KafkaBroker(settings.kafka).sender()
    [(start,)] = query(database, "SELECT extract(epoch FROM clock_timestamp())::float8")
    sender.send([*manifests, *job_messages(chain.from_iterable(of_runs))])
    ended: list[tuple[float]] = []
    while len(ended) < runs:
        time.sleep(1)
        ended = query(
            database,
            "SELECT extract(epoch FROM last_progress_at)::float8 FROM runs"
            f" WHERE starts_with(run_id, '{name}-') AND job_count <= recorded + dead",
        )
    return [(at - start) / 60 for (at,) in ended]


def query(database: Database, statement: str) -> list[tuple[float]]:
    """The rows of a statement without parameters."""
    with database.snapshot() as connection:
        return list(connection.execute(statement.encode()))


def job(run: str, number: int) -> PromptJob:
    """A control and its tests, one sample each."""
    control = f"Guest {number} of {run} ordered a"
    tests = tuple(PromptTest(str(k), "yellow", f"Guest wore yellow {k}. {control}", "1") for k in range(TESTS))
    return prompt_job(run, f"{run}-{number}", target=TARGET, control=control, tests=tests)


def another(settings: Settings, config: Path, dsn: str, logs: Path) -> Service:
    """One more generator, not started."""
    return services(settings, config, {"SEEP_DATABASE__DSN": dsn}, logs)[f"generator-{ENGINE}"]


def wait_for_members(settings: Settings, processes: int) -> None:
    """Returns once the generators' group has as many members, and has had time to share the partitions."""
    broker = KafkaBroker(settings.kafka)
    while broker.members(group_of(ENGINE)) < processes:
        time.sleep(1)
    time.sleep(15)


def write_config(folder: Path, base_url: str) -> Path:
    """One engine behind the server, and both metrics on the model that is at hand."""
    config = folder / "seep.yaml"
    minilm = {"model": "all-MiniLM-L6-v2"}
    engine = {"backend": "openai", "base_url": base_url, "model": MODEL, "max_concurrency": CONCURRENCY}
    text = {
        "kafka": {"bootstrap_servers": f"127.0.0.1:{free_port()}", "topics": {"partitions": PARTITIONS}},
        "api": {"port": 0},
        "worker": {"batch_size": BATCH},
        "engines": {ENGINE: engine},
        "targets": {TARGET: {"engine": ENGINE}},
        "metrics": {"sentence_bert": minilm, "bert_score": minilm},
    }
    config.write_text(yaml.safe_dump(text), encoding="utf-8")
    return config


if __name__ == "__main__":
    main()
