"""The configured monitors, and the jobs that no run will get any more."""

from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Query, status

from results.dead_jobs import DeadJobs
from results.monitor_status import MonitorStatus
from results.overview import DeadOfRun, MonitorOverview
from results.series import Point
from results.storage.dead_jobs import by_target_and_stage
from results.storage.monitors import monitor_statuses
from results.storage.overview import dead_by_run, monitors_overview, points_of_monitors
from seep.settings import Settings
from services.api.parameters import NOT_FOUND, Configured, Limit, Name, Results, StalledAfter

router = APIRouter(tags=["monitors"])

NO_MONITOR: dict[int | str, dict[str, Any]] = {
    status.HTTP_404_NOT_FOUND: NOT_FOUND[404] | {"description": "There is no such monitor."}
}


def known_monitor(settings: Settings, monitor: str) -> None:
    """Answers 404 for a monitor that is not configured."""
    if monitor not in settings.monitors:
        raise HTTPException(status.HTTP_404_NOT_FOUND, f"monitor {monitor}: there is no such monitor")


@router.get("/monitors")
def monitors(database: Results, settings: Configured, stalled_after: StalledAfter) -> list[MonitorStatus]:
    """Every monitor with its latest run and its latest finished run.

    Each says whether a run is overdue, and why the latest finished one has no verdict.
    """
    with database.snapshot() as connection:
        return monitor_statuses(connection, settings.monitors, settings.scheduling, stalled_after)


@router.get("/overview")
def overview(database: Results, settings: Configured, stalled_after: StalledAfter) -> list[MonitorOverview]:
    """Every monitor with its status, next time, evidence, verdict, rates and the rates of its newest runs."""
    with database.snapshot() as connection:
        return monitors_overview(connection, settings, stalled_after)


@router.get("/monitors/{monitor}", responses=NO_MONITOR)
def one_monitor(database: Results, settings: Configured, stalled_after: StalledAfter, monitor: Name) -> MonitorOverview:
    """The same of one monitor."""
    known_monitor(settings, monitor)
    with database.snapshot() as connection:
        return monitors_overview(connection, settings, stalled_after, [monitor])[0]


@router.get("/monitors/{monitor}/series", responses=NO_MONITOR)
def monitor_series(
    database: Results,
    settings: Configured,
    monitor: Name,
    category: Annotated[
        list[Name] | None, Query(max_length=50, description="A category; may be given again. All if none is given.")
    ] = None,
    limit: Limit = 60,
) -> list[Point]:
    """The rates of the monitor's newest runs under every metric, oldest first; `limit` counts runs."""
    known_monitor(settings, monitor)
    with database.snapshot() as connection:
        return points_of_monitors(connection, [monitor], category, limit).get(monitor, [])


@router.get("/dead-letters/runs")
def dead_letters_by_run(database: Results, limit: Limit = 50) -> list[DeadOfRun]:
    """Why jobs are dead-lettered and not scored since, by run, the newest first."""
    with database.snapshot() as connection:
        return dead_by_run(connection, limit)


@router.get("/dead-letters")
def dead_letters(database: Results) -> list[DeadJobs]:
    """How many jobs are dead-lettered and not scored since, by target and stage."""
    with database.snapshot() as connection:
        return by_target_and_stage(connection)
