"""The configured monitors, and the jobs that no run will get any more."""

from fastapi import APIRouter, Request

from seep.settings import Settings
from services.aggregator.api.parameters import Results
from services.aggregator.monitors import MonitorStatus, monitor_statuses
from services.aggregator.reading import DeadJobs, dead_jobs

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
