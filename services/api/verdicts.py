"""Baselines, what was concluded of runs compared with them, and the streams that monitors test."""

from typing import Annotated

from fastapi import APIRouter, HTTPException, Query, Request, status
from pydantic import BaseModel

from results.storage.judgements import Baseline, Judgements, RunVerdict, StreamRun
from seep.settings import Settings
from services.api.parameters import NOT_FOUND, Limit, Name, Results, known_run

router = APIRouter(tags=["judgements"])


class BaselinesPage(BaseModel):
    """Baselines by name; `next` is the `after` of the next page."""

    baselines: list[Baseline]
    next: str | None


class StreamPage(BaseModel):
    """A stream's runs, the newest first; `next` is the `after` of the next page."""

    runs: list[StreamRun]
    next: str | None


@router.get("/baselines")
def baselines(
    store: Results,
    after: Annotated[Name | None, Query(description="The last baseline of the page before.")] = None,
    limit: Limit = 50,
) -> BaselinesPage:
    """All of them by name, with their runs."""
    found = Judgements(store).baselines(limit + 1, after or "")
    return BaselinesPage(baselines=found[:limit], next=found[limit - 1].name if len(found) > limit else None)


@router.get("/runs/{run_id}/verdicts", responses=NOT_FOUND)
def verdicts(
    store: Results,
    run_id: Name,
    baseline: Annotated[Name, Query(description="The baseline that the run was compared with.")],
) -> RunVerdict:
    """The run's verdict, and per metric and category effect, interval, p and verdict; none where the run was not
    compared with this baseline. It is stale where the baseline was set anew since."""
    known_run(store, run_id)
    return Judgements(store).verdict(run_id, baseline)


@router.get(
    "/monitors/{monitor}/stream", responses={404: NOT_FOUND[404] | {"description": "There is no such monitor."}}
)
def stream(
    request: Request,
    store: Results,
    monitor: Name,
    after: Annotated[Name | None, Query(description="The last run of the page before.")] = None,
    limit: Limit = 50,
) -> StreamPage:
    """The monitor's runs with the e-value after each, the baseline's last; none before the first was tested."""
    settings: Settings = request.app.state.settings
    if monitor not in settings.monitors:
        raise HTTPException(status.HTTP_404_NOT_FOUND, f"monitor {monitor}: there is no such monitor")
    found = Judgements(store).stream(monitor, limit + 1, after)
    return StreamPage(runs=found[:limit], next=found[limit - 1].run_id if len(found) > limit else None)
