"""What a report holds, whatever it is written as."""

from collections.abc import Sequence
from dataclasses import dataclass

from results.dead_jobs import DeadReason
from results.rates import ALL
from results.reach import Reach
from results.runs import RunSummary
from results.series import Point
from results.storage import baselines, dead_jobs, rates
from results.storage.ad_hoc import AdHoc, ad_hoc
from results.storage.database import Connection
from results.storage.overview import points_of_monitors
from results.storage.runs import one
from seep.errors import InputError
from seep.records import LeakRate
from seep.settings import Settings
from services.api.ui.compare import of_comparison

TREND_RUNS = 60


@dataclass(frozen=True)
class RunReport:
    """One run: its rates with the reach of each, its comparison with the baseline, and what pages show beside that
    (`shown`).

    `refused` says why there is no comparison although a baseline was named.
    """

    run: RunSummary
    rates: Sequence[LeakRate]
    reach: Sequence[Reach | None]
    dead: Sequence[DeadReason]
    trend: Sequence[Point]
    comparison: AdHoc | None
    refused: str
    shown: dict[str, object]


@dataclass(frozen=True)
class Report:
    """The runs in the order in which they were named, and the baseline that they were compared with."""

    runs: Sequence[RunReport]
    baseline: str | None


def gather(connection: Connection, settings: Settings, run_ids: Sequence[str], baseline: str | None) -> Report:
    """Reads all of it; raises InputError for a run or a baseline that there is not."""
    references: list[str] | None = None
    if baseline is not None:
        known = baselines.one(connection, baseline)
        if known is None:
            raise InputError(f"--baseline {baseline}: there is no such baseline")
        references = known.runs
    return Report([_run(connection, settings, run_id, references) for run_id in run_ids], baseline)


def _run(connection: Connection, settings: Settings, run_id: str, references: list[str] | None) -> RunReport:
    stalled_after = settings.aggregation.stalled_after_seconds
    summary = one(connection, run_id, stalled_after)
    if summary is None:
        raise InputError(f"run {run_id}: there is no such run")
    comparison, refused, shown = None, "", {}
    if references is not None:
        try:
            comparison = ad_hoc(connection, run_id, references, stalled_after)
            shown = of_comparison(connection, comparison)
        except InputError as error:
            refused = str(error)
    found = rates.of_run(connection, run_id)
    trend = points_of_monitors(connection, [summary.monitor], [ALL], TREND_RUNS) if summary.monitor else {}
    return RunReport(
        run=summary,
        rates=found,
        reach=rates.reaches_of(connection, summary, found),
        dead=dead_jobs.reasons(connection, run_id),
        trend=trend.get(summary.monitor, []),
        comparison=comparison,
        refused=refused,
        shown=shown,
    )
