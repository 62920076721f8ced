"""Advances the test over a monitor's stream of runs by one run; knows nothing of where the stream is kept."""

import hashlib
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from services.aggregator.judging import DECODING, Cell, LeakSum, differences
from services.aggregator.rates import ALL
from services.aggregator.states import RunSummary
from services.aggregator.statistics.sequential import ALARM, combined, e_values, stream_score

ALIKE = ("suite_hash", DECODING, "samples")
"""What a run must share with the baseline to belong to its stream: a score of other prompts, or of more samples, would
vary otherwise even where the model has not changed."""


@dataclass(frozen=True)
class CellScore:
    """One run's scores under one metric and category: by job, over all jobs, and the evidence after it.

    `score` and `e_value` are None for the runs of the baseline.
    """

    metric: str
    category: str
    jobs: Mapping[str, float]
    score: float | None
    e_value: float | None


@dataclass(frozen=True)
class Step:
    """A monitor's test after one more run; `alarm` stays once it was raised, until the baseline is set anew."""

    cells: Sequence[CellScore]
    e_value: float
    alarm: bool


def unlike_baseline(run: RunSummary, baseline: RunSummary) -> str | None:
    """Why a finished run cannot take its place in the stream; None where it can."""
    if run.mixed:
        return "its jobs differ in model, engine, decoding or scorer"
    if run.state == "cancelled":
        return "it was cancelled"
    different = [name for name in ALIKE if name in differences(run, baseline)]
    return f"it differs from the baseline in {', '.join(different)}" if different else None


def baseline_scores(sums: Iterable[LeakSum]) -> list[CellScore]:
    """The scores of one of the baseline's runs."""
    return [CellScore(*cell, jobs, None, None) for cell, jobs in job_scores(sums).items()]


def advance(stream: Sequence[CellScore], sums: Iterable[LeakSum], monitor: str, run: str, alarm: bool) -> Step:
    """The step of one more run, whose sums are given; `stream` holds all earlier scores in order, the baseline first.

    The categories are the baseline's own; one that the run lacks keeps its evidence. Ties between ranks are broken by
    chance that hangs on monitor and run alone, so that the same stream always has the same e-values.
    """
    seed = int.from_bytes(hashlib.sha256(f"{monitor}/{run}".encode()).digest()[:8])
    draw = np.random.default_rng(seed)
    newest = job_scores(sums)
    histories: defaultdict[Cell, list[CellScore]] = defaultdict(list)
    for of in stream:
        histories[of.metric, of.category].append(of)
    cells = [
        _cell_score(cell, history, newest[cell], draw) for cell, history in sorted(histories.items()) if cell in newest
    ]
    evidence = {cell: history[-1].e_value or 1.0 for cell, history in histories.items()}
    evidence |= {(of.metric, of.category): of.e_value or 1.0 for of in cells}
    e_value = combined(list(evidence.values()))
    return Step(cells, e_value, alarm or e_value >= ALARM)


def job_scores(sums: Iterable[LeakSum]) -> dict[Cell, dict[str, float]]:
    """Mean leak score in [0, 1] of each job, by metric and category, and over all categories."""
    totals: defaultdict[Cell, defaultdict[str, list[float]]] = defaultdict(lambda: defaultdict(lambda: [0.0, 0.0]))
    for row in sums:
        for cell in ((row.metric, row.category), (row.metric, ALL)):
            of_job = totals[cell][row.job]
            of_job[0] += row.total
            of_job[1] += row.n
    return {cell: {job: total / n for job, (total, n) in jobs.items()} for cell, jobs in totals.items()}


def _cell_score(
    cell: Cell, history: Sequence[CellScore], newest: Mapping[str, float], draw: np.random.Generator
) -> CellScore:
    jobs = sorted(newest)
    earlier = np.array([[of.jobs.get(job, math.nan) for job in jobs] for of in history])
    score = stream_score(np.array([newest[job] for job in jobs]), earlier, draw)
    scores = [of.score for of in history if of.score is not None]
    e_value = float(e_values([*scores, score], baseline_runs=len(history) - len(scores))[-1])
    return CellScore(*cell, newest, score, e_value)
