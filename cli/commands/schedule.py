"""The command that sends the monitors' runs at their times, if no cluster's scheduler does it."""

import threading
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta

import typer

from cli.broker import open_broker
from cli.database import warn_of_unset_baselines
from cli.lookups import check_target
from cli.rendering.output import echo
from cli.sending import all_manifests, send_occurrence
from seep.errors import InputError, Unavailable
from seep.kafka.broker import Broker
from seep.records import RunManifest
from seep.runtime.stopping import stop_on_signals
from seep.schedule import due_occurrence, occurrence_after, scheduled_time
from seep.settings import Settings, load_settings
from seep.suites.loading import load_suite

# A clock that was set, and a broker that was away, are noticed after this long.
LONGEST_WAIT_SECONDS = 30.0
# Between two attempts to learn what was sent before.
PAUSE_SECONDS = 5.0


def schedule(context: typer.Context) -> None:
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
    warn_of_unset_baselines(settings, {name: settings.monitors[name] for name in crons})
    stop = stop_on_signals()
    broker = open_broker(context, settings)
    last = last_sent(crons, wait_for_manifests(broker, stop), datetime.now(UTC))
    while not stop.is_set():
        send_due(broker, settings, crons, last, datetime.now(UTC))
        wait_for_next(crons, stop)


def wait_for_manifests(
    broker: Broker, stop: threading.Event, pause_seconds: float = PAUSE_SECONDS
) -> list[RunManifest]:
    """The manifests that can be read, however long the broker takes to answer; none if it is to stop meanwhile."""
    printed = None
    while not stop.is_set():
        try:
            return all_manifests(broker)
        except Unavailable as error:
            if str(error) != printed:
                printed = str(error)
                echo(f"seep: {printed}; waiting", err=True)
            stop.wait(pause_seconds)
    return []


def last_sent(monitors: Iterable[str], manifests: Iterable[RunManifest], now: datetime) -> dict[str, datetime]:
    """The latest scheduled time up to now whose run was sent whole, for each monitor that was sent at all."""
    last: dict[str, datetime] = {}
    for sent in manifests:
        at = None if sent.sending else scheduled_time(sent.monitor, sent.run_id)
        if sent.monitor in monitors and at is not None and at <= now:
            last[sent.monitor] = max(at, last.get(sent.monitor, at))
    return last


def send_due(
    broker: Broker, settings: Settings, crons: Mapping[str, str], last: dict[str, datetime], now: datetime
) -> None:
    """Sends what is due, and notes it in `last`; what the broker does not take stays due."""
    deadline = timedelta(seconds=settings.scheduling.starting_deadline_seconds)
    for name, cron in crons.items():
        at = due_occurrence(cron, now, last.get(name), deadline)
        if at is None:
            continue
        try:
            echo(send_occurrence(broker, settings, name, at))
            last[name] = at
        except Unavailable as error:
            echo(f"seep: {name}: {error}; will be tried again", err=True)
        except InputError as error:
            # Its own failure, such as a suite that was spoiled since: the others go on, and this one becomes overdue.
            echo(f"seep: {name}: {error}; left out at {at:%Y-%m-%dT%H:%M:%SZ}", err=True)
            last[name] = at


def wait_for_next(crons: Mapping[str, str], stop: threading.Event) -> None:
    """Waits until the next scheduled time, at most half a minute."""
    now = datetime.now(UTC)
    seconds = min((occurrence_after(cron, now) - now).total_seconds() for cron in crons.values())
    stop.wait(min(seconds, LONGEST_WAIT_SECONDS))
