"""What share of a run's comparisons was lost, and why, from sums that have the lost ones alone."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from results.sums import LEAK, CellSums
from seep.answers import LOST


def with_loss_shares(sums: Iterable[CellSums]) -> list[CellSums]:
    """The sums of a run, where those of each reason for a loss are over all comparisons: the lost ones and the sound.

    A scorer says of lost comparisons that they were, and nothing of the others: zeros for each of these would be a
    third of all that is sent and kept. Here every cell gets every reason, so that a share of 0 is known to be 0.
    """
    given = list(sums)
    # By cell and metric, then by measure.
    counts: defaultdict[tuple[str, str], dict[str, CellSums]] = defaultdict(dict)
    for row in given:
        if row.measure == LEAK or row.measure in LOST:
            counts[row.cell, row.metric][row.measure] = row
    others = [row for row in given if row.measure not in LOST]
    return [*others, *(row for of_cell in counts.values() for row in _of_all(of_cell))]


def _of_all(of_cell: Mapping[str, CellSums]) -> Iterator[CellSums]:
    """One cell's sums of each reason, given those of its lost comparisons and of its leak scores."""
    sizes: Counter[str] = Counter()
    for row in of_cell.values():
        sizes.update(dict(zip(row.clusters, row.sizes, strict=True)))
    clusters, of_clusters = list(sizes), list(sizes.values())
    for reason in LOST:
        lost = of_cell.get(reason)
        totals = dict(zip(lost.clusters, lost.totals, strict=True)) if lost else {}
        total_of_each = [totals.get(cluster, 0.0) for cluster in clusters]
        any_row = next(iter(of_cell.values()))
        yield replace(any_row, measure=reason, clusters=clusters, sizes=of_clusters, totals=total_of_each)
