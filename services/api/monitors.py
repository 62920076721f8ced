"""The configured monitors, and the jobs that no run will get any more."""

from fastapi import APIRouter, Request

from results.monitor_status import MonitorStatus
from results.storage.monitors import monitor_statuses
from results.storage.series import DeadJobs, dead_jobs
from seep.settings import Settings
from services.api.parameters import Results

router = APIRouter(tags=["monitors"])


@router.get("/monitors")
def monitors(request: Request, store: Results) -> list[MonitorStatus]:
    """Every monitor with its latest run, its latest finished run, whether one is overdue, and what keeps the latest
    finished one from being judged."""
    settings: Settings = request.app.state.settings
    return monitor_statuses(store, settings.monitors, settings.scheduling)


@router.get("/deadletters")
def dead_letters(store: Results) -> list[DeadJobs]:
    """How many jobs were given up and not scored since, by target and stage."""
    return dead_jobs(store)
