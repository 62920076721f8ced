"""Advances the test over a monitor's stream of runs by one run; knows nothing of where the stream is kept."""

import hashlib
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from results.comparison import DECODING, Cell, LeakSum, differences, share_comparisons
from results.rates import ALL
from results.runs import RunSummary
from results.statistics.sequential import ALARM, combined, conformal_p, conformity_scores, e_values
from seep.settings.metrics import is_provenance_of_a_metric

BASELINE_MUST_MATCH = ("suite_hash", DECODING, "samples", "scoring", "detectors")
"""What a run must share with the baseline to belong to its stream, beside what its metrics are computed by: scores of
other prompts, of more samples or by another scorer would be others even where the model has not changed. Not the type
of numbers or the libraries: leak scores are float32's whatever the hardware, and the scorer's canary shows if a
library changed them."""
OVERALL: Cell = (ALL, ALL)
"""All metrics and categories together: what changes the model as a whole shows there first."""


Tests = defaultdict[tuple[str, str, str], list[tuple[float, int]]]
"""By metric, category and test: total and number of leak scores, of each cluster."""


@dataclass(frozen=True)
class CellScore:
    """One run's leak scores under one metric and category: their sum by job, the rank of all jobs together among the
    runs so far (a p-value in [0, 1), uniform while nothing changes), and the evidence after it.

    `score`, the rank, and `e_value` are None for the runs of the baseline.
    """

    metric: str
    category: str
    jobs: Mapping[str, float]
    score: float | None
    e_value: float | None


@dataclass(frozen=True)
class Step:
    """A monitor's test after one more run; `alarm` stays once it was raised, until the baseline is set again."""

    cells: Sequence[CellScore]
    e_value: float
    alarm: bool


@dataclass(frozen=True)
class StreamRun:
    """A run's place in a monitor's stream: `e_value` and whether there is an alarm after it.

    A skipped run has the `reason` instead; `at` is Unix time in seconds.
    """

    monitor: str
    run_id: str
    baseline: str
    role: Literal["baseline", "tested", "skipped"]
    reason: str | None
    e_value: float | None
    alarm: bool
    at: float


def why_skipped(run: RunSummary, baseline: Sequence[RunSummary]) -> str | None:
    """Why a finished run is not tested against the runs of its baseline; None if it is."""
    if not run.measured:
        return "nothing of it was measured"
    if (run.created_at or 0) < max(summary.created_at or 0 for summary in baseline):
        # It is no news of the model as it is now, however late its last job was recorded.
        return "it was sent before the newest run of the baseline"
    mixed = [summary.run_id for summary in baseline if summary.mixed]
    return f"the baseline's run {mixed[0]} is mixed" if mixed else differs_from_baseline(run, baseline[0])


def differs_from_baseline(run: RunSummary, baseline: RunSummary) -> str | None:
    """Why a finished run cannot take its place in the stream; None where it can."""
    if run.mixed:
        return "its jobs differ in model, engine, decoding or scorer"
    if run.state == "cancelled":
        return "it was cancelled"
    differing = differences(run, baseline)
    must_match = (*BASELINE_MUST_MATCH, *filter(is_provenance_of_a_metric, differing))
    different = [name for name in must_match if name in differing]
    return f"it differs from the baseline in {', '.join(different)}" if different else None


def baseline_scores(sums: Iterable[LeakSum]) -> list[CellScore]:
    """The scores of one of the baseline's runs."""
    return [CellScore(*cell, jobs, None, None) for cell, jobs in job_scores(sums).items()]


def advance(stream: Sequence[CellScore], sums: Iterable[LeakSum], monitor: str, run_id: str, alarm: bool) -> Step:
    """The step of one more run, whose sums are given; `stream` holds all earlier scores in order, the baseline first.

    The cells are the baseline's own; one that the run lacks keeps its evidence. Ties between ranks are broken by chance
    that hangs on monitor and run alone, so that the same stream always has the same e-values.
    """
    draw = _uniform(f"{monitor}/{run_id}")
    newest = job_scores(sums)
    histories: defaultdict[Cell, list[CellScore]] = defaultdict(list)
    for score in stream:
        histories[score.metric, score.category].append(score)
    cells = [
        _cell_score(cell, history, newest[cell], draw) for cell, history in sorted(histories.items()) if cell in newest
    ]
    evidence = {cell: history[-1].e_value or 1.0 for cell, history in histories.items()}
    evidence |= {(score.metric, score.category): score.e_value or 1.0 for score in cells}
    overall = evidence.pop(OVERALL, None)
    e_value = combined(overall, list(evidence.values()))
    return Step(cells, e_value, alarm or e_value >= ALARM)


def job_scores(sums: Iterable[LeakSum]) -> dict[Cell, dict[str, float]]:
    """The mean leak scores of each job's tests, added up, by metric and category, and over all of both.

    A job is named with the tests that have a score: without some of them, whose answers were lost, it is another job,
    to be ranked among runs that lack the same ones. So more refused answers are no drift of the leakage.
    There is no `all` where a comparison counts in several categories, whose sum is then the same for every run, nor
    where there is one cell only, which would be tested twice.
    """
    rows = list(sums)
    whole = not share_comparisons(rows) and len({(row.metric, row.category) for row in rows}) > 1
    found: defaultdict[Cell, defaultdict[str, Tests]] = defaultdict(lambda: defaultdict(lambda: defaultdict(list)))
    for row in rows:
        for cell in ((row.metric, row.category), *([OVERALL] if whole else [])):
            found[cell][row.job_id][row.metric, row.category, row.test].append((row.total, row.n))
    return {
        cell: {_named(job, tests): math.fsum(map(_mean, tests.values())) for job, tests in jobs.items()}
        for cell, jobs in found.items()
    }


def _mean(sums: Sequence[tuple[float, int]]) -> float:
    return math.fsum(total for total, _ in sums) / sum(n for _, n in sums)


def _named(job: str, tests: Iterable[tuple[str, str, str]]) -> str:
    return f"{job} {hashlib.sha256(repr(sorted(tests)).encode()).hexdigest()[:12]}"


def _cell_score(cell: Cell, history: Sequence[CellScore], newest: Mapping[str, float], draw: float) -> CellScore:
    runs = [*(earlier.jobs for earlier in history), newest]
    jobs = sorted({job for run in runs for job in run})
    scores = conformity_scores(np.array([[run.get(job, math.nan) for job in jobs] for run in runs]))
    ranks = [earlier.score for earlier in history if earlier.score is not None]
    rank = conformal_p(scores, draw)
    evidence = e_values([*ranks, rank], baseline_runs=len(history) - len(ranks))
    return CellScore(*cell, newest, rank, float(evidence[-1]))


def _uniform(name: str) -> float:
    """A number in [0, 1) that a name always has, and that looks like chance."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:6]) / 2**48
