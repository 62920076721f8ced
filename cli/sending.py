"""Sends runs (their jobs, then their manifests) through a broker, and finds manifests again."""

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from seep.capabilities import check_probe
from seep.codec import DecodeError, decode_manifest, encode_manifest, encode_prompt_job
from seep.errors import InputError
from seep.kafka.broker import Broker, Sender
from seep.kafka.messages import Outgoing
from seep.kafka.topics import RUNS, job_key, jobs_topic
from seep.records import PromptJob, RunManifest
from seep.runtime.stage import LARGEST_MESSAGE
from seep.schedule import occurrence_before, occurrence_run_id
from seep.settings import Settings
from seep.suites.jobs import manifest, prompt_jobs
from seep.suites.loading import load_suite
from seep.suites.schema import AnySuite

SEND_BATCH_SIZE = 500


def send_occurrence(broker: Broker, settings: Settings, name: str, at: datetime) -> str:
    """Sends the run of a configured monitor for a scheduled time, and returns its id: the same whenever it is sent."""
    monitor = settings.monitors[name]
    run = occurrence_run_id(name, at)
    loaded = load_suite(monitor.suite)
    names = {"run_id": run, "target": monitor.target, "monitor": name}
    send_run(broker, settings, monitor.suite, loaded, **names, samples=monitor.samples, new=False)
    return run


def occurrence(settings: Settings, name: str, now: datetime) -> datetime:
    """The monitor's latest scheduled time up to `now`; `now` itself if it has no schedule.

    Raises InputError if there is no such monitor.
    """
    if name not in settings.monitors:
        known = ", ".join(sorted(settings.monitors)) or "none"
        raise InputError(f"--monitor {name}: there is no such monitor in the configuration; known: {known}")
    schedule = settings.monitors[name].schedule
    return now if schedule is None else occurrence_before(schedule, now)


def send_run(
    broker: Broker,
    settings: Settings,
    path: Path,
    suite: AnySuite,
    *,
    run_id: str,
    target: str,
    samples: int | None,
    monitor: str = "",
    new: bool,
) -> None:
    """Sends a run's jobs, then its manifest: a run whose manifest is there was sent whole.

    Raises InputError for a job that fits into no message, and for a probe that the target's engine cannot serve. Unless
    the id is `new`, it also refuses an id that another run has.
    """
    check_probe(settings, target, suite.probe)
    jobs = prompt_jobs(suite, run_id=run_id, target=target, samples=samples)
    outgoing = list(job_messages(jobs))
    _refuse_large_jobs(path, jobs, outgoing)
    expected = manifest(suite, run_id=run_id, target=target, samples=samples, created_at=time.time(), monitor=monitor)
    with open_sender(broker, [RUNS, jobs_topic(target)]) as sender:
        if not new:
            _refuse_another_run(broker, expected)
        for start in range(0, len(outgoing), SEND_BATCH_SIZE):
            sender.send(outgoing[start : start + SEND_BATCH_SIZE])
        sender.send([manifest_message(expected)])


def _refuse_large_jobs(path: Path, jobs: Sequence[PromptJob], outgoing: Sequence[Outgoing]) -> None:
    for job, message in zip(jobs, outgoing, strict=True):
        if len(message.value or b"") > LARGEST_MESSAGE:
            raise InputError(
                f"{path}: job {job.control or job.tests[0].prompt!r}: too large for one message; split its tests"
            )


def job_messages(jobs: Iterable[PromptJob]) -> Iterator[Outgoing]:
    """The messages that request jobs."""
    for job in jobs:
        yield Outgoing(jobs_topic(job.target), job_key(job.run_id, job.job_id), encode_prompt_job(job))


def manifest_message(sent: RunManifest) -> Outgoing:
    """The message that announces, or ends, a run."""
    return Outgoing(RUNS, sent.run_id.encode(), encode_manifest(sent))


def find_manifest(broker: Broker, run_id: str) -> RunManifest:
    """The manifest of a run, as it was sent last; raises InputError if none was."""
    for sent in _manifests(broker, run_id)[-1:]:
        return sent
    raise InputError(f"run {run_id}: no manifest of it is on {RUNS}")


def _refuse_another_run(broker: Broker, expected: RunManifest) -> None:
    """Raises InputError if the run's id is taken by a run of something else, or by one that was cancelled."""
    for sent in _manifests(broker, expected.run_id)[-1:]:
        if sent.cancelled:
            raise InputError(f"--run-id {expected.run_id}: this run was cancelled; give another id")
        if replace(sent, created_at=expected.created_at) != expected:
            raise InputError(
                f"--run-id {expected.run_id}: this run was sent with another suite, target or sample count"
            )


def _manifests(broker: Broker, run_id: str) -> list[RunManifest]:
    return [sent for sent in all_manifests(broker) if sent.run_id == run_id]


def all_manifests(broker: Broker) -> list[RunManifest]:
    """The manifests that can be read, those of one run in the order they were sent. Raises BrokerUnavailable."""
    reader = broker.reader(RUNS)
    try:
        found = [message.value or b"" for message in reader.new_messages()]
    finally:
        reader.close()
    manifests = []
    for value in found:
        with suppress(DecodeError):
            manifests.append(decode_manifest(value))
    return manifests


@contextmanager
def open_sender(broker: Broker, topics: Sequence[str]) -> Iterator[Sender]:
    """A sender for topics that exist; raises InputError for one that does not, BrokerUnavailable for no broker."""
    missing = sorted(set(topics) - broker.existing_topics())
    if missing:
        raise InputError(f"the broker has no topic {missing[0]}: create it with `seep topics apply`")
    sender = broker.sender()
    try:
        yield sender
    finally:
        sender.close()
