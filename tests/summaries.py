"""A run in brief: a whole one, and what tests assert of those in a store."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby

from results import job_sums
from results.runs import RunSummary
from results.sums import CellSums, SumsPerTest
from seep.records import LeakRate, ScoredJob
from tests.stored import Stored


@dataclass(frozen=True)
class PerTestSum:
    """`total` of the `n` values of one measure over one test's samples."""

    run_id: str
    job_id: str
    cluster: str
    test: str
    concept: str
    category: str
    metric: str
    measure: str
    n: int
    total: float


@dataclass(frozen=True)
class CategorySum:
    """`total` of the `n` values of one measure that share a cluster and a category."""

    cluster: str
    category: str
    metric: str
    measure: str
    n: int
    total: float


SUMMARY = RunSummary(
    run_id="run-1",
    target="stub",
    suite="colours",
    suite_version="1",
    suite_hash="hash",
    probe="semantic",
    cluster="job",
    monitor="",
    state="complete",
    reason="",
    job_count=8,
    recorded=8,
    dead=0,
    comparisons=8,
    missing=0,
    lost={},
    mixed=False,
    created_at=0.0,
    progress_at=0.0,
    texts_deleted_at=None,
    samples=4,
    expected_comparisons={"1": 32},
    provenance={"decoding": "{}", "model": "m"},
    labels=(),
)


def state(store: Stored, run_id: str = "run-1") -> str:
    """What the run is in."""
    summary = store.run(run_id)
    assert summary is not None
    return summary.state


def figures(rates: list[LeakRate], metric: str = "sentence_bert") -> dict[str, tuple[float | None, int, int, int]]:
    """Rate, comparisons, clusters and missing of each category."""
    of_metric = [rate for rate in rates if rate.metric == metric]
    return {rate.category: (rate.rate, rate.comparisons, rate.clusters, rate.missing) for rate in of_metric}


def single_sums(job: ScoredJob) -> list[PerTestSum]:
    """A job's sums per test, measure by measure."""
    return [
        PerTestSum(*(row.run_id, row.job_id, row.cluster, row.test, row.concept, row.category, row.metric), *of_measure)
        for row in job_sums.per_test_sums(job)
        for of_measure in zip(row.measures, row.sizes, row.totals, strict=True)
    ]


def sums_per_cluster(sums: Iterable[SumsPerTest]) -> list[CategorySum]:
    """The sums of jobs by cluster, measure by measure."""
    return [
        CategorySum(row.cluster, row.category, row.metric, *of_measure)
        for row in job_sums.sums_per_cluster(sums)
        for of_measure in zip(row.measures, row.sizes, row.totals, strict=True)
    ]


def by_cell(sums: Iterable[CategorySum]) -> list[CellSums]:
    """The same sums as they are read: together by category, metric and measure."""

    def cell(row: CategorySum) -> tuple[str, str, str]:
        return row.category, row.metric, row.measure

    return [
        CellSums(*values, [row.cluster for row in rows], [row.n for row in rows], [row.total for row in rows])
        for values, grouped in groupby(sorted(sums, key=cell), cell)
        for rows in [list(grouped)]
    ]
