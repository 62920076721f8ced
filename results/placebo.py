"""What a concept does beyond what any insertion does: test against control, less neutral against control."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from results.statistics.intervals import Interval
from results.sums import LEAK, PLACEBO, PUBLISHED, CellSums
from seep.records import Estimate

ABOVE_PLACEBO = "above_placebo"
"""The measure under which these sums stand: the mean of the published score and of the placebo's complement, in [0, 1],
which is 1/2 where a concept does no more than any insertion."""


def with_above_placebo(sums: Iterable[CellSums]) -> list[CellSums]:
    """The sums, and those of ABOVE_PLACEBO of each cell and metric with a placebo, paired by cluster."""
    given = list(sums)
    of_cells: dict[tuple[str, str], dict[str, CellSums]] = {}
    for row in given:
        of_cells.setdefault((row.cell, row.metric), {})[row.measure] = row
    return [*given, *(_paired(of_cell) for of_cell in of_cells.values() if PLACEBO in of_cell and LEAK in of_cell)]


def in_points(interval: Interval | None) -> Estimate | None:
    """The difference itself with its 95 % interval, from the rate of ABOVE_PLACEBO; None where there is none."""
    if interval is None or interval.rate is None or interval.low is None or interval.high is None:
        return None
    difference, low, high = (2 * share - 100 for share in (interval.rate, interval.low, interval.high))
    return Estimate(difference, low, high, interval.comparisons)


def _paired(of_cell: Mapping[str, CellSums]) -> CellSums:
    tests, placebo = of_cell.get(PUBLISHED, of_cell[LEAK]), of_cell[PLACEBO]
    # Where a neutral answer was lost, its comparisons have a leak score against the control and no placebo.
    published = {
        cluster: total / n for cluster, total, n in zip(tests.clusters, tests.totals, tests.sizes, strict=True)
    }
    totals = [
        (published[cluster] * n - total + n) / 2
        for cluster, total, n in zip(placebo.clusters, placebo.totals, placebo.sizes, strict=True)
    ]
    return replace(placebo, measure=ABOVE_PLACEBO, totals=totals)
