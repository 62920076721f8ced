"""The commands that send a run and cancel one."""

from contextlib import suppress
from dataclasses import replace
from typing import Annotated

import typer

from cli.arguments import SUITE_HELP, LabelOption, RunArgument, SamplesOption, TargetOption
from cli.broker import open_broker
from cli.database import has_database, open_database, warn_of_unset_baselines
from cli.lookups import check_target, find_suite
from cli.rendering.output import echo
from cli.sending import (
    all_manifests,
    find_manifest,
    manifest_message,
    occurrence,
    open_sender,
    send_occurrence,
    send_run,
    sent_run_id,
)
from cli.times import parse_past_time
from results.storage import runs
from seep.errors import InputError, Unavailable
from seep.kafka.topics import RUNS
from seep.run_ids import check_run_id
from seep.settings import Settings, load_settings
from seep.suites.jobs import check_labels, new_run_id
from seep.suites.loading import load_suite


def push(
    context: typer.Context,
    suite: Annotated[str | None, typer.Argument(help=SUITE_HELP, metavar="SUITE")] = None,
    target: TargetOption = None,
    run_id: Annotated[str | None, typer.Option(help="The run's id; sending it again is the same run.")] = None,
    samples: SamplesOption = None,
    label: LabelOption = None,
    monitor: Annotated[str | None, typer.Option(help="Send this monitor's run instead.")] = None,
    at: Annotated[
        str | None,
        typer.Option(help="With --monitor: its latest scheduled time up to this one, which is past (default: now)."),
    ] = None,
) -> None:
    """Send a suite to a target, or a monitor's scheduled run, and print the run's id."""
    settings = load_settings()
    labels = check_labels(label or ())
    if monitor is not None:
        if any(given is not None for given in (suite, target, run_id, samples)):
            raise InputError("--monitor: says suite, target, samples and run id itself; give none of them")
        scheduled = occurrence(settings, monitor, parse_past_time(at))
        echo(send_occurrence(open_broker(context, settings), settings, monitor, scheduled, labels))
        warn_of_unset_baselines(settings, {monitor: settings.monitors[monitor]})
        return
    if suite is None or target is None or at is not None:
        raise InputError("push: expected SUITE --target T, or --monitor NAME [--at TIME]")
    check_target(settings, target)
    path = find_suite(suite)
    loaded = load_suite(path)
    run = check_run_id(run_id) if run_id else new_run_id(loaded.name)
    broker = open_broker(context, settings)
    send_run(broker, settings, path, loaded, run_id=run, target=target, samples=samples, labels=labels)
    echo(run)


def cancel(context: typer.Context, run_id: RunArgument) -> None:
    """Cancel a run: what is not generated or scored yet never will be. One that is over is refused."""
    settings = load_settings()
    broker = open_broker(context, settings)
    manifests = all_manifests(broker)
    run_id = sent_run_id(manifests, run_id)
    sent = find_manifest(manifests, run_id)
    refuse_over(settings, run_id)
    with open_sender(broker, [RUNS]) as sender:
        sender.send([manifest_message(replace(sent, cancelled=True))])
    echo(f"{run_id}: cancelled")


def refuse_over(settings: Settings, run_id: str) -> None:
    """Raises InputError for a run that the database knows to have nothing left to come."""
    if not has_database(settings):
        return
    # A database that is away keeps nobody from cancelling.
    with suppress(Unavailable), open_database(settings) as database:
        with database.snapshot() as connection:
            summary = runs.one(connection, run_id, settings.aggregation.stalled_after_seconds)
        if summary is not None and summary.state in ("complete", "partial"):
            raise InputError(f"run {run_id} is {summary.state}: there is nothing to cancel")
