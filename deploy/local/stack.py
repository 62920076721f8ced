"""The whole system as processes on this machine: broker, PostgreSQL and the three services."""

import argparse
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from deploy.local.broker import LocalBroker
from results.storage.database import server_name
from seep.kafka.client import KafkaBroker
from seep.kafka.topics import configured_topics
from seep.local_postgres import local_postgres
from seep.runtime.stopping import stop_on_signals
from seep.settings import Settings, load_settings

FOLDER = Path(".seep")
STOP_SECONDS = 40.0


class Service:
    """One service as a process of its own, with its output in one log file."""

    def __init__(self, arguments: list[str], environment: Mapping[str, str], log: Path) -> None:
        self.arguments = arguments
        self.log = log
        self.environment = environment
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Starts the process; its log is appended to."""
        with self.log.open("ab") as log:
            command = [sys.executable, "-m", *self.arguments]
            # A group of its own: Ctrl-C reaches this stack alone, which then stops the services in order.
            self._process = subprocess.Popen(
                command, env={**os.environ, **self.environment}, stdout=log, stderr=log, start_new_session=True
            )

    @property
    def pid(self) -> int:
        """The process's id while it runs."""
        assert self._process is not None
        return self._process.pid

    def ended(self) -> int | None:
        """The exit status where the process has ended by itself."""
        return self._process.poll() if self._process else None

    def kill(self) -> None:
        """kill -9 for the process and all its children."""
        self._signal(signal.SIGKILL)

    def stop(self) -> int | None:
        """SIGTERM, and the exit status; kill -9 where that is not heeded in time."""
        if self._process is None:
            return None
        self._process.terminate()
        try:
            return self._process.wait(timeout=STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            raise

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None and self._process.poll() is None:
            os.killpg(self._process.pid, number)
            self._process.wait()


def services(settings: Settings, config: Path, environment: Mapping[str, str], logs: Path) -> dict[str, Service]:
    """One generator per engine that has targets, the scorer, the aggregator and the API; not started."""
    logs.mkdir(parents=True, exist_ok=True)
    engines = sorted({target.engine for target in settings.targets.values()})
    commands = {f"generator-{engine}": ["services.generator", "--engine", engine] for engine in engines}
    commands |= {"scorer": ["services.scorer"], "aggregator": ["services.aggregator"]}
    commands |= {"api": ["services.api"]}
    # Port 0 takes a free one, which the service's log names.
    shared = {"SEEP_WORKER__METRICS_PORT": "0", **environment}
    for name in commands:
        (logs / f"{name}.log").unlink(missing_ok=True)
    return {
        name: Service([*command, "--config", str(config)], shared, logs / f"{name}.log")
        for name, command in commands.items()
    }


@contextmanager
def running_stack(config: Path, folder: Path, *, scheduling: bool = False) -> Iterator[dict[str, Service]]:
    """Broker, database and services while the block lasts; data and logs in `folder`. If it is `scheduling`, it sends
    the monitors' runs, too.

    The database is the configured one, else one in the folder, which is where the commands find it too.
    """
    settings = load_settings(config)
    folder = folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as parts:
        broker = LocalBroker(folder / "kafka", int(settings.kafka.bootstrap_servers.rpartition(":")[2]))
        broker.start()
        parts.callback(broker.stop)
        dsn = settings.database.resolved_dsn() or parts.enter_context(local_postgres(folder / "postgres"))
        KafkaBroker(settings.kafka).create_topics(configured_topics(settings))
        environment = {"SEEP_DATABASE__DSN": dsn}
        running = services(settings, config, environment, folder / "logs")
        if scheduling:
            log = folder / "logs" / "schedule.log"
            log.unlink(missing_ok=True)
            running["schedule"] = Service(["cli", "--config", str(config), "schedule"], environment, log)
        for service in running.values():
            service.start()
            parts.callback(service.stop)
        yield running


def ended_services(running: Mapping[str, Service]) -> list[str]:
    """A line for each service that is no longer there."""
    return [
        f"{name} ended with status {service.ended()}: see {service.log}"
        for name, service in running.items()
        if service.ended() is not None
    ]


def _places(settings: Settings, folder: Path) -> str:
    """Where everything is to be reached."""
    dsn = settings.database.resolved_dsn()
    database = f"PostgreSQL in {folder / 'postgres'}" if dsn is None else f"PostgreSQL, {server_name(dsn)}"
    api = f"http://{settings.api.host}:{settings.api.port}"
    broker = settings.kafka.bootstrap_servers
    return f"pages: {api}/ui; API: {api}/v1; broker: {broker}; results, also of seep run: {database}"


def next_steps(settings: Settings, config: Path, *, scheduling: bool) -> str:
    """What to type in another terminal."""
    seep = "seep" if config == Path("seep.yaml") else f"seep --config {shlex.quote(str(config))}"
    # By its id: the run before may be the latest that the database knows yet.
    steps = f'next, in another terminal: {seep} watch "$({seep} push {first_push(settings)})"'
    waiting = [] if scheduling else sorted(name for name, monitor in settings.monitors.items() if monitor.schedule)
    if waiting:
        steps += (
            f"\nnot sent by themselves: the runs of {', '.join(waiting)}; SCHEDULE=1, or {seep} schedule, sends them"
        )
    return steps


def first_push(settings: Settings) -> str:
    """What a monitor asks, or a suite that its target can answer: a file has answers to its own prompts only."""
    scheduled = [name for name, monitor in settings.monitors.items() if monitor.schedule]
    if scheduled:
        return f"--monitor {scheduled[0]}"
    target = next(iter(settings.targets), None)
    if target is None:
        return "SUITE --target TARGET"
    answers_anything = settings.engines[settings.targets[target].engine].backend in ("vllm", "openai")
    return f"{'colours-smoke' if answers_anything else 'SUITE'} --target {target}"


def main() -> None:
    """Runs the stack in the foreground until a signal stops it or one of its services ends."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where broker and database keep their data")
    parser.add_argument("--schedule", action="store_true", help="send the monitors' runs at their times, too")
    arguments = parser.parse_args()
    stop = stop_on_signals()
    with running_stack(arguments.config, arguments.folder, scheduling=arguments.schedule) as running:
        print(f"{', '.join(running)} are running; logs in {arguments.folder / 'logs'}; Ctrl-C stops", flush=True)
        print(_places(load_settings(arguments.config), arguments.folder), flush=True)
        print(next_steps(load_settings(arguments.config), arguments.config, scheduling=arguments.schedule), flush=True)
        while not stop.wait(0.5):
            if ended_services(running):
                sys.exit("\n".join(ended_services(running)))


if __name__ == "__main__":
    main()
