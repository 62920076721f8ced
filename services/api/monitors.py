"""The configured monitors, and the jobs that no run will get any more."""

from fastapi import APIRouter

from results.dead_jobs import DeadJobs
from results.monitor_status import MonitorStatus
from results.storage.dead_jobs import by_target_and_stage
from results.storage.monitors import monitor_statuses
from services.api.parameters import Configured, Results, StalledAfter

router = APIRouter(tags=["monitors"])


@router.get("/monitors")
def monitors(database: Results, settings: Configured, stalled_after: StalledAfter) -> list[MonitorStatus]:
    """Every monitor with its latest run and its latest finished run.

    Each says whether a run is overdue, and why the latest finished one has no verdict.
    """
    with database.snapshot() as connection:
        return monitor_statuses(connection, settings.monitors, settings.scheduling, stalled_after)


@router.get("/dead-letters")
def dead_letters(database: Results) -> list[DeadJobs]:
    """How many jobs are dead-lettered and not scored since, by target and stage."""
    with database.snapshot() as connection:
        return by_target_and_stage(connection)
