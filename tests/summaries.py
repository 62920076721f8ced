"""A run in brief: a whole one, and what tests assert of those in a store."""

from collections.abc import Iterable
from itertools import groupby

from results.runs import RunSummary
from results.sums import CategorySum, CellSums
from seep.records import LeakRate
from tests.stored import Stored

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


def by_cell(sums: Iterable[CategorySum]) -> list[CellSums]:
    """The same sums as they are read: together by category, metric and measure."""

    def cell(row: CategorySum) -> tuple[str, str, str]:
        return row.category, row.metric, row.measure

    return [
        CellSums(*values, [row.cluster for row in rows], [row.n for row in rows], [row.total for row in rows])
        for values, grouped in groupby(sorted(sums, key=cell), cell)
        for rows in [list(grouped)]
    ]
