"""The commands that send: a suite to a target, a run's cancellation, and the topics both need."""

import secrets
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from cli.commands.suites import SUITE_HELP, find_suite
from cli.database import has_database, open_store
from seep.capabilities import check_probe
from seep.codec import DecodeError, decode_manifest, encode_manifest, encode_prompt_job
from seep.errors import InputError, Unavailable
from seep.kafka.client import Sender, TopicReader, create_topics, existing_topics
from seep.kafka.messages import Outgoing
from seep.kafka.topics import RUNS, job_key, jobs_topic, topic_configs
from seep.records import PromptJob, RunManifest
from seep.runtime.stage import LARGEST_MESSAGE
from seep.schedule import occurrence_before, occurrence_run_id
from seep.settings import Kafka, Settings, load_settings
from seep.suites.jobs import check_run_id, manifest, prompt_jobs
from seep.suites.loading import load_suite
from seep.suites.schema import AnySuite

AT_ONCE = 500

topics_app = typer.Typer(help="Create the topics.", no_args_is_help=True)


@topics_app.callback()
def _topics() -> None:
    """Create the topics."""


@topics_app.command("apply")
def apply_topics() -> None:
    """Create the topics, and give those that are there the partitions and retention configured; safe to run again."""
    settings = load_settings()
    configs = topic_configs(settings.targets, settings.kafka.topics)
    created = create_topics(settings.kafka, configs)
    for name in sorted(configs):
        typer.echo(f"{name}: {'created' if name in created else 'was there'}")


def push(
    suite: Annotated[str | None, typer.Argument(help=SUITE_HELP, metavar="SUITE")] = None,
    target: Annotated[str | None, typer.Option(help="The target of seep.yaml that is to answer.")] = None,
    run_id: Annotated[str | None, typer.Option(help="The run's id; sending it again is the same run.")] = None,
    samples: Annotated[int | None, typer.Option(min=1, help="Generations per prompt, instead of the suite's.")] = None,
    monitor: Annotated[str | None, typer.Option(help="Send this monitor's run instead.")] = None,
    at: Annotated[
        str | None,
        typer.Option(help="With --monitor: its latest scheduled time up to this one, which is past (default: now)."),
    ] = None,
) -> None:
    """Send a suite to a target, or a monitor's scheduled run, and print the run's id."""
    settings = load_settings()
    if monitor is not None:
        if any(given is not None for given in (suite, target, run_id, samples)):
            raise InputError("--monitor: says suite, target, samples and run id itself; give none of them")
        typer.echo(send_occurrence(settings, monitor, occurrence(settings, monitor, moment(at))))
        return
    if suite is None or target is None or at is not None:
        raise InputError("push: expected SUITE --target T, or --monitor NAME [--at TIME]")
    check_target(settings, target)
    path = find_suite(suite)
    loaded = load_suite(path)
    run = check_run_id(run_id) if run_id else new_run_id(loaded.name)
    send_run(settings, path, loaded, run_id=run, target=target, samples=samples, new=run_id is None)
    typer.echo(run)


def send_occurrence(settings: Settings, name: str, at: datetime) -> str:
    """Sends the run of a configured monitor for a scheduled time, and returns its id: the same whenever it is sent."""
    monitor = settings.monitors[name]
    run = occurrence_run_id(name, at)
    loaded = load_suite(monitor.suite)
    names = {"run_id": run, "target": monitor.target, "monitor": name}
    send_run(settings, monitor.suite, loaded, **names, samples=monitor.samples, new=False)
    return run


def occurrence(settings: Settings, name: str, now: datetime) -> datetime:
    """The monitor's latest scheduled time up to `now`; `now` itself where it has no schedule. Raises InputError where
    there is no such monitor."""
    if name not in settings.monitors:
        known = ", ".join(sorted(settings.monitors)) or "none"
        raise InputError(f"--monitor {name}: there is no such monitor in the configuration; known: {known}")
    schedule = settings.monitors[name].schedule
    return now if schedule is None else occurrence_before(schedule, now)


def moment(text: str | None) -> datetime:
    """A time as ISO 8601 has it, UTC where it names no zone; now for None. Raises InputError, also for a time to come:
    once a run of it was sent, `seep schedule` would take all times before it for done."""
    now = datetime.now(UTC)
    if text is None:
        return now
    try:
        given = datetime.fromisoformat(text)
    except ValueError as error:
        raise InputError(f"--at {text}: expected a time as 2026-01-31T06:00Z") from error
    given = given if given.tzinfo else given.replace(tzinfo=UTC)
    if given > now:
        raise InputError(f"--at {text}: expected a time that is past; it is {now:%Y-%m-%dT%H:%MZ}")
    return given


def send_run(
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

    Raises InputError for a job that fits into no message, for a probe that needs what the target's engine does not
    provide, and, unless the id is `new`, for an id that another run has.
    """
    check_probe(settings, target, suite.probe)
    jobs = prompt_jobs(suite, run_id=run_id, target=target, samples=samples)
    outgoing = list(job_messages(jobs))
    for job, message in zip(jobs, outgoing, strict=True):
        if len(message.value or b"") > LARGEST_MESSAGE:
            raise InputError(
                f"{path}: job {job.control or job.tests[0].prompt!r}: too large for one message; split its tests"
            )
    expected = manifest(suite, run_id=run_id, target=target, samples=samples, created_at=time.time(), monitor=monitor)
    with open_sender(settings.kafka, [RUNS, jobs_topic(target)]) as sender:
        if not new:
            _refuse_another_run(settings.kafka, expected)
        for start in range(0, len(outgoing), AT_ONCE):
            sender.send(outgoing[start : start + AT_ONCE])
        sender.send([manifest_message(expected)])


def cancel(run_id: Annotated[str, typer.Argument(help="The run's id.", metavar="RUN")]) -> None:
    """Cancel a run: what is not generated or scored yet never will be. One that is over is refused."""
    settings = load_settings()
    sent = find_manifest(settings.kafka, run_id)
    refuse_over(settings, run_id)
    with open_sender(settings.kafka, [RUNS]) as sender:
        sender.send([manifest_message(replace(sent, cancelled=True))])
    typer.echo(f"{run_id}: cancelled")


def refuse_over(settings: Settings, run_id: str) -> None:
    """Raises InputError for a run that the database knows to have nothing left to come."""
    if not has_database(settings):
        return
    # A database that is away keeps nobody from cancelling.
    with suppress(Unavailable), open_store(settings) as store:
        summary = store.run(run_id)
        if summary is not None and summary.state in ("complete", "partial"):
            raise InputError(f"run {run_id} is {summary.state}: there is nothing to cancel")


def check_target(settings: Settings, target: str) -> None:
    """Raises InputError where seep.yaml has no such target."""
    if target not in settings.targets:
        known = ", ".join(sorted(settings.targets)) or "none"
        raise InputError(f"--target {target}: there is no such target in the configuration; known: {known}")


def new_run_id(suite: str) -> str:
    """An id that sorts by time, with a little chance so that two pushes within a second differ."""
    return f"{suite}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(2)}"


def job_messages(jobs: Iterable[PromptJob]) -> Iterator[Outgoing]:
    """The messages that ask for jobs."""
    for job in jobs:
        yield Outgoing(jobs_topic(job.target), job_key(job.run_id, job.job_id), encode_prompt_job(job))


def manifest_message(sent: RunManifest) -> Outgoing:
    """The message that announces, or ends, a run."""
    return Outgoing(RUNS, sent.run_id.encode(), encode_manifest(sent))


def find_manifest(kafka: Kafka, run_id: str) -> RunManifest:
    """The manifest of a run, as it was sent last; raises InputError where none was."""
    for sent in _manifests(kafka, run_id)[-1:]:
        return sent
    raise InputError(f"run {run_id}: no manifest of it is on {RUNS}")


def _refuse_another_run(kafka: Kafka, expected: RunManifest) -> None:
    """Raises InputError where the run's id is taken by a run of something else, or by one that was cancelled."""
    for sent in _manifests(kafka, expected.run_id)[-1:]:
        if sent.cancelled:
            raise InputError(f"--run-id {expected.run_id}: this run was cancelled; give another id")
        if replace(sent, created_at=expected.created_at) != expected:
            raise InputError(
                f"--run-id {expected.run_id}: this run was sent with another suite, target or sample count"
            )


def _manifests(kafka: Kafka, run_id: str) -> list[RunManifest]:
    return [sent for sent in all_manifests(kafka) if sent.run_id == run_id]


def all_manifests(kafka: Kafka) -> list[RunManifest]:
    """The manifests that can be read, those of one run in the order they were sent. Raises BrokerUnavailable."""
    reader = TopicReader(kafka, RUNS)
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
def open_sender(kafka: Kafka, topics: Sequence[str]) -> Iterator[Sender]:
    """A sender for topics that are there; raises InputError for one that is not, BrokerUnavailable for no broker."""
    missing = sorted(set(topics) - existing_topics(kafka))
    if missing:
        raise InputError(f"the broker has no topic {missing[0]}: create it with `seep topics apply`")
    sender = Sender(kafka)
    try:
        yield sender
    finally:
        sender.close()
