"""Baselines, what was concluded of runs compared with them, and the streams that monitors test."""

from typing import Annotated

from fastapi import APIRouter, HTTPException, Query, Request, status

from seep.settings import Settings
from services.aggregator.api.parameters import NOT_FOUND, Name, Results, known_run
from services.aggregator.judgements import Baseline, Judgements, StreamRun
from services.aggregator.judging import Judgement

router = APIRouter(tags=["judgements"])


@router.get("/baselines")
def baselines(store: Results) -> list[Baseline]:
    """All of them by name, with their runs."""
    return Judgements(store).baselines()


@router.get("/runs/{run}/verdicts", responses=NOT_FOUND)
def verdicts(
    store: Results,
    run: Name,
    baseline: Annotated[Name, Query(description="The baseline that the run was compared with.")],
) -> list[Judgement]:
    """Per metric and category: effect, interval, p and verdict; empty where the run was not compared with it."""
    known_run(store, run)
    return Judgements(store).verdicts(run, baseline)


@router.get(
    "/monitors/{monitor}/stream", responses={404: NOT_FOUND[404] | {"description": "There is no such monitor."}}
)
def stream(request: Request, store: Results, monitor: Name) -> list[StreamRun]:
    """The monitor's runs in order with the e-value after each; empty before the first was tested."""
    settings: Settings = request.app.state.settings
    if monitor not in settings.monitors:
        raise HTTPException(status.HTTP_404_NOT_FOUND, f"monitor {monitor}: there is no such monitor")
    return Judgements(store).stream(monitor)
