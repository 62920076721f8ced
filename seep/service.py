"""Runs one service as a process: settings, signals, broker, loop and metrics port put together."""

import argparse
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn, TypeVar

from seep.broker import GroupConsumer, Sender
from seep.cancellation import CancelledRuns
from seep.errors import InputError, Unavailable
from seep.health import serve_health
from seep.messages import Message, Send
from seep.metrics import count, timed
from seep.settings import Settings, load_settings
from seep.stage import Job, Result, Stage
from seep.worker import Process, Worker

log = logging.getLogger(__name__)

RETRY_SECONDS = 2.0
Connected = TypeVar("Connected")


class Stopped(Exception):
    """The service was told to stop before it had started."""


def service_arguments(description: str) -> argparse.ArgumentParser:
    """The arguments that every service takes."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--config", type=Path, default=None, help="seep.yaml (default: SEEP_CONFIG, else ./seep.yaml)")
    return parser


def run_service(main: Callable[[argparse.Namespace, Settings], bool], parser: argparse.ArgumentParser) -> NoReturn:
    """Runs a service's main with its settings, and ends the process: 0 when it was stopped, 2 for bad input.

    `main` answers whether its last batch was finished; where it was not, a thread still works on it, and the
    process ends without waiting for that.
    """
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("kafka").setLevel(logging.ERROR)
    arguments = parser.parse_args()
    code = 0
    try:
        finished = main(arguments, load_settings(arguments.config))
        log.info("stopped%s", "" if finished else ", with a batch unfinished")
    except Stopped:
        log.info("stopped before it had started")
    except InputError as error:
        print(error, file=sys.stderr)
        code = 2
    logging.shutdown()
    os._exit(code)


def serve_stage(
    settings: Settings,
    stage: Stage[Job, Result],
    *,
    topics: Sequence[str],
    group: str,
    stop: threading.Event,
    ready: Callable[[], bool] = lambda: True,
) -> bool:
    """Serves a stage until the process is told to stop; whether the last batch was finished.

    /readyz says yes while the loop and `ready` do.
    """
    sender = wait_for(lambda: Sender(settings.kafka), stop)
    cancelled = wait_for(lambda: CancelledRuns(settings.kafka), stop)
    process = stage_process(stage, sender.send, cancelled)
    return serve(settings, stage.name, process, topics=topics, group=group, stop=stop, ready=ready)


def stage_process(stage: Stage[Job, Result], send: Send, cancelled: CancelledRuns) -> Process:
    """A stage as the loop wants it: handle, send all, count."""

    def process(messages: Sequence[Message]) -> None:
        with timed(stage.name):
            cancelled.refresh()
            outgoing = stage.process(messages, cancelled)
            send(outgoing)
        count(stage.name, messages, outgoing)

    return process


def serve(
    settings: Settings,
    name: str,
    process: Process,
    *,
    topics: Sequence[str],
    group: str,
    stop: threading.Event,
    ready: Callable[[], bool] = lambda: True,
) -> bool:
    """Consumes topics into `process` until told to stop, with the metrics port beside; see `Worker.run`."""
    options = settings.worker
    consumer = wait_for(lambda: GroupConsumer(settings.kafka, topics, group, options.batch), stop)
    worker = Worker(name, consumer, process, batch=options.batch, grace_seconds=options.grace_seconds, stop=stop)
    port = serve_health(
        options.metrics_host,
        options.metrics_port,
        healthy=worker.healthy,
        ready=lambda: worker.ready() and ready(),
    )
    log.info("%s serves %s as group %s; metrics on port %d", name, ", ".join(topics), group, port)
    try:
        return worker.run()
    finally:
        consumer.close()


def stop_on_signals() -> threading.Event:
    """An event that SIGTERM and SIGINT set; to be called in the main thread, before anything slow."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop


def wait_for(connect: Callable[[], Connected], stop: threading.Event) -> Connected:
    """Connects, however long the other side takes to be there; raises Stopped when told to stop meanwhile."""
    while not stop.is_set():
        try:
            return connect()
        except Unavailable as error:
            log.warning("%s; waiting", error)
            stop.wait(RETRY_SECONDS)
    raise Stopped
