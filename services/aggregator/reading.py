"""What is read for charts and alarms: a target's rates over time, monitors, what died and what stalls."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from seep.codec import decode_rate
from seep.records import LeakRate
from seep.schedule import is_overdue, scheduled_time
from seep.settings import Monitor, Scheduling
from services.aggregator import queries
from services.aggregator.states import RunSummary
from services.aggregator.store import Store


@dataclass(frozen=True)
class Point:
    """A run's published rate in a series; `created_at` is Unix time in seconds. What is not `finished` may change."""

    created_at: float
    finished: bool
    rate: LeakRate


@dataclass(frozen=True)
class Asked:
    """Which series: of one target, suite name, metric and category, between two Unix times in seconds."""

    target: str
    suite: str
    metric: str
    category: str
    since: float | None = None
    until: float | None = None
    after: str | None = None


@dataclass(frozen=True)
class DeadJobs:
    """How many jobs of a target a stage has given up."""

    target: str
    stage: str
    jobs: int


@dataclass(frozen=True)
class StalledRuns:
    """How many runs of a target stall."""

    target: str
    runs: int


@dataclass(frozen=True)
class MonitorStatus:
    """A monitor with its latest runs; `overdue` is None where it has no schedule."""

    monitor: str
    target: str
    suite: str
    schedule: str | None
    overdue: bool | None
    latest: RunSummary | None
    finished: RunSummary | None


@dataclass(frozen=True)
class _Row:
    created_at: float
    finished: bool
    rate: bytes


def series(store: Store, asked: Asked, limit: int) -> list[Point]:
    """The rates of a target over time as they were published last, newest first; `after` names the run before."""
    rows = store.select(_Row, queries.points_query(vars(asked)), vars(asked) | {"limit": limit})
    return [Point(row.created_at, row.finished, decode_rate(row.rate)) for row in rows]


def dead_jobs(store: Store) -> list[DeadJobs]:
    """Jobs that are given up, by target and stage."""
    return store.select(DeadJobs, queries.DEAD_BY_TARGET_AND_STAGE, {})


def stalled_runs(store: Store) -> list[StalledRuns]:
    """Runs without progress for as long as the store allows, by target; none where there are none."""
    asked = {"stalled_after_seconds": store.stalled_after_seconds}
    return store.select(StalledRuns, queries.STALLED_BY_TARGET, asked)


def monitor_statuses(store: Store, monitors: Mapping[str, Monitor], scheduling: Scheduling) -> list[MonitorStatus]:
    """Every configured monitor with the runs that were sent for it."""
    return [_status(store, name, monitor, scheduling) for name, monitor in sorted(monitors.items())]


def _status(store: Store, name: str, monitor: Monitor, scheduling: Scheduling) -> MonitorStatus:
    latest = next(iter(store.runs(1, monitor=name)), None)
    finished = next(iter(store.runs(1, monitor=name, finished=True)), None)
    overdue = None
    if monitor.schedule is not None:
        completed = scheduled_time(name, finished.run) if finished else None
        allowed = timedelta(seconds=scheduling.overdue_after_seconds)
        overdue = is_overdue(monitor.schedule, datetime.now(UTC), completed, allowed)
    return MonitorStatus(name, monitor.target, str(monitor.suite), monitor.schedule, overdue, latest, finished)
