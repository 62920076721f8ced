"""Which events follow from a run, or from the time; they are written in the transaction in which they happen."""

import time
from collections.abc import Iterator, Sequence

from results import events
from results.events import Event
from results.runs import FINISHED, RunSummary
from results.storage import baselines, outbox, rates, runs, streams, verdicts
from results.storage.database import Connection, Database
from results.storage.monitors import monitor_statuses
from seep.settings import Settings


def announce_run(connection: Connection, run_id: str, settings: Settings) -> None:
    """Puts into the outbox what the run's end, its comparison and its monitor's test say that is news.

    To be called under the run's lock, after its comparison. Does nothing where nobody is told.
    """
    if not settings.events.destinations:
        return
    run = runs.one(connection, run_id, settings.aggregation.stalled_after_seconds)
    if run is not None and run.state in FINISHED:
        found = [
            events.run_finished(run, rates.one_by_one(connection, run_id)),
            *_of_monitor(connection, run, settings),
        ]
        _announce(connection, found, settings)


def announce_overdue(database: Database, settings: Settings) -> None:
    """Puts into the outbox which monitors have become overdue."""
    with database.transaction() as connection:
        stalled_after = settings.aggregation.stalled_after_seconds
        statuses = monitor_statuses(connection, settings.monitors, settings.scheduling, stalled_after)
        now = time.time()
        _announce(connection, [events.monitor_overdue(status, now) for status in statuses if status.overdue], settings)


def _of_monitor(connection: Connection, run: RunSummary, settings: Settings) -> Iterator[Event]:
    monitor = settings.monitors.get(run.monitor)
    baseline = monitor and monitor.baseline and baselines.one(connection, monitor.baseline)
    if not baseline or run.run_id in baseline.runs:
        return
    newest, before = [*streams.page(connection, run.monitor, 2), None, None][:2]
    if newest is None or newest.baseline != baseline.name:
        return
    # A run that was added now is the newest of its stream; one that was tested before has its verdict anew.
    is_new = newest.run_id == run.run_id
    skipped = newest.reason if is_new and newest.role == "skipped" else None
    verdict = verdicts.one(connection, run.run_id, baseline.name)
    if verdict.verdict is not None or skipped is not None:
        yield events.run_verdict(run, verdict, baseline.set_at, skipped, verdict.compared_at or newest.at)
    if is_new and newest.alarm and not (before is not None and before.alarm):
        yield events.monitor_alarm(run, newest, baseline.set_at)


def _announce(connection: Connection, found: Sequence[Event], settings: Settings) -> None:
    where = settings.events
    outbox.announce(
        connection, found, where.destinations, where.source, str(where.pages_url) if where.pages_url else None
    )
