"""One run: its progress, its rates and what stands beside them, what failed, and how it was made."""

from collections.abc import Sequence

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from results.overview import differing
from results.rates import ALL
from results.storage import dead_jobs
from results.storage import rates as kept_rates
from results.storage.overview import provenances, throughput
from seep.answers import LOST
from seep.errors import InputError
from seep.records import LeakRate
from services.api.parameters import Configured, Name, Results, StalledAfter, known_run
from services.api.ui import words
from services.api.ui.reach import few_concepts, other_concepts
from services.api.ui.rendering import page

router = APIRouter()

MOST_CONCEPTS = 40
MOST_CATEGORIES = 60


@router.get("/runs/{run_id}")
def run(
    request: Request, database: Results, settings: Configured, stalled_after: StalledAfter, run_id: Name
) -> HTMLResponse:
    """The run as it is now."""
    with database.snapshot() as connection:
        summary = known_run(connection, run_id, stalled_after)
        rates = kept_rates.of_run(connection, run_id)
        reach = kept_rates.reaches_of(connection, summary, rates)
        dead = dead_jobs.reasons(connection, run_id)
        made = provenances(connection, run_id)
        speed = throughput(connection, summary) if summary.state == "running" else None
    metrics = list(dict.fromkeys(rate.metric for rate in rates))
    return page(
        request,
        "run.html",
        run=summary,
        baseline=monitor.baseline if (monitor := settings.monitors.get(summary.monitor)) else None,
        headlines=[rate for rate in rates if rate.category == ALL],
        by_metric={metric: [rate for rate in rates if rate.metric == metric][:MOST_CATEGORIES] for metric in metrics},
        hidden=max(0, len(rates) // max(len(metrics), 1) - MOST_CATEGORIES),
        few=few_concepts(reach),
        others=other_concepts(rates, reach),
        beside=_beside(rates),
        doubts_found=words.doubts_of_all([rate for rate in rates if rate.category == ALL]),
        dead=dead,
        differing=differing(made),
        throughput=speed,
    )


@router.get("/runs/{run_id}/progress")
def progress(request: Request, database: Results, stalled_after: StalledAfter, run_id: Name) -> HTMLResponse:
    """The part of the page that changes while the run goes on; it asks for itself again until the run has ended."""
    with database.snapshot() as connection:
        summary = known_run(connection, run_id, stalled_after)
        speed = throughput(connection, summary) if summary.state == "running" else None
    return page(request, "progress.html", run=summary, throughput=speed)


@router.get("/runs/{run_id}/concepts")
def concepts(request: Request, database: Results, stalled_after: StalledAfter, run_id: Name) -> HTMLResponse:
    """The rates by concept, those that leak most first."""
    with database.snapshot() as connection:
        summary = known_run(connection, run_id, stalled_after)
        try:
            found, refused = kept_rates.by_concept(connection, run_id), ""
        except InputError as error:
            found, refused = [], str(error).removeprefix("--by concept: ")
    found.sort(key=lambda rate: (rate.metric, -(rate.rate or 0), rate.category))
    by_metric = {rate.metric: [other for other in found if other.metric == rate.metric] for rate in found}
    shown = {metric: of_metric[:MOST_CONCEPTS] for metric, of_metric in by_metric.items()}
    hidden = max((len(of_metric) - MOST_CONCEPTS for of_metric in by_metric.values()), default=0)
    return page(request, "concepts.html", run=summary, by_metric=shown, hidden=max(hidden, 0), refused=refused)


def _beside(rates: Sequence[LeakRate]) -> list[tuple[str, list[tuple[str, float, float, float]]]]:
    """What was measured beside the rates over all categories: by name, share and interval of each metric."""
    overall = [rate for rate in rates if rate.category == ALL]
    names = sorted({name for rate in overall for name in rate.measures})
    rows = []
    for name in names:
        cells = [(rate.metric, *_figures(rate, name)) for rate in overall if name in rate.measures]
        if len(cells) > 1 and len({figures for _, *of_metric in cells if (figures := tuple(of_metric))}) == 1:
            cells = [("every", *cells[0][1:])]  # it is of the answers, whatever scores them
        # Lost answers only where there are any: that none was refused is the usual case.
        if name not in LOST or any(cell[1] for cell in cells):
            rows.append((words.measure_name(name), cells))
    return rows


def _figures(rate: LeakRate, name: str) -> tuple[float, float, float]:
    share = rate.measures[name]
    return share.share, share.low, share.high
