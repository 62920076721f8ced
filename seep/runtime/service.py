"""Runs one service as a process: settings, signals, broker, loop and metrics port put together."""

import argparse
import logging
import os
import sys
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NoReturn, TypeVar

from seep.errors import InputError, Unavailable
from seep.kafka.broker import Broker, GroupConsumer
from seep.kafka.cancellation import CancelledRuns
from seep.kafka.dead_letters import dead_letter, send_all
from seep.kafka.messages import Message, Send
from seep.kafka.topics import DEAD_LETTERS
from seep.runtime.health import Health, serve_health
from seep.runtime.limits import Limits
from seep.runtime.log_lines import configure_log
from seep.runtime.metrics import MESSAGES, count, timed
from seep.runtime.stage import Job, Result, Stage
from seep.runtime.stopping import Stopped
from seep.runtime.waits import Waits
from seep.runtime.worker import IDLE_SECONDS, Idle, Postponed, Process, Worker
from seep.settings import Settings, load_settings
from seep.settings import Worker as WorkerSettings
from seep.settings.exposure import exposures

log = logging.getLogger(__name__)

PAUSE_SECONDS = 2.0
# Beyond its grace time, a loop has this long for what it waits for of the broker.
STUCK_SECONDS = 8.0
# A client asks to leave its group for three seconds. With the time above it stays within the chart's 15.
LEAVING_SECONDS = 5.0
Connected = TypeVar("Connected")


@dataclass(frozen=True)
class Loop:
    """What one loop of a service does: topics into `process`, and `idle` between batches."""

    topics: tuple[str, ...]
    process: Process
    idle: Idle | None = None
    idle_seconds: float = IDLE_SECONDS


def open_health(settings: Settings) -> Health:
    """The metrics port; to be opened before anything slow. Raises InputError if it is taken."""
    return serve_health(settings.worker.metrics_host, settings.worker.metrics_port)


def service_arguments(description: str) -> argparse.ArgumentParser:
    """The arguments that every service takes."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--config", type=Path, default=None, help="seep.yaml (default: SEEP_CONFIG, else ./seep.yaml)")
    return parser


def run_service(main: Callable[[argparse.Namespace, Settings], bool], parser: argparse.ArgumentParser) -> NoReturn:
    """Runs a service's main with its settings, and ends the process: 0 if it was stopped, 2 for bad input.

    `main` returns whether its last batch was finished. If not, a thread still works on it, and the process ends without
    waiting for that.
    """
    configure_log()
    arguments = parser.parse_args()
    code = 0
    try:
        settings = load_settings(arguments.config)
        warn(*exposures(settings))
        finished = main(arguments, settings)
        log.info("stopped%s", "" if finished else ", with a batch unfinished")
    except Stopped:
        log.info("stopped before it had started")
    except InputError as error:
        print(error, file=sys.stderr)
        code = 2
    logging.shutdown()
    os._exit(code)


def warn(*lines: str | None) -> None:
    """Logs what an operator should know of the configuration."""
    for line in filter(None, lines):
        log.warning("%s", line)


def serve_stage(
    broker: Broker,
    options: WorkerSettings,
    stage: Stage[Job, Result],
    *,
    topics: Sequence[str],
    group: str,
    stop: threading.Event,
    health: Health,
    apart: bool = False,
    ready: Callable[[], bool] = lambda: True,
) -> bool:
    """Serves a stage until the process is to stop; whether the last batches were finished.

    `apart` gives each topic a loop of its own, so that a failure of one pauses no other. /readyz says yes while a loop
    and `ready` do.
    """
    loops: list[Loop] = []
    for together in [(topic,) for topic in topics] if apart else [tuple(topics)]:
        sender = wait_for(broker.sender, stop)
        cancelled = wait_for(lambda: CancelledRuns(broker), stop)
        loops.append(Loop(together, stage_process(stage, sender.send, cancelled, Waits(stage.name, sender.send))))
    return serve_loops(broker, options, stage.name, loops, group=group, stop=stop, health=health, ready=ready)


def stage_process(stage: Stage[Job, Result], send: Send, cancelled: CancelledRuns, waits: Waits) -> Process:
    """A stage as a loop calls it: handle, send all that is done, say what waits, count."""

    def process(messages: Sequence[Message]) -> None:
        with timed(stage.name):
            cancelled.refresh()
            try:
                processed = stage.process(messages, cancelled)
            except Exception as error:
                waits.failed(messages, error)
                raise
            send_all(send, processed.outgoing)
        waiting = processed.waiting
        waits.handled(messages, waiting)
        count(stage.name, len(messages) - len(waiting), processed.outgoing)
        if waiting:
            last = max((failure for _, failure in waiting), key=lambda failure: failure.retry_after_seconds or 0)
            raise Postponed([message for message, _ in waiting], str(last), last.retry_after_seconds)

    return process


def serve(
    broker: Broker,
    options: WorkerSettings,
    name: str,
    process: Process,
    *,
    topics: Sequence[str],
    group: str,
    stop: threading.Event,
    health: Health,
    idle: Idle | None = None,
    idle_seconds: float = IDLE_SECONDS,
) -> bool:
    """Consumes topics into `process` until the process is to stop; see `Worker` for `idle`, and `serve_loops`."""
    loop = Loop(tuple(topics), process, idle, idle_seconds)
    return serve_loops(broker, options, name, [loop], group=group, stop=stop, health=health)


def serve_loops(
    broker: Broker,
    options: WorkerSettings,
    name: str,
    loops: Sequence[Loop],
    *,
    group: str,
    stop: threading.Event,
    health: Health,
    ready: Callable[[], bool] = lambda: True,
) -> bool:
    """Runs the loops side by side, with one `health` for all; whether each has finished what it had."""
    limits = Limits(batch_size=options.batch_size, grace_seconds=options.grace_seconds)
    dead_letter_alone = partial(_dead_letter, broker, name)
    consumers: list[GroupConsumer] = []
    workers: list[Worker] = []
    for loop in loops:
        consumers.append(wait_for(partial(broker.consumer, loop.topics, group, options.batch_size), stop))
        worker = Worker(
            name,
            consumers[-1],
            loop.process,
            dead_letter_alone,
            stop=stop,
            limits=limits,
            idle=loop.idle,
            idle_seconds=loop.idle_seconds,
        )
        workers.append(worker)
    health.healthy = lambda: all(worker.condition.healthy() for worker in workers)
    # A target that is away for a while must not take the others out of service.
    health.ready = lambda: ready() and any(worker.condition.ready() for worker in workers)
    served = ", ".join(topic for loop in loops for topic in loop.topics)
    log.info("%s serves %s as group %s; metrics on port %d", name, served, group, health.port)
    return _run(workers, consumers, stop, options.grace_seconds)


def _run(
    workers: Sequence[Worker], consumers: Sequence[GroupConsumer], stop: threading.Event, grace_seconds: float
) -> bool:
    """Runs until stopped, or until one fails; whether each has finished what it had.

    One that does not come back from Kafka's client is left behind, also while it leaves its group: a process that is to
    stop must end.
    """
    threads = ThreadPoolExecutor(len(workers))
    running = [threads.submit(worker.run) for worker in workers]
    for future in running:
        future.add_done_callback(lambda _: stop.set())
    stop.wait()
    ended, stuck = wait(running, timeout=grace_seconds + STUCK_SECONDS)
    # A consumer is for one thread, whose loop has ended.
    closing = [
        threads.submit(consumer.close) for future, consumer in zip(running, consumers, strict=True) if future in ended
    ]
    if wait(closing, timeout=LEAVING_SECONDS).not_done:
        log.warning("Kafka's client does not come back from leaving its group, which will miss this member")
    threads.shutdown(wait=False)
    finished = [future.result() for future in ended]
    return all(finished) and not stuck


def _dead_letter(broker: Broker, stage: str, message: Message, reason: str) -> None:
    """Dead-letters through a sender of its own: rare enough, and the loop's own may be what fails."""
    if message.topic == DEAD_LETTERS:  # it is there already
        log.error("a dead letter cannot be handled: %s", reason)
        return
    sender = broker.sender()
    try:
        send_all(sender.send, [dead_letter(message, stage=stage, class_name="AttemptsExhausted", reason=reason)])
    finally:
        sender.close()
    MESSAGES.labels(stage, "dead-lettered").inc()


def wait_for(
    connect: Callable[[], Connected], stop: threading.Event, pause_seconds: float = PAUSE_SECONDS
) -> Connected:
    """Connects, however long the other side takes to answer; raises Stopped if the process is to stop meanwhile."""
    while not stop.is_set():
        try:
            return connect()
        except Unavailable as error:
            log.warning("%s; waiting", error)
            stop.wait(pause_seconds)
    raise Stopped
