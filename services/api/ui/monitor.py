"""One monitor: its rates over time, the evidence, and its runs."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse
from markupsafe import Markup

from results.drift_test import StreamRun
from results.rates import ALL
from results.series import Point
from results.statistics.sequential import ALARM
from results.storage import baselines, streams
from results.storage.overview import monitors_overview, points_of_monitors
from services.api.monitors import known_monitor
from services.api.parameters import Configured, Name, Results, StalledAfter
from services.api.ui import charts, words
from services.api.ui.charts import Line, Mark
from services.api.ui.overview import states_of
from services.api.ui.rendering import page, segment

router = APIRouter()

MOST_RUNS = 60
# In all charts together: each is some 400 bytes of the page.
MOST_MARKS = 90
LISTED = 25
Row = tuple[str, float, list[Point], StreamRun | None, list[str]]
"""A run's id, time, rates, place in the stream, and remarks."""


@router.get("/monitors/{monitor}")
def monitor(
    request: Request,
    database: Results,
    settings: Configured,
    stalled_after: StalledAfter,
    monitor: Name,
    category: Annotated[Name, Query()] = ALL,
) -> HTMLResponse:
    """The monitor as it stands, with its newest runs."""
    known_monitor(settings, monitor)
    with database.snapshot() as connection:
        overview = monitors_overview(connection, settings, stalled_after, [monitor])[0]
        points = fitting(points_of_monitors(connection, [monitor], [category], MOST_RUNS).get(monitor, []))
        stream = streams.page(connection, monitor, MOST_RUNS)
        baseline = baselines.one(connection, overview.baseline) if overview.baseline else None
    stream = [run for run in stream if run.baseline == overview.baseline]
    root = f"{request.scope['root_path']}/ui"
    of_baseline = set(baseline.runs) if baseline else set()
    metrics = list(dict.fromkeys(point.rate.metric for point in points))
    by_metric = {metric: [point for point in points if point.rate.metric == metric] for metric in metrics}
    marks = _evidence_marks(stream, {point.rate.run_id: point.created_at for point in points})
    return page(
        request,
        "monitor.html",
        monitor=overview,
        states=states_of(overview.status),
        category=category,
        categories=list(dict.fromkeys(rate.category for rate in overview.rates)),
        charts={metric: trend_chart(of_metric, of_baseline, root) for metric, of_metric in by_metric.items()},
        changes=_changes(next(iter(by_metric.values()), [])),
        points_of=by_metric,
        evidence=_evidence(marks),
        evidence_of=[(mark.at, mark.value) for mark in marks],
        baseline=baseline,
        rows=_rows(points, stream)[:LISTED],
    )


def fitting(points: Sequence[Point]) -> list[Point]:
    """Those of the newest runs, as many as fit on a page; points are given and returned oldest first."""
    metrics = {point.rate.metric for point in points}
    runs = list(dict.fromkeys(point.rate.run_id for point in points))
    shown = set(runs[-(MOST_MARKS // max(len(metrics), 1)) :])
    return [point for point in points if point.rate.run_id in shown]


def trend_chart(points: Sequence[Point], of_baseline: set[str], root: str | None) -> Markup:
    """The rates under one metric; those of the baseline make the band. Without a root no point is a link."""
    marks = [_mark(point, root) for point in points if point.rate.rate is not None]
    within = [p.rate for p in points if p.rate.run_id in of_baseline and p.rate.low is not None]
    band = None
    if within:
        band = (min(r.low for r in within if r.low is not None), max(r.high for r in within if r.high is not None))
    reference = words.reference_of(points[0].rate.probe)
    return charts.trend(
        marks,
        f"Leak rate under {points[0].rate.metric} with its interval, run by run",
        levels=[] if reference is None else [Line(reference, f"{reference:.0f} %: no leakage")],
        band=band,
        times=[Line(at, text) for at, text in _changes(points)],
    )


def _mark(point: Point, root: str | None) -> Mark:
    rate = point.rate
    sound = point.finished and not words.doubts(rate)
    at = words.clock(point.created_at)
    label = f"{at}: {words.percent(rate.rate)} % ({words.percent(rate.low)} to {words.percent(rate.high)})"
    doubt = "" if sound else f"; {'; '.join(words.doubts(rate)) or 'not finished'}"
    href = "" if root is None else f"{root}/runs/{segment(rate.run_id)}"
    kind = "sound" if sound else "doubtful"
    return Mark(point.created_at, rate.rate or 0.0, rate.low, rate.high, href, label + doubt, kind)


def _changes(points: Sequence[Point]) -> list[tuple[float, str]]:
    """When, and in what, runs differ in provenance from the run before; a mixed run says little of what changed."""
    sound = [point for point in points if not point.rate.mixed]
    found = []
    for one, other in pairwise(sound):
        was, now = one.rate.provenance, other.rate.provenance
        names = sorted(name for name in was.keys() | now.keys() if was.get(name) != now.get(name))
        if names:
            found.append((other.created_at, f"since {words.clock(other.created_at)}: other {', '.join(names)}"))
    return found


def _evidence_marks(stream: Sequence[StreamRun], sent: Mapping[str, float]) -> list[Mark]:
    """The e-values of the tested runs by the time at which each was sent; the stream's newest is given first."""
    return [
        Mark(sent[run.run_id], run.e_value, None, None, "", run.run_id)
        for run in reversed(stream)
        if run.role == "tested" and run.e_value is not None and run.run_id in sent
    ]


def _evidence(marks: Sequence[Mark]) -> Markup:
    return charts.trend(
        marks,
        "Evidence that the leakage has changed, run by run",
        levels=[Line(ALARM, f"{ALARM:.0f}: alarm")],
        logarithmic=True,
    )


def _rows(points: Sequence[Point], stream: Sequence[StreamRun]) -> list[Row]:
    """By run, the newest first: its points and its place in the stream."""
    places = {run.run_id: run for run in stream}
    rows: dict[str, list[Point]] = {}
    for point in reversed(points):
        rows.setdefault(point.rate.run_id, []).append(point)
    return [
        (run_id, of_run[0].created_at, of_run[::-1], places.get(run_id), _remarks(of_run[::-1], places.get(run_id)))
        for run_id, of_run in rows.items()
    ]


def _remarks(points: Sequence[Point], place: StreamRun | None) -> list[str]:
    """What must be known of a run beside its numbers."""
    found = [] if points[0].finished else ["not finished"]
    if place is not None and place.role == "baseline":
        found.append("baseline")
    if place is not None and place.role == "skipped":
        found.append(f"not tested: {place.reason}")
    doubts = words.doubts_of_all([point.rate for point in points])
    return found + [doubt for doubt in doubts if doubt.partition(": ")[2] != (place.reason if place else None)]
