"""The colour set through Kafka and three services, against the same handlers in one process."""

import argparse
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

import psutil
import yaml

from cli.in_process import open_pipeline, run_jobs
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
from seep.settings import Settings, load_settings
from seep.suites.jobs import manifest, prompt_jobs
from seep.suites.loading import dump_suite
from seep.suites.recorded import write_recorded
from seep.suites.schema import Suite
from seep.suites.workbook import read_workbook

WORKBOOK = Path(__file__).parents[3] / "shared" / "data" / "leakage" / "colors_qwen2.5-1.5b.xlsx"
TARGET = "recorded"


def main() -> None:
    """Prints jobs/s and comparisons/s both ways, their ratio, and the memory of each service."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workbook", type=Path, default=WORKBOOK, help="a published workbook with generations")
    parser.add_argument("--repeats", type=int, default=5)
    arguments = parser.parse_args()
    suite, rows = read_workbook(arguments.workbook)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        dump_suite(suite, folder / "suite.yaml")
        write_recorded(folder / "recorded.jsonl", rows)
        config = write_config(folder)
        settings = load_settings(config)
        jobs = len(suite.jobs)
        comparisons = sum(len(job.tests) for job in suite.jobs) * suite.decoding.samples
        with running_stack(config, folder / "stack") as services:
            wait_until_serving(services)
            pairs = [
                (seconds_in_process(suite, settings, folder), seconds_through_kafka(suite, settings, services))
                for _ in range(arguments.repeats)
            ]
            memory = {name: resident_mib(service) for name, service in services.items()}
    for way, seconds in zip(("in one process", "through Kafka"), zip(*pairs, strict=True), strict=True):
        figures = ", ".join(f"{jobs / value:.2f} jobs/s {comparisons / value:.0f} comparisons/s" for value in seconds)
        print(f"{way}: {figures}")
    print("ratio, Kafka's rate over one process's: " + ", ".join(f"{one / kafka:.2f}" for one, kafka in pairs))
    print("resident MiB: " + ", ".join(f"{name} {mib:.0f}" for name, mib in memory.items()))


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


def seconds_in_process(suite: Suite, settings: Settings, folder: Path) -> float:
    """From the first job to the last being recorded; models are loaded before."""
    pipeline = open_pipeline(settings, TARGET, None)
    with local_postgres(folder / "in-process") as dsn:
        migrate(dsn)
        with Database(dsn) as database:
            run = f"run-{time.time_ns()}"
            expected = manifest(suite, run_id=run, target=TARGET, created_at=time.time())
            jobs = prompt_jobs(suite, run_id=run, target=TARGET)
            start = time.perf_counter()
            run_jobs(jobs, expected, pipeline, database, settings.worker.batch_size)
            return time.perf_counter() - start


def seconds_through_kafka(suite: Suite, settings: Settings, services: Mapping[str, Service]) -> float:
    """From the first message being sent to the last job being recorded; the services idle before."""
    run = f"run-{time.time_ns()}"
    messages = [
        manifest_message(manifest(suite, run_id=run, target=TARGET, created_at=time.time())),
        *job_messages(prompt_jobs(suite, run_id=run, target=TARGET)),
    ]
    with (
        open_sender(KafkaBroker(settings.kafka), [RUNS]) as sender,
        Database(services["aggregator"].environment["SEEP_DATABASE__DSN"]) as database,
    ):
        start = time.perf_counter()
        sender.send(messages)
        state = ""
        while state != "complete":
            time.sleep(0.05)
            with database.snapshot() as connection:
                summary = runs.one(connection, run, settings.aggregation.stalled_after_seconds)
            state = "" if summary is None else summary.state
        return time.perf_counter() - start


def resident_mib(service: Service) -> float:
    """The memory that a service's process holds now."""
    return float(psutil.Process(service.pid).memory_info().rss) / 2**20


if __name__ == "__main__":
    main()
