"""The colour set through Kafka and three services, against the same handlers in one process.

Both ways keep what they have loaded, and their cache of embeddings, from round to round. A cold run has answers that no
run before it had; a warm one has those of the cold run before it. One run at a time goes through one service after the
other; with several at once each service has some in hand.
"""

import argparse
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from statistics import median

import psutil
import yaml

from cli.in_process import Pipeline, open_pipeline, run_jobs
from cli.sending import job_messages, manifest_message, open_sender
from deploy.local.broker import free_port
from deploy.local.demo import wait_until_serving
from deploy.local.stack import Service, running_stack
from results.storage import runs
from results.storage.database import Database
from results.storage.migrate import migrate
from seep.kafka.client import KafkaBroker
from seep.kafka.topics import RUNS
from seep.local_postgres import local_postgres
from seep.records import PromptJob, RunManifest
from seep.settings import Settings, load_settings
from seep.suites.jobs import manifest, prompt_jobs
from seep.suites.recorded import write_recorded
from seep.suites.schema import Suite
from seep.suites.workbook import read_workbook

WORKBOOK = Path(__file__).parents[3] / "shared" / "data" / "leakage" / "colors_qwen2.5-1.5b.xlsx"
TARGET = "recorded"
BENCHMARK = "benchmark"
IN_PROCESS, THROUGH_KAFKA = "in one process", "through Kafka"


Run = tuple[RunManifest, list[PromptJob]]


@dataclass(frozen=True)
class Round:
    """The suite's jobs with prompts and answers of one round's own, each of its runs with others."""

    marks: range
    suite: Suite

    def runs(self, kind: str) -> list[Run]:
        """New runs of the round's jobs."""
        return [self._run(mark, kind) for mark in self.marks]

    def _run(self, mark: int, kind: str) -> Run:
        run = f"run-{mark}-{kind}"
        expected = manifest(self.suite, run_id=run, target=TARGET, created_at=time.time())
        return expected, [_own(job, mark) for job in prompt_jobs(self.suite, run_id=run, target=TARGET)]


def main() -> None:
    """Prints jobs/s, comparisons/s and processor seconds both ways, their ratios, and memory of each service."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workbook", type=Path, default=WORKBOOK, help="a published workbook with generations")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--runs", type=int, default=1, help="so many runs are sent at once in each round")
    arguments = parser.parse_args()
    suite, rows = read_workbook(arguments.workbook)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_recorded(
            folder / "recorded.jsonl",
            [
                (marked(prompt, number), [marked(answer, number) for answer in answers])
                for number in range(arguments.repeats * arguments.runs)
                for prompt, answers in rows
            ],
        )
        config = write_config(folder)
        settings = load_settings(config)
        pipeline = open_pipeline(settings, TARGET, None)
        found: dict[tuple[str, str], list[float]] = defaultdict(list)
        used: dict[tuple[str, str], list[Mapping[str, float]]] = defaultdict(list)
        with (
            local_postgres(folder / "in-process") as dsn,
            running_stack(config, folder / "stack") as services,
        ):
            migrate(dsn)
            wait_until_serving(services)
            with Database(dsn) as database:
                for number, kind in product(range(arguments.repeats), ("cold", "warm")):
                    one = Round(range(number * arguments.runs, (number + 1) * arguments.runs), suite)
                    batch = settings.worker.batch_size
                    with processor_seconds(services) as of_processes:
                        found[kind, IN_PROCESS].append(seconds_in_process(one.runs(kind), pipeline, database, batch))
                    used[kind, IN_PROCESS].append({BENCHMARK: of_processes[BENCHMARK]})  # the services are idle
                    with processor_seconds(services) as of_processes:
                        found[kind, THROUGH_KAFKA].append(seconds_through_kafka(one.runs(kind), settings, services))
                    used[kind, THROUGH_KAFKA].append(of_processes)
            memory = {name: memory_of(service) for name, service in services.items()}
    report(suite, arguments.runs, found)
    report_processors(used)
    for name, parts in memory.items():
        print(f"{name}: " + ", ".join(f"{part} {mib:.0f} MiB" for part, mib in parts.items()))


def _own(job: PromptJob, mark: int) -> PromptJob:
    tests = tuple(replace(test, prompt=marked(test.prompt, mark)) for test in job.tests)
    control, neutral = (text and marked(text, mark) for text in (job.control, job.neutral))
    return replace(job, control=control, neutral=neutral, tests=tests)


def marked(text: str, number: int) -> str:
    """A text as no other round has it."""
    return f"{text} ({number})"


def report(suite: Suite, runs_at_once: int, found: Mapping[tuple[str, str], Sequence[float]]) -> None:
    """The rates both ways, and their ratios by round."""
    jobs = len(suite.jobs) * runs_at_once
    comparisons = sum(len(job.tests) for job in suite.jobs) * suite.decoding.samples * runs_at_once
    for (kind, way), seconds in sorted(found.items()):
        figures = ", ".join(f"{jobs / value:.2f} jobs/s {comparisons / value:.0f} comparisons/s" for value in seconds)
        print(f"{kind}, {way}: {figures}")
    for kind in ("cold", "warm"):
        ratios = [one / kafka for one, kafka in zip(found[kind, IN_PROCESS], found[kind, THROUGH_KAFKA], strict=True)]
        print(
            f"{kind}, ratio of Kafka's rate to one process's: {', '.join(f'{ratio:.2f}' for ratio in ratios)}; "
            f"median {median(ratios):.2f}"
        )


def report_processors(used: Mapping[tuple[str, str], Sequence[Mapping[str, float]]]) -> None:
    """Processor seconds of each round both ways and their ratios, without PostgreSQL's, which both ways need alike."""
    for kind in ("cold", "warm"):
        ways = used[kind, IN_PROCESS], used[kind, THROUGH_KAFKA]
        one, kafka = ([sum(of_round.values()) for of_round in way] for way in ways)
        ratios = [through / alone for alone, through in zip(one, kafka, strict=True)]
        parts = {name: median(of_round[name] for of_round in ways[1]) for name in ways[1][0]}
        print(
            f"{kind}, processor seconds {IN_PROCESS}: {_listed(one)}; {THROUGH_KAFKA}: {_listed(kafka)}; "
            f"median ratio {median(ratios):.2f}; of them "
            + ", ".join(f"{name} {seconds:.2f}" for name, seconds in parts.items())
        )


def _listed(values: Sequence[float]) -> str:
    return ", ".join(f"{value:.2f}" for value in values)


@contextmanager
def processor_seconds(services: Mapping[str, Service]) -> Iterator[dict[str, float]]:
    """By name what each service, the broker and this process have used of processors once the block has ended."""
    found: dict[str, float] = {}
    before = _used(services)
    yield found
    found.update((name, seconds - before[name]) for name, seconds in _used(services).items())


def _used(services: Mapping[str, Service]) -> dict[str, float]:
    names = {service.pid: name for name, service in services.items()}
    children = psutil.Process().children()
    of_others = {names.get(child.pid, child.name()): sum(child.cpu_times()[:2]) for child in children}
    return {BENCHMARK: time.process_time(), **of_others}


def write_config(folder: Path) -> Path:
    """Both metrics on the backbone that is at hand; default worker settings."""
    config = folder / "seep.yaml"
    minilm = {"model": "all-MiniLM-L6-v2"}
    text = {
        "kafka": {"bootstrap_servers": f"127.0.0.1:{free_port()}"},
        "api": {"port": 0},
        "engines": {TARGET: {"backend": "recorded", "file": str(folder / "recorded.jsonl")}},
        "targets": {TARGET: {"engine": TARGET}},
        "metrics": {"sentence_bert": minilm, "bert_score": minilm},
    }
    config.write_text(yaml.safe_dump(text), encoding="utf-8")
    return config


def seconds_in_process(some: Sequence[Run], pipeline: Pipeline, database: Database, batch: int) -> float:
    """From the first job to the last being recorded; models are loaded before."""
    start = time.perf_counter()
    for expected, jobs in some:
        run_jobs(jobs, expected, pipeline, database, batch)
    return time.perf_counter() - start


def seconds_through_kafka(some: Sequence[Run], settings: Settings, services: Mapping[str, Service]) -> float:
    """From the first message being sent to the last job being recorded; the services idle before."""
    messages = [message for expected, jobs in some for message in (manifest_message(expected), *job_messages(jobs))]
    stalled_after = settings.aggregation.stalled_after_seconds
    with (
        open_sender(KafkaBroker(settings.kafka), [RUNS]) as sender,
        Database(services["aggregator"].environment["SEEP_DATABASE__DSN"]) as database,
    ):
        start = time.perf_counter()
        sender.send(messages)
        waiting = [expected.run_id for expected, _ in some]
        while waiting:
            time.sleep(0.05)
            with database.snapshot() as connection:
                summary = runs.one(connection, waiting[-1], stalled_after)
            if summary is not None and summary.state == "complete":
                waiting.pop()
        return time.perf_counter() - start


def memory_of(service: Service) -> dict[str, float]:
    """What a service's process holds now, by part, in MiB: its own, and pages of files, which others may share."""
    of_kind: dict[str, float] = defaultdict(float)
    for region in psutil.Process(service.pid).memory_maps():
        kind = "libraries and files" if region.path.startswith("/") else "its own (weights, cache, objects)"
        of_kind[kind] += region.rss / 2**20
    return {"resident": sum(of_kind.values()), **of_kind}


if __name__ == "__main__":
    main()
