"""The configured monitors, as their runs are kept."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from results.monitor_status import MonitorStatus, Watched, nameable
from results.runs import RunSummary
from results.storage import queries
from results.storage.judgements import Judgements
from results.storage.store import Store
from seep.records import LeakRate
from seep.schedule import is_overdue, scheduled_time
from seep.settings import Monitor, Scheduling


@dataclass(frozen=True)
class _Since:
    monitor: str
    schedule: str
    since: float


def note_schedules(store: Store, monitors: Mapping[str, Monitor]) -> None:
    """Keeps since when each monitor has its schedule; what is known already stays, and others are forgotten."""
    rows = [(name, monitor.schedule) for name, monitor in monitors.items() if monitor.schedule is not None]
    with store.transaction() as connection:
        connection.execute(queries.FORGET_SCHEDULES, ([name for name, _ in rows],))
        connection.cursor().executemany(queries.NOTE_SCHEDULE, rows)


def monitor_statuses(store: Store, monitors: Mapping[str, Monitor], scheduling: Scheduling) -> list[MonitorStatus]:
    """Every configured monitor with the runs that were sent for it."""
    noted = {of.monitor: of for of in store.select(_Since, queries.SCHEDULES, {"monitors": list(monitors)})}
    return [_status(store, name, monitor, scheduling, noted.get(name)) for name, monitor in sorted(monitors.items())]


def watched_rates(store: Store, monitors: Mapping[str, Watched], metrics: Collection[str]) -> list[LeakRate]:
    """The rates of each monitor's latest finished run; none of a run whose jobs differ in their provenance.

    Where two monitors watch one suite on one target, those of the run that was sent last come last.
    """
    found = [(run, of) for name, of in monitors.items() if (run := store.latest_of_monitor(name, finished=True))]
    found.sort(key=lambda pair: pair[0].created_at or 0)
    return [rate for run, of in found if not run.mixed for rate in nameable(store.rates(run.run_id), of, metrics)]


def _status(store: Store, name: str, monitor: Monitor, scheduling: Scheduling, noted: _Since | None) -> MonitorStatus:
    latest, finished = (store.latest_of_monitor(name, finished=finished) for finished in (False, True))
    overdue = None
    if monitor.schedule is not None:
        is_noted = noted is not None and noted.schedule == monitor.schedule
        since = datetime.fromtimestamp(noted.since, UTC) if noted and is_noted else None
        completed = scheduled_time(name, finished.run_id) if finished else None
        allowed = timedelta(seconds=scheduling.overdue_after_seconds)
        overdue = is_overdue(monitor.schedule, datetime.now(UTC), completed, allowed, since)
    return MonitorStatus(
        monitor=name,
        target=monitor.target,
        suite=str(monitor.suite),
        schedule=monitor.schedule,
        overdue=overdue,
        latest=latest,
        finished=finished,
        unjudged=_why_unjudged(store, monitor, finished) if finished else None,
    )


def _why_unjudged(store: Store, monitor: Monitor, finished: RunSummary) -> str | None:
    if finished.recorded == 0:
        return "nothing of it was scored"
    if finished.mixed:
        return "its jobs differ in model, engine, decoding or scorer"
    if monitor.baseline is None:
        return None
    return Judgements(store).why_not_tested(finished.monitor, monitor.baseline, finished.run_id)
