"""Baselines, the verdicts of runs compared with them, and the streams that monitors test."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel

from results.baselines import Baseline
from results.comparison import RunVerdict
from results.drift_test import StreamRun
from results.storage import baselines as kept_baselines
from results.storage import streams
from results.storage import verdicts as kept_verdicts
from services.api.monitors import NO_MONITOR, known_monitor
from services.api.parameters import NOT_FOUND, Configured, Limit, Name, Results, StalledAfter, known_run

router = APIRouter(tags=["verdicts"])


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
    database: Results,
    after: Annotated[Name | None, Query(description="The last baseline of the page before.")] = None,
    limit: Limit = 50,
) -> BaselinesPage:
    """All of them by name, with their runs."""
    with database.snapshot() as connection:
        found = kept_baselines.page(connection, limit + 1, after or "")
    return BaselinesPage(baselines=found[:limit], next=found[limit - 1].name if len(found) > limit else None)


@router.get("/runs/{run_id}/verdicts", responses=NOT_FOUND)
def verdicts(
    database: Results,
    stalled_after: StalledAfter,
    run_id: Name,
    baseline: Annotated[Name, Query(description="The baseline that the run was compared with.")],
) -> RunVerdict:
    """The run's verdict, and per metric and category effect, interval, p and verdict.

    There is none if the run was not compared with this baseline. It is stale if the baseline was set again since.
    """
    with database.snapshot() as connection:
        known_run(connection, run_id, stalled_after)
        return kept_verdicts.one(connection, run_id, baseline)


@router.get("/monitors/{monitor}/stream", responses=NO_MONITOR)
def stream(
    database: Results,
    settings: Configured,
    monitor: Name,
    after: Annotated[Name | None, Query(description="The last run of the page before.")] = None,
    limit: Limit = 50,
) -> StreamPage:
    """The monitor's runs with the e-value after each, the baseline's last; none before the first was tested."""
    known_monitor(settings, monitor)
    with database.snapshot() as connection:
        found = streams.page(connection, monitor, limit + 1, after)
    return StreamPage(runs=found[:limit], next=found[limit - 1].run_id if len(found) > limit else None)
