"""Sends runs (their manifest, their jobs, then the manifest again) through a broker, and finds manifests again."""

import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from cli.lookups import LATEST, check_monitor, one_that_begins
from cli.rendering.output import counted
from seep.capabilities import check_probe, check_system
from seep.codec import DecodeError, decode_manifest, encode_manifest, encode_prompt_job
from seep.errors import InputError
from seep.kafka.broker import Broker, BrokerUnavailable, Sender, TopicReader
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
# Another broker takes over what a lost one had within seconds.
RESEND_SECONDS = 60.0
RESEND_PAUSE_SECONDS = 1.0


def send_occurrence(broker: Broker, settings: Settings, name: str, at: datetime, labels: Sequence[str] = ()) -> str:
    """Sends the run of a configured monitor for a scheduled time, and returns its id: the same whenever it is sent."""
    monitor = settings.monitors[name]
    run = occurrence_run_id(name, at)
    loaded = load_suite(monitor.suite)
    names = {"run_id": run, "target": monitor.target, "monitor": name}
    send_run(broker, settings, monitor.suite, loaded, **names, samples=monitor.samples, labels=labels)
    return run


def occurrence(settings: Settings, name: str, now: datetime) -> datetime:
    """The monitor's latest scheduled time up to `now`; `now` itself if it has no schedule.

    Raises InputError if there is no such monitor.
    """
    check_monitor(settings, name)
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
    labels: Sequence[str] = (),
) -> None:
    """Sends a run's manifest as `sending`, which takes the id, then its jobs, then the manifest: all was sent.

    Raises InputError for a job that fits into no message, for a probe that the target's engine cannot serve, and for an
    id that another run has or that was cancelled. Whoever sends the same run again, or at the same time, sends the same
    messages once more. A broker that is lost meanwhile is waited for. Raises BrokerUnavailable if that does not help.
    """
    check_probe(settings, target, suite.probe)
    check_system(settings, target, suite)
    jobs = prompt_jobs(suite, run_id=run_id, target=target, samples=samples)
    outgoing = list(job_messages(jobs))
    _refuse_large_jobs(path, jobs, outgoing)
    facts = {"run_id": run_id, "target": target, "monitor": monitor}
    expected = manifest(suite, **facts, samples=samples, created_at=time.time(), labels=labels)
    check_topics(broker, [RUNS, jobs_topic(target)])
    batches = deque(outgoing[start : start + SEND_BATCH_SIZE] for start in range(0, len(outgoing), SEND_BATCH_SIZE))
    deadline = time.monotonic() + RESEND_SECONDS
    while True:
        try:
            return _send(broker, expected, batches)
        except BrokerUnavailable:
            if time.monotonic() > deadline:
                raise
            time.sleep(RESEND_PAUSE_SECONDS)


def _send(broker: Broker, expected: RunManifest, batches: deque[list[Outgoing]]) -> None:
    """Sends the manifest, the batches that are left, each of which it takes out once it is sent, and the manifest."""
    with closing(broker.sender()) as sender, closing(broker.reader(RUNS)) as reader:
        announced = _announced(sender, reader, expected)
        while batches:
            sender.send(batches[0])
            batches.popleft()
        sender.send([manifest_message(announced)])
        if any(sent.cancelled for sent in _manifests(reader, expected.run_id)):
            # The topic keeps a run's last manifest alone.
            sender.send([manifest_message(replace(announced, cancelled=True))])
            raise InputError(f"run {expected.run_id}: it was cancelled while it was sent")


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


def find_manifest(manifests: Sequence[RunManifest], run_id: str) -> RunManifest:
    """The manifest of a run, as it was sent last; raises InputError if none was."""
    for sent in reversed(manifests):
        if sent.run_id == run_id:
            return sent
    raise InputError(f"run {run_id}: no manifest of it is on {RUNS}")


def sent_run_id(manifests: Sequence[RunManifest], name: str) -> str:
    """The id that a RUN argument means among the runs that were sent: an id, the beginning of one, `latest` or
    `latest~N`. The argument itself where none is called so; raises InputError for one that several begin with.

    The database would not know yet what was sent just now, and take the run before for the latest.
    """
    sent = {each.run_id: each.created_at for each in manifests}
    newest = sorted(sent, key=lambda run_id: sent[run_id], reverse=True)
    if back := LATEST.fullmatch(name):
        if (position := int(back["back"] or 0)) >= len(newest):
            raise InputError(f"run {name}: {counted(len(newest), 'run')} on {RUNS}")
        return newest[position]
    return name if name in sent else one_that_begins(newest, name) or name


def all_manifests(broker: Broker) -> list[RunManifest]:
    """The manifests that can be read, those of one run in the order they were sent. Raises BrokerUnavailable."""
    with closing(broker.reader(RUNS)) as reader:
        return list(_new_manifests(reader))


def _announced(sender: Sender, reader: TopicReader, expected: RunManifest) -> RunManifest:
    """The run's manifest, which is announced before this call or by it, as whoever was first has dated it.

    Raises InputError if the run's id is taken by a run of something else, or by one that was cancelled.
    """
    sent = _manifests(reader, expected.run_id)
    if not sent:
        sender.send([manifest_message(replace(expected, sending=True))])
        # Of two who announce an id at the same time, both see here who was first.
        sent = _manifests(reader, expected.run_id)
    like_first = [each for each in sent if _content(each) == _content(sent[0])]
    if _content(sent[0]) != _content(expected):
        if sent[-1] != like_first[-1]:
            # The topic keeps a run's last manifest alone, which is to be that of the first.
            sender.send([manifest_message(like_first[-1])])
        raise InputError(f"--run-id {expected.run_id}: this run was sent with another suite, target or sample count")
    if any(each.cancelled for each in sent):
        raise InputError(f"--run-id {expected.run_id}: this run was cancelled; give another id")
    return replace(expected, created_at=sent[0].created_at, labels=sent[0].labels)


def _content(sent: RunManifest) -> RunManifest:
    """What the run is, whenever it is sent and whatever becomes of it."""
    return replace(sent, created_at=0.0, cancelled=False, reason="", sending=False, labels=())


def _manifests(reader: TopicReader, run_id: str) -> list[RunManifest]:
    return [sent for sent in _new_manifests(reader) if sent.run_id == run_id]


def _new_manifests(reader: TopicReader) -> Iterator[RunManifest]:
    for message in reader.new_messages():
        with suppress(DecodeError):
            yield decode_manifest(message.value or b"")


@contextmanager
def open_sender(broker: Broker, topics: Sequence[str]) -> Iterator[Sender]:
    """A sender for topics that exist; raises InputError for one that does not, BrokerUnavailable for no broker."""
    check_topics(broker, topics)
    with closing(broker.sender()) as sender:
        yield sender


def check_topics(broker: Broker, topics: Sequence[str]) -> None:
    """Raises InputError for a topic that does not exist, BrokerUnavailable for no broker."""
    missing = sorted(set(topics) - broker.existing_topics())
    if missing:
        raise InputError(f"the broker has no topic {missing[0]}: create it with `seep topics apply`")
