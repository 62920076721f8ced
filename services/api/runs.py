"""Runs: the list, one run, its rates."""

from typing import Annotated, Literal

from fastapi import APIRouter, HTTPException, Query, status
from pydantic import BaseModel

from results.dead_jobs import DeadReason
from results.runs import RunSummary
from seep.errors import InputError
from seep.records import LeakRate
from services.api.parameters import NOT_FOUND, Limit, Name, Results, known_run

router = APIRouter(prefix="/runs", tags=["runs"])


class RunsPage(BaseModel):
    """Runs, newest first; `next` is the `after` of the next page."""

    runs: list[RunSummary]
    next: str | None


class RunDetail(BaseModel):
    """A run, and why those of its jobs that were given up were."""

    summary: RunSummary
    failures: list[DeadReason]


@router.get("")
def list_runs(
    store: Results,
    target: Name | None = None,
    suite: Name | None = None,
    monitor: Name | None = None,
    after: Annotated[Name | None, Query(description="The last run of the page before.")] = None,
    limit: Limit = 50,
) -> RunsPage:
    """The runs that were heard of last."""
    if after is not None and store.run(after) is None:
        raise InputError(f"after: there is no run {after}")
    found = store.runs(limit + 1, target=target, suite=suite, monitor=monitor, after=after)
    return RunsPage(runs=found[:limit], next=found[limit - 1].run_id if len(found) > limit else None)


@router.get("/{run_id}", responses=NOT_FOUND)
def one_run(store: Results, run_id: Name) -> RunDetail:
    """One run: its state, what is missing, what failed."""
    return RunDetail(summary=known_run(store, run_id), failures=store.dead_reasons(run_id))


@router.get("/{run_id}/rates", responses=NOT_FOUND)
def rates(
    store: Results,
    run_id: Name,
    by: Annotated[Literal["category", "concept"], Query(description="What a rate is of.")] = "category",
    pool: Annotated[
        list[Name] | None, Query(max_length=20, description="Categories to pool, as 1,2; may be given again.")
    ] = None,
) -> list[LeakRate]:
    """The run's leak rates with their 95 % intervals, per metric and category, `all` and pools included."""
    known_run(store, run_id)
    if by == "concept":
        if pool:
            raise HTTPException(status.HTTP_400_BAD_REQUEST, "pool: pools categories, which by=concept does not show")
        return store.rates_by_concept(run_id)
    return store.rates(run_id, [tuple(part.strip() for part in text.split(",")) for text in pool or []])
