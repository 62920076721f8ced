"""A backlog for a target that is away, while another target on the same engine goes on: nothing dies, nothing waits."""

import argparse
import re
import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import yaml

from benchmarks.speed.jobs import prompt_job
from cli.sending import job_messages
from deploy.local.broker import LocalBroker
from deploy.local.scripted_server import MODEL, ScriptedServer, scripted_server
from deploy.local.stack import Service, services
from seep.codec import decode_generated_job
from seep.kafka.client import KafkaBroker
from seep.kafka.topics import DEAD_LETTERS, GENERATIONS, jobs_topic, topic_configs
from seep.records import PromptJob, PromptTest
from seep.settings import Kafka, Topics, load_settings

ENGINE, STEADY, AWAY = "endpoint", "steady", "away"
AWAY_MODEL = "away-model"
LONGEST_SECONDS = 600.0


@dataclass(frozen=True)
class Figures:
    """What was seen; times in seconds since both backlogs stood there."""

    generated: Counter[str]
    dead: int
    steady_done: float
    away_back: float
    all_done: float
    generated_while_away: int
    highest_lag: float
    last_lag: float
    ended: int | None
    """The generator's exit status after SIGTERM."""


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=10_000, help="for the target that is away")
    parser.add_argument("--steady-jobs", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=60.0, help="how long the target is away, at least")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        print(measure(Path(folder), arguments.jobs, arguments.steady_jobs, arguments.seconds))


def measure(folder: Path, jobs: int, steady_jobs: int, seconds: float) -> Figures:
    """Runs a broker, one generator process and a stand-in for the server, which refuses one model for a while."""
    back_at = [float("inf")]
    with ExitStack() as parts:
        broker = LocalBroker(folder / "kafka", 0)
        broker.start()
        parts.callback(broker.stop)
        server = parts.enter_context(scripted_server())
        server.script = lambda number: fate(server, number, back_at)
        kafka = Kafka(bootstrap_servers=broker.bootstrap_servers, topics=Topics(partitions=2))
        KafkaBroker(kafka).create_topics(topic_configs([STEADY, AWAY], kafka.topics))
        sender = KafkaBroker(kafka).sender()
        sender.send(list(job_messages(job(STEADY, number) for number in range(steady_jobs))))
        sender.send(list(job_messages(job(AWAY, number) for number in range(jobs))))
        generator = generator_service(folder, kafka, server)
        parts.callback(generator.kill)
        generator.start()
        return watched(kafka, generator, seconds, back_at, {STEADY: steady_jobs, AWAY: jobs})


def fate(server: ScriptedServer, number: int, back_at: list[float]) -> str:
    """Overload for one model until it is back."""
    away = server.received[number][1]["model"] == AWAY_MODEL and time.monotonic() < back_at[0]
    return "HTTP 503" if away else "answer"


def watched(
    kafka: Kafka, generator: Service, seconds: float, back_at: list[float], expected: dict[str, int]
) -> Figures:
    """Follows seep.generations to the end.

    The target is back after the seconds, once the other's jobs are done and the whole backlog was shown.
    """
    start = time.monotonic()
    reader = KafkaBroker(kafka).reader(GENERATIONS)
    generated: Counter[str] = Counter()
    while_away = 0
    steady_done = 0.0
    lags = [0.0]
    while sum(generated.values()) < sum(expected.values()) and time.monotonic() < start + LONGEST_SECONDS:
        generated.update(decode_generated_job(message.value or b"").job.target for message in reader.new_messages())
        if not steady_done and generated[STEADY] == expected[STEADY]:
            steady_done = time.monotonic() - start
        if time.monotonic() < back_at[0]:
            while_away = generated[AWAY]
            if steady_done and max(lags) >= expected[AWAY] and time.monotonic() > start + seconds:
                back_at[0] = time.monotonic()
        lags.append(lag(generator) or lags[-1])
        time.sleep(0.2)
    all_done = time.monotonic() - start
    wait_until(lambda: lag(generator) == 0, 30)
    dead = len(list(KafkaBroker(kafka).reader(DEAD_LETTERS).new_messages()))
    return Figures(
        generated,
        dead,
        steady_done,
        back_at[0] - start,
        all_done,
        while_away,
        max(lags),
        lag(generator) or 0.0,
        generator.stop(),
    )


def lag(generator: Service) -> float | None:
    """The gauge of the backlog on the generator's metrics port; None before it is there."""
    port = re.search(r"metrics on port (\d+)", generator.log.read_text(encoding="utf-8"))
    if port is None:
        return None
    with urllib.request.urlopen(f"http://127.0.0.1:{port[1]}/metrics", timeout=10) as response:
        text = response.read().decode()
    shown = re.search(rf'^seep_lag_messages{{topic="{re.escape(jobs_topic(AWAY))}"}} (\S+)$', text, re.MULTILINE)
    return float(shown[1]) if shown else None


def wait_until(condition: Callable[[], bool], seconds: float) -> None:
    """Returns once the condition holds, or the time is up."""
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.2)


def generator_service(folder: Path, kafka: Kafka, server: ScriptedServer) -> Service:
    """The generator of one engine with two targets, as a process; not started."""
    config = folder / "seep.yaml"
    settings = {
        "kafka": {"bootstrap_servers": kafka.bootstrap_servers},
        "engines": {ENGINE: {"backend": "openai", "base_url": server.base_url, "model": MODEL}},
        "targets": {STEADY: {"engine": ENGINE}, AWAY: {"engine": ENGINE, "adapter": AWAY_MODEL}},
    }
    config.write_text(yaml.safe_dump(settings), encoding="utf-8")
    return services(load_settings(config), config, {}, folder / "logs")[f"generator-{ENGINE}"]


def job(target: str, number: int) -> PromptJob:
    """A control and one test, one sample each."""
    control = f"Guest {number} ordered a"
    tests = (PromptTest("t", "yellow", f"Guest {number} wore yellow. {control}", "1"),)
    return prompt_job("backlog", f"{target}-{number}", target=target, control=control, tests=tests)


if __name__ == "__main__":
    main()
