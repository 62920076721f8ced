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
from results.statistics.sequential import (
    ALARM,
    Evidence,
    Floats,
    add_rank,
    conformal_p,
    conformity_scores,
    no_evidence,
    profile_distances,
    shares_of_level,
    slot_of_newest,
)
from seep.provenance import AGAINST
from seep.settings.metrics import is_provenance_of_a_metric

BASELINE_MUST_MATCH = ("suite_hash", DECODING, "samples", "scoring", AGAINST, "detectors")
"""What a run must share with the baseline to belong to its stream, beside what its metrics are computed by: scores of
other prompts, of more samples or by another scorer would be others even where the model has not changed. Not the type
of numbers or the libraries: leak scores are float32's whatever the hardware, and the scorer's canary shows if a
library changed them."""
OVERALL: Cell = (ALL, ALL)
"""All metrics and categories together: what changes the model as a whole shows there first."""
PROFILE: Cell = (ALL, "profile")
"""All jobs of all categories one by one, their metrics together: what changes few jobs shows there first."""

Tests = defaultdict[tuple[str, str, str], list[tuple[float, int]]]
"""By metric, category and test: total and number of leak scores, of each cluster."""
Jobs = Mapping[str, float]
"""The leak scores of a cell's jobs."""


@dataclass(frozen=True)
class CellTest:
    """The test of one cell so far: the kept runs, in their slots, and the evidence."""

    references: Sequence[Jobs]
    evidence: Evidence


@dataclass(frozen=True)
class CellStep:
    """What one more run adds to a cell's test: its leak scores by job, the slot that they are kept in, if they are, the
    rank of all jobs together among the kept runs (a p-value in [0, 1), uniform while nothing changes), and the evidence
    after it. A run of the baseline has no rank."""

    metric: str
    category: str
    jobs: Jobs
    slot: int | None
    rank: float | None
    evidence: Evidence


@dataclass(frozen=True)
class Step:
    """A monitor's test after one more run: the evidence of all cells together, and those cells that have enough of it
    for an alarm."""

    cells: Sequence[CellStep]
    e_value: float
    convincing: Sequence[Cell]


@dataclass(frozen=True)
class StreamRun:
    """A run's place in a monitor's stream: `e_value` and whether there is an alarm after it.

    `difference` is how many points its leak rate is above the baseline's; `autocorrelation` is that of the quiet runs
    so far (see `results.quiet`). A skipped run has the `reason` instead; `at` is Unix time in seconds.
    """

    monitor: str
    run_id: str
    baseline: str
    role: Literal["baseline", "tested", "skipped"]
    reason: str | None
    e_value: float | None
    alarm: bool
    difference: float | None
    autocorrelation: float | None
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


def begin(baseline: Sequence[Iterable[LeakSum]], monitor: str, run_ids: Sequence[str]) -> dict[Cell, CellTest]:
    """The tests of a stream that holds the runs of the baseline alone."""
    test: dict[Cell, CellTest] = {}
    for run_id, sums in zip(run_ids, baseline, strict=True):
        draw = _uniform(f"{monitor}/{run_id}/kept")
        for cell, jobs in job_scores(sums).items():
            before = test.get(cell, CellTest([], no_evidence(0)))
            runs = before.evidence.runs
            kept = with_run(before.references, jobs, slot_of_newest(runs, draw))
            test[cell] = CellTest(kept, no_evidence(runs + 1, directions=1 if cell == PROFILE else 2))
    return test


def advance(test: Mapping[Cell, CellTest], sums: Iterable[LeakSum], monitor: str, run_id: str) -> Step:
    """The step of one more run, whose sums are given.

    The cells are the baseline's own; one that the run lacks keeps its evidence. Chance breaks ties between ranks and
    says which run is kept no longer; it hangs on monitor and run alone, so that the same stream always has the same
    e-values.
    """
    newest = job_scores(sums)
    tie, kept = _uniform(f"{monitor}/{run_id}"), _uniform(f"{monitor}/{run_id}/kept")
    cells = [_cell_step(cell, test[cell], newest[cell], tie, kept) for cell in sorted(test.keys() & newest.keys())]
    evidence = {cell: of_cell.evidence for cell, of_cell in test.items()}
    evidence |= {(step.metric, step.category): step.evidence for step in cells}
    weighted = _weighted({cell: float(found.e_values) for cell, found in evidence.items()})
    convincing = [cell for cell, e_value in weighted.items() if e_value >= ALARM]
    return Step(cells, max(weighted.values(), default=0.0), convincing)


def job_scores(sums: Iterable[LeakSum]) -> dict[Cell, dict[str, float]]:
    """The mean leak scores of each job's tests, added up, by metric and category, and over all of both.

    A job is named with the tests that have a score: without some of them, whose answers were lost, it is another job,
    to be ranked among runs that lack the same ones. So more refused answers are no drift of the leakage.
    There is no `all` where a comparison counts in several categories, whose sum is then the same for every run, nor
    where there is one cell only, which would be tested twice. The profile has a job once for each of its categories,
    and as another job where some samples of its tests have no score: what spreads more is farther from any mean.
    """
    rows = list(sums)
    whole = not share_comparisons(rows) and len({(row.metric, row.category) for row in rows}) > 1
    found: defaultdict[Cell, defaultdict[str, Tests]] = defaultdict(lambda: defaultdict(lambda: defaultdict(list)))
    for row in rows:
        places = [((row.metric, row.category), row.job_id), (PROFILE, f"{row.category} {row.job_id}")]
        for cell, job in (*places, *([(OVERALL, row.job_id)] if whole else [])):
            found[cell][job][row.metric, row.category, row.test].append((row.total, row.n))
    return {
        cell: {
            _named(job, tests, counted=cell == PROFILE): math.fsum(map(_mean, tests.values()))
            for job, tests in jobs.items()
        }
        for cell, jobs in found.items()
    }


def _mean(sums: Sequence[tuple[float, int]]) -> float:
    return math.fsum(total for total, _ in sums) / sum(n for _, n in sums)


def _named(job: str, tests: Tests, *, counted: bool) -> str:
    """The job with its tests, and with how many scores each has where they count: fewer of them spread more."""
    named = sorted((test, sum(n for _, n in sums) if counted else 0) for test, sums in tests.items())
    return f"{job} {hashlib.sha256(repr(named).encode()).hexdigest()[:12]}"


def _cell_step(cell: Cell, before: CellTest, newest: Jobs, tie: float, kept: float) -> CellStep:
    of_jobs = _matrix([*before.references, newest])
    rank = conformal_p(profile_distances(of_jobs) if cell == PROFILE else conformity_scores(of_jobs), tie)
    slot = slot_of_newest(before.evidence.runs, kept)
    return CellStep(*cell, newest, slot, rank, add_rank(before.evidence, rank))


def _matrix(runs: Sequence[Jobs]) -> Floats:
    """The runs' jobs [runs, jobs], NaN where a run lacks one."""
    jobs = sorted(set[str]().union(*runs))
    # Most runs have all of them, and are read without a look at each.
    whole = (
        map(run.__getitem__, jobs) if len(run) == len(jobs) else (run.get(job, math.nan) for job in jobs)
        for run in runs
    )
    return np.array([list(row) for row in whole])


def _weighted(e_values: Mapping[Cell, float]) -> dict[Cell, float]:
    """Each cell's e-value, times its share of the level."""
    others = len(e_values.keys() - {OVERALL, PROFILE})
    of_each, of_all, of_profile = shares_of_level(others, OVERALL in e_values, PROFILE in e_values)
    share = {OVERALL: of_all, PROFILE: of_profile}
    return {cell: e_value * share.get(cell, of_each) for cell, e_value in e_values.items()}


def with_run(references: Sequence[Jobs], jobs: Jobs, slot: int | None) -> list[Jobs]:
    """The kept runs, and one more in its slot."""
    kept = list(references)
    if slot is not None:
        kept[slot : slot + 1] = [jobs]
    return kept


def _uniform(name: str) -> float:
    """A number in [0, 1) that a name always has, and that looks like chance."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:6]) / 2**48
