"""What share of a run's comparisons was lost, and why, or cut, from sums that have such ones alone."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from results.statistics.intervals import none_with_interval
from results.sums import LEAK, CellSums
from seep.answers import LOST, TRUNCATED
from seep.records import Estimate, LeakRate


def with_loss_shares(sums: Iterable[CellSums]) -> list[CellSums]:
    """The sums of a run; of each metric with lost comparisons those of every reason are over all, lost and sound.

    A scorer says of lost comparisons that they were, and nothing of the others: zeros for each of these would be a
    third of all that is sent and kept. Those of truncated texts are over all scored comparisons, in every cell of a
    metric that has truncated any.
    """
    given = list(sums)
    losing = {row.metric for row in given if row.measure in LOST}
    # By cell and metric, then by measure.
    counts: defaultdict[tuple[str, str], dict[str, CellSums]] = defaultdict(dict)
    for row in given:
        if row.metric in losing and row.measure in (LEAK, *LOST):
            counts[row.cell, row.metric][row.measure] = row
    others = [row for row in given if row.measure not in (*LOST, TRUNCATED)]
    return [*others, *(row for of_cell in counts.values() for row in _of_all(of_cell)), *_truncated(given)]


def with_truncated(rates: Iterable[LeakRate], cutting: Collection[str]) -> list[LeakRate]:
    """Rates of several runs; under metrics that cut texts in any of them, 0 is the share where a run had none cut.

    Of a run alone nothing is said of that. But the mean of several would be the mean of those that had texts cut.
    """
    return [_with_none_truncated(rate) if rate.metric in cutting else rate for rate in rates]


def _with_none_truncated(rate: LeakRate) -> LeakRate:
    if TRUNCATED in rate.measures or not rate.clusters:
        return rate
    none = none_with_interval(rate.comparisons, rate.clusters)
    share = Estimate(none.rate or 0.0, none.low or 0.0, none.high or 0.0, none.comparisons)
    return replace(rate, measures={**rate.measures, TRUNCATED: share})


def _truncated(given: Sequence[CellSums]) -> Iterator[CellSums]:
    cut = {(row.metric, row.cell): row for row in given if row.measure == TRUNCATED}
    cutting = {metric for metric, _ in cut}
    for row in given:
        if row.measure == LEAK and row.metric in cutting:
            yield _filled(row, TRUNCATED, cut.get((row.metric, row.cell)))


def _of_all(of_cell: Mapping[str, CellSums]) -> Iterator[CellSums]:
    """One cell's sums of each reason, given those of its lost comparisons and of its leak scores."""
    sizes: Counter[str] = Counter()
    for row in of_cell.values():
        sizes.update(dict(zip(row.clusters, row.sizes, strict=True)))
    all_of_it = replace(next(iter(of_cell.values())), clusters=list(sizes), sizes=list(sizes.values()))
    for reason in LOST:
        yield _filled(all_of_it, reason, of_cell.get(reason))


def _filled(of_all: CellSums, measure: str, own: CellSums | None) -> CellSums:
    """The measure's own totals by the clusters of all, 0 where it has none."""
    totals = dict(zip(own.clusters, own.totals, strict=True)) if own else {}
    return replace(of_all, measure=measure, totals=[totals.get(cluster, 0.0) for cluster in of_all.clusters])
