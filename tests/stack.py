"""The three services as separate processes on a real broker and a real PostgreSQL, for tests of the whole."""

import json
import os
import re
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import yaml

from deploy.local.broker import LocalBroker
from deploy.local.stack import Service, services
from results.runs import RunSummary
from results.storage.migrate import migrate
from seep.kafka.client import KafkaBroker
from seep.kafka.topics import configured_topics
from seep.local_postgres import local_postgres
from seep.settings import Settings, load_settings
from tests.commands import run_command
from tests.faults import disturbed_service
from tests.faults.disturbed_service import VARIABLE, Disturbance
from tests.stored import Stored
from tests.waiting import wait_until

SEEP = Path(sys.executable).with_name("seep")
WAIT_SECONDS = 300.0
TOPICS = {"partitions": 2}


@dataclass
class Stack:
    """A broker, a database and the services that `config` describes, none of which runs until it is started."""

    config: Path
    settings: Settings
    broker: LocalBroker
    dsn: str
    services: dict[str, Service]

    def start(self) -> None:
        """Starts all services."""
        for service in self.services.values():
            service.start()

    def stop(self) -> None:
        """Stops all services."""
        stop_together(self.services.values())

    def another(self, name: str, disturbance: Disturbance | None = None) -> Service:
        """One more process of a service, not started; with a disturbance if one is given."""
        first = self.services[name]
        arguments, environment = first.arguments, dict(first.environment)
        if disturbance is not None:
            arguments = [disturbed_service.__name__, *arguments]
            environment[VARIABLE] = json.dumps(asdict(disturbance))
        logs = first.log.parent
        return Service(arguments, environment, logs / f"{name}-{len(list(logs.iterdir()))}.log")

    def store(self) -> Stored:
        """The results, read as anybody would."""
        return Stored(self.dsn, stalled_after_seconds=1800)

    def seep(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """The `seep` command on this stack's configuration, in this process: a new one imports for two seconds."""
        with patch.dict(os.environ, {"SEEP_DATABASE__DSN": self.dsn}):
            return subprocess.CompletedProcess(arguments, *run_command("--config", str(self.config), *arguments))

    def push(self, suite: Path, target: str) -> str:
        """Pushes a suite; the run's id."""
        pushed = self.seep("push", str(suite), "--target", target)
        assert pushed.returncode == 0, pushed.stderr
        return pushed.stdout.strip()

    def wait_until(self, condition: Callable[[], bool], what: str, seconds: float = WAIT_SECONDS) -> None:
        """Waits for a condition; fails with the logs' ends if it does not come true."""
        wait_until(condition, what, seconds=seconds, report=self._logs)

    def _wait_for_run(self, run_id: str, reached: Callable[[RunSummary], bool], what: str, seconds: float) -> None:
        """Waits until a run is as it should be, as long as jobs are recorded; fails after seconds without any."""
        store = self.store()

        seen: list[RunSummary] = []

        def condition() -> bool:
            seen[:] = [found for found in [store.run(run_id)] if found is not None]
            return bool(seen) and reached(seen[0])

        def progress() -> object:
            return [(found.recorded, found.dead) for found in seen]

        wait_until(condition, f"run {run_id} to be {what}", seconds=seconds, report=self._logs, progress=progress)

    def _logs(self) -> dict[str, str]:
        return {log.stem: log.read_text()[-2000:] for log in sorted((self.config.parent / "logs").iterdir())}

    def wait_for_state(self, run_id: str, *states: str, seconds: float = WAIT_SECONDS) -> None:
        """Waits until the run is in one of the states, as long as something is recorded of it in so many seconds."""
        self._wait_for_run(run_id, lambda run: run.state in states, " or ".join(states), seconds)

    def wait_for_jobs(self, run_id: str, jobs: int) -> None:
        """Waits until so many of the run's jobs are recorded."""
        self._wait_for_run(run_id, lambda run: run.recorded >= jobs, f"recorded to {jobs} jobs", WAIT_SECONDS)


@contextmanager
def stack_in(
    folder: Path,
    configuration: Mapping[str, Any],
    broker: LocalBroker | None = None,
    topics: Mapping[str, int] = TOPICS,
) -> Iterator[Stack]:
    """A stack from the engines, targets and so on of a configuration; all of it ends with the block.

    Its broker, which is started here, may be given.
    """
    with ExitStack() as parts:
        broker = broker or LocalBroker(folder / "kafka", 0)
        # Either waits for its own start; the thread is done with before the block begins.
        with ThreadPoolExecutor(1) as beside:
            parts.callback(broker.stop)
            started = beside.submit(broker.start)
            dsn = parts.enter_context(local_postgres(folder / "postgres"))
            migrate(dsn)
            started.result()
        config = folder / "seep.yaml"
        kafka = {"bootstrap_servers": broker.bootstrap_servers, "topics": dict(topics)}
        config.write_text(yaml.safe_dump({"kafka": kafka, **configuration}), encoding="utf-8")
        settings = load_settings(config)
        KafkaBroker(settings.kafka).create_topics(configured_topics(settings))
        environment = {"SEEP_DATABASE__DSN": dsn, "SEEP_API__PORT": "0"}
        running = services(settings, config, environment, folder / "logs")
        for service in running.values():
            parts.callback(service.kill)
        yield Stack(config, settings, broker, dsn, running)


def stop_together(services: Iterable[Service]) -> list[int | None]:
    """Sends SIGTERM to all at once and waits for them; their exit statuses, in order."""
    stopped = list(services)
    with ThreadPoolExecutor(len(stopped)) as each:
        return list(each.map(Service.stop, stopped))


def run_seep(
    *arguments: str, environment: Mapping[str, str] | None = None, folder: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Runs the `seep` command as a user would, in its own process."""
    return subprocess.run(
        [SEEP, *arguments],
        env={**os.environ, **(environment or {})},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


def port_of(service: Service) -> int:
    """The port that the service names last in its log: of its metrics, or of the API."""
    return _named_last(service, r" on port (\d+)")


def metrics_port_of(service: Service) -> int:
    """The port of the service's metrics."""
    return _named_last(service, r" metrics on port (\d+)")


def _named_last(service: Service, pattern: str) -> int:
    return int(re.findall(pattern, service.log.read_text(encoding="utf-8"))[-1])


def scrape(service: Service) -> dict[str, float]:
    """The samples on /metrics, by name and labels as they are written there."""
    with urllib.request.urlopen(f"http://127.0.0.1:{metrics_port_of(service)}/metrics", timeout=300) as response:
        lines = response.read().decode().splitlines()
    pairs = (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
    return {name: float(value) for name, value in pairs}
