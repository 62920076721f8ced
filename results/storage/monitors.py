"""The configured monitors, as their runs are kept."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import LiteralString

from results.monitor_status import MonitorStatus, Watched, WatchedRate, baselines, nameable, not_set, warnings_of
from results.reach import Reach
from results.runs import RunSummary
from results.storage import baselines as kept_baselines
from results.storage import rates, runs, streams
from results.storage.database import Connection, records
from seep.records import LeakRate
from seep.schedule import is_overdue, scheduled_time
from seep.settings import Monitor, Scheduling

# Who takes up a schedule again has not been waiting meanwhile.
FORGET_SCHEDULES: LiteralString = "DELETE FROM monitor_schedules WHERE monitor <> ALL(%s)"

NOTE_SCHEDULE: LiteralString = """
INSERT INTO monitor_schedules (monitor, schedule) VALUES (%s, %s)
ON CONFLICT (monitor) DO UPDATE SET schedule = EXCLUDED.schedule, since = now()
WHERE monitor_schedules.schedule <> EXCLUDED.schedule
"""

SCHEDULES: LiteralString = """
SELECT monitor, schedule, extract(epoch FROM since)::float8 AS since FROM monitor_schedules
WHERE monitor = ANY(%(monitors)s)
"""


@dataclass(frozen=True)
class _Since:
    monitor: str
    schedule: str
    since: float


def note_schedules(connection: Connection, monitors: Mapping[str, Monitor]) -> None:
    """Keeps since when each monitor has its schedule; what is known already stays, and others are forgotten."""
    rows = [(name, monitor.schedule) for name, monitor in monitors.items() if monitor.schedule is not None]
    connection.execute(FORGET_SCHEDULES, ([name for name, _ in rows],))
    connection.cursor().executemany(NOTE_SCHEDULE, rows)


def monitor_statuses(
    connection: Connection,
    monitors: Mapping[str, Monitor],
    scheduling: Scheduling,
    stalled_after_seconds: float,
) -> list[MonitorStatus]:
    """Every configured monitor with the runs that were sent for it; as many statements for many as for one."""
    now = datetime.now(UTC)
    since = _scheduled_since(connection, monitors)
    compared_with = baselines(monitors)
    tested = {run.monitor: run for run in streams.latest_tested(connection, compared_with)}
    sent_at = kept_baselines.sent_at(connection, set(compared_with.values()))
    newest = runs.latest_of_monitors(connection, monitors, stalled_after_seconds)
    unevaluated = _why_unevaluated(connection, monitors, {name: run for name, (_, run) in newest.items()}, set(sent_at))
    return [
        MonitorStatus(
            monitor=name,
            target=monitor.target,
            suite=str(monitor.suite),
            schedule=monitor.schedule,
            overdue=_is_overdue(name, monitor.schedule, scheduling, now, since.get(name), newest[name][1]),
            latest=newest[name][0],
            finished=newest[name][1],
            unevaluated=unevaluated.get(name),
            tested=tested.get(name),
            warnings=warnings_of(monitor, sent_at.get(monitor.baseline or ""), tested.get(name)),
        )
        for name, monitor in sorted(monitors.items())
    ]


def _scheduled_since(connection: Connection, monitors: Mapping[str, Monitor]) -> dict[str, datetime]:
    """Since when each monitor has the schedule that it has now."""
    return {
        noted.monitor: datetime.fromtimestamp(noted.since, UTC)
        for noted in records(connection, _Since, SCHEDULES, {"monitors": list(monitors)})
        if monitors[noted.monitor].schedule == noted.schedule
    }


def watched_rates(
    connection: Connection,
    monitors: Mapping[str, Watched],
    metrics: Collection[str],
    stalled_after_seconds: float,
    reach_of: Callable[[Connection, RunSummary, Sequence[LeakRate]], Sequence[Reach | None]],
) -> list[WatchedRate]:
    """The rates of each monitor's latest finished run, each with its reach; none of a run whose jobs differ in their
    provenance."""
    newest = runs.latest_of_monitors(connection, monitors, stalled_after_seconds)
    finished = {name: run for name, (_, run) in newest.items() if run is not None and not run.mixed}
    known = rates.of_runs(connection, [run.run_id for run in finished.values()])
    found: list[WatchedRate] = []
    for name, run in finished.items():
        of_run = list(nameable(known.get(run.run_id, []), monitors[name], metrics))
        reaches = reach_of(connection, run, of_run)
        found += [WatchedRate(name, rate, reach) for rate, reach in zip(of_run, reaches, strict=True)]
    return found


def _is_overdue(
    name: str,
    schedule: str | None,
    scheduling: Scheduling,
    now: datetime,
    since: datetime | None,
    finished: RunSummary | None,
) -> bool | None:
    if schedule is None:
        return None
    completed = scheduled_time(name, finished.run_id) if finished else None
    allowed = timedelta(seconds=scheduling.overdue_after_seconds)
    return is_overdue(schedule, now, completed, allowed, since)


def _why_unevaluated(
    connection: Connection,
    monitors: Mapping[str, Monitor],
    finished: Mapping[str, RunSummary | None],
    set_baselines: Collection[str],
) -> dict[str, str]:
    """By monitor what keeps its finished run from being evaluated, where anything does."""
    found: dict[str, str | None] = {}
    compared: dict[str, tuple[str, str]] = {}
    for name, run in finished.items():
        baseline = monitors[name].baseline
        if run is None or (reason := _unusable(run)) is not None:
            found[name] = reason if run else None
        elif baseline is not None and baseline not in set_baselines:
            found[name] = not_set(baseline)
        elif baseline is not None:
            compared[name] = baseline, run.run_id
    found |= streams.why_not_tested(connection, compared)
    return {name: reason for name, reason in found.items() if reason is not None}


def _unusable(finished: RunSummary) -> str | None:
    if not finished.measured:
        return "no comparison has an answer" if finished.recorded else "nothing of it was scored"
    return "its jobs differ in model, engine, decoding or scorer" if finished.mixed else None
