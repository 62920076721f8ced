"""What keeps results from coming: overdue monitors, stalled runs, dead letters, a drifting scorer."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from results.storage.monitors import monitor_statuses
from results.storage.overview import dead_by_run, failed_canaries
from results.storage.runs import newest
from services.api.parameters import Configured, Results, StalledAfter
from services.api.ui.rendering import page

router = APIRouter()

SHOWN = 30


@router.get("/troubles")
def troubles(request: Request, database: Results, settings: Configured, stalled_after: StalledAfter) -> HTMLResponse:
    """All of them; what to do about each stands beside it."""
    with database.snapshot() as connection:
        statuses = monitor_statuses(connection, settings.monitors, settings.scheduling, stalled_after)
        stalled = newest(connection, SHOWN, stalled_after, state="stalled")
        dead = dead_by_run(connection, SHOWN)
        canaries = failed_canaries(connection, SHOWN)
    return page(
        request,
        "troubles.html",
        overdue=[status for status in statuses if status.overdue],
        unevaluated=[status for status in statuses if status.unevaluated],
        stalled=stalled,
        dead=dead,
        canaries=canaries,
    )
