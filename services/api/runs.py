"""Runs: the list, one run, its rates."""

from typing import Annotated, Literal

from fastapi import APIRouter, HTTPException, Query, status
from pydantic import BaseModel

from results.dead_jobs import DeadReason
from results.overview import Throughput, differing
from results.reach import RateWithReach, Reach, interval_over
from results.runs import RunState, RunSummary
from results.storage import dead_jobs
from results.storage import rates as kept_rates
from results.storage.overview import provenances, throughput
from results.storage.runs import newest
from services.api.parameters import NOT_FOUND, Limit, Name, Results, StalledAfter, Time, known_run, refuse_unknown_run

router = APIRouter(prefix="/runs", tags=["runs"])


class RunsPage(BaseModel):
    """Runs, newest first; `next` is the `after` of the next page."""

    runs: list[RunSummary]
    next: str | None


class RunDetail(BaseModel):
    """A run, and why its dead jobs are dead."""

    summary: RunSummary
    failures: list[DeadReason]


class Progress(BaseModel):
    """How a run gets on, and, by name, the values of provenance in which its jobs differ."""

    summary: RunSummary
    throughput: Throughput
    differing: dict[str, list[str]]


@router.get("")
def list_runs(
    database: Results,
    stalled_after: StalledAfter,
    target: Name | None = None,
    suite: Name | None = None,
    monitor: Name | None = None,
    label: Annotated[Name | None, Query(description="One of the labels that a run was given.")] = None,
    state: RunState | None = None,
    text: Annotated[Name | None, Query(description="Part of a run's id, target, suite, monitor or labels.")] = None,
    since: Annotated[Time, Query(description="Sent at this Unix time, in seconds, or later.")] = None,
    until: Annotated[Time, Query(description="Sent before this Unix time, in seconds.")] = None,
    after: Annotated[Name | None, Query(description="The last run of the page before.")] = None,
    limit: Limit = 50,
) -> RunsPage:
    """The runs that were heard of last."""
    with database.snapshot() as connection:
        refuse_unknown_run(connection, after)
        filters = {"target": target, "suite": suite, "monitor": monitor, "label": label, "text": text, "after": after}
        found = newest(connection, limit + 1, stalled_after, state=state, since=since, until=until, **filters)
    return RunsPage(runs=found[:limit], next=found[limit - 1].run_id if len(found) > limit else None)


@router.get("/{run_id}", responses=NOT_FOUND)
def one_run(database: Results, stalled_after: StalledAfter, run_id: Name) -> RunDetail:
    """One run: its state, what is missing, what failed."""
    with database.snapshot() as connection:
        return RunDetail(
            summary=known_run(connection, run_id, stalled_after), failures=dead_jobs.reasons(connection, run_id)
        )


@router.get("/{run_id}/progress", responses=NOT_FOUND)
def progress(database: Results, stalled_after: StalledAfter, run_id: Name) -> Progress:
    """How fast a run gets on, and in what its jobs differ where it is mixed."""
    with database.snapshot() as connection:
        summary = known_run(connection, run_id, stalled_after)
        return Progress(
            summary=summary,
            throughput=throughput(connection, summary),
            differing=differing(provenances(connection, run_id)),
        )


@router.get("/{run_id}/rates", responses=NOT_FOUND)
def rates(
    database: Results,
    stalled_after: StalledAfter,
    run_id: Name,
    by: Annotated[Literal["category", "concept"], Query(description="What a rate is of.")] = "category",
    pool: Annotated[
        list[Name] | None, Query(max_length=20, description="Categories to pool, as 1,2; may be given again.")
    ] = None,
) -> list[RateWithReach]:
    """The run's leak rates with their 95 % intervals, per metric and category, `all` and pools included.

    They count all that is recorded.
    """
    if by == "concept" and pool:
        raise HTTPException(status.HTTP_400_BAD_REQUEST, "pool: pools categories, which by=concept does not show")
    pools = [tuple(part.strip() for part in text.split(",")) for text in pool or []]
    with database.snapshot() as connection:
        summary = known_run(connection, run_id, stalled_after)
        if by == "concept":
            found = kept_rates.by_concept(connection, run_id)
            reach: list[Reach | None] = [None] * len(found)
        else:
            found = [*kept_rates.of_run(connection, run_id), *kept_rates.of_pools(connection, run_id, pools)]
            reach = kept_rates.reaches_of(connection, summary, found)
    return [
        RateWithReach(**vars(rate), interval_over=interval_over(of_rate, summary.cluster), other_concepts=of_rate)
        for rate, of_rate in zip(found, reach, strict=True)
    ]
