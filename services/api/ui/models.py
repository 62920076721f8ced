"""Several runs of one suite side by side: the leak rate of each model, and the rate against diversity."""

from collections.abc import Mapping, Sequence
from typing import Annotated

from fastapi import APIRouter, HTTPException, Query, Request, status
from fastapi.responses import HTMLResponse

from results.rates import ALL
from results.runs import RunSummary
from results.storage.overview import facets, newest_of_targets, suite_of_most_targets
from results.storage.rates import of_runs as rates_of_runs
from results.storage.runs import several
from seep.records import LeakRate
from services.api.many import MOST_RUNS
from services.api.parameters import Name, Results, StalledAfter
from services.api.ui import charts, words
from services.api.ui.charts import Mark
from services.api.ui.rendering import page
from services.api.ui.runs import Filter

router = APIRouter()

DIVERSITY = "distinct_2"
Row = tuple[RunSummary, LeakRate]


@router.get("/models")
def models(
    request: Request,
    database: Results,
    stalled_after: StalledAfter,
    suite: Filter = None,
    run: Annotated[list[Name] | None, Query(max_length=MOST_RUNS)] = None,
) -> HTMLResponse:
    """The runs that are named, else the newest finished one of each target of a suite."""
    with database.snapshot() as connection:
        known = facets(connection)
        chosen = suite or ("" if run else suite_of_most_targets(connection))
        wanted = run or newest_of_targets(connection, chosen, known["targets"], MOST_RUNS)
        known_runs = several(connection, wanted, stalled_after)
        for name in wanted:
            if name not in known_runs:
                raise HTTPException(status.HTTP_404_NOT_FOUND, f"run {name}: there is no such run")
        summaries = list(known_runs.values())
        rates = rates_of_runs(connection, [summary.run_id for summary in summaries])
    rows = side_by_side(summaries, rates)
    return page(
        request,
        "models.html",
        suites=known["suites"],
        suite=chosen,
        by_metric=rows,
        hashes={summary.suite_hash for summary in summaries},
        charts={metric: against_diversity(metric, of_metric) for metric, of_metric in rows.items()},
    )


def side_by_side(summaries: Sequence[RunSummary], rates: Mapping[str, Sequence[LeakRate]]) -> dict[str, list[Row]]:
    """By metric, each run with its rate over all categories; the lowest rates first."""
    found: dict[str, list[Row]] = {}
    for summary in summaries:
        for rate in rates.get(summary.run_id, []):
            if rate.category == ALL:
                found.setdefault(rate.metric, []).append((summary, rate))
    for of_metric in found.values():
        of_metric.sort(key=lambda row: (row[1].rate is None, row[1].rate or 0.0, row[0].run_id))
    return found


def against_diversity(metric: str, rows: Sequence[Row]) -> str:
    """The picture of rates against the share of different word pairs; empty where fewer than two runs have both."""
    marks = [
        Mark(rate.measures[DIVERSITY].share, rate.rate, rate.low, rate.high, "", summary.target, _kind(rate))
        for summary, rate in rows
        if rate.rate is not None and DIVERSITY in rate.measures
    ]
    if len(marks) < 2:
        return ""
    title = f"Leak rate under {metric} against different word pairs"
    return charts.scatter(marks, title, "different word pairs in the answers, %")


def _kind(rate: LeakRate) -> str:
    return "doubtful" if words.doubts(rate) else "sound"
