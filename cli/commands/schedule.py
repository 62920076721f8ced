"""The command that sends the monitors' runs at their times, where no cluster's scheduler does it."""

import threading
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta

import typer

from cli.lookups import check_target
from cli.sending import all_manifests, send_occurrence
from seep.errors import InputError, Unavailable
from seep.records import RunManifest
from seep.runtime.stopping import stop_on_signals
from seep.schedule import due_occurrence, occurrence_after, scheduled_time
from seep.settings import Kafka, Settings, load_settings
from seep.suites.loading import load_suite

# A clock that was set, and a broker that was away, are noticed after this long.
LONGEST_WAIT_SECONDS = 30.0
# While nothing is known of what was sent before.
RETRY_SECONDS = 5.0


def schedule() -> None:
    """Send the monitors' runs at their scheduled times (UTC), until stopped.

    Of the times missed before the start only the latest is sent, and only within scheduling.starting_deadline_seconds.
    """
    settings = load_settings()
    crons = {name: monitor.schedule for name, monitor in settings.monitors.items() if monitor.schedule is not None}
    if not crons:
        raise InputError("monitors: none of them has a schedule")
    for name in crons:
        check_target(settings, settings.monitors[name].target)
        load_suite(settings.monitors[name].suite)
    stop = stop_on_signals()
    last = last_sent(crons, manifests_once_there(settings.kafka, stop))
    while not stop.is_set():
        send_due(settings, crons, last)
        wait_for_next(crons, stop)


def manifests_once_there(kafka: Kafka, stop: threading.Event) -> list[RunManifest]:
    """The manifests that can be read, however long the broker takes to answer; none where it is to stop meanwhile."""
    told = None
    while not stop.is_set():
        try:
            return all_manifests(kafka)
        except Unavailable as error:
            if str(error) != told:
                told = str(error)
                typer.echo(f"seep: {told}; waiting", err=True)
            stop.wait(RETRY_SECONDS)
    return []


def last_sent(monitors: Iterable[str], manifests: Iterable[RunManifest]) -> dict[str, datetime]:
    """The latest scheduled time that was sent for each monitor, those that never were left out."""
    last: dict[str, datetime] = {}
    for sent in manifests:
        at = scheduled_time(sent.monitor, sent.run_id)
        if sent.monitor in monitors and at is not None:
            last[sent.monitor] = max(at, last.get(sent.monitor, at))
    return last


def send_due(settings: Settings, crons: Mapping[str, str], last: dict[str, datetime]) -> None:
    """Sends what is due now, and notes it in `last`; what the broker does not take stays due."""
    deadline = timedelta(seconds=settings.scheduling.starting_deadline_seconds)
    for name, cron in crons.items():
        at = due_occurrence(cron, datetime.now(UTC), last.get(name), deadline)
        if at is None:
            continue
        try:
            typer.echo(send_occurrence(settings, name, at))
            last[name] = at
        except Unavailable as error:
            typer.echo(f"seep: {name}: {error}; will be tried again", err=True)
        except InputError as error:
            # Its own trouble, such as a suite that was spoiled since: the others go on, and this one becomes overdue.
            typer.echo(f"seep: {name}: {error}; left out at {at:%Y-%m-%d %H:%M:%SZ}", err=True)
            last[name] = at


def wait_for_next(crons: Mapping[str, str], stop: threading.Event) -> None:
    """Waits until the next scheduled time, at most half a minute."""
    now = datetime.now(UTC)
    seconds = min((occurrence_after(cron, now) - now).total_seconds() for cron in crons.values())
    stop.wait(min(seconds, LONGEST_WAIT_SECONDS))
