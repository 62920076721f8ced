"""What a concept does beyond what any insertion does: test against control, less neutral against control."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from results.statistics.paired import Cluster, effect_with_interval
from results.sums import LEAK, PLACEBO, PUBLISHED, CellSums
from seep.records import Estimate

Sums = Mapping[str, tuple[float, int]]
"""Total and number of scores, by cluster."""


def above_placebo(sums: Iterable[CellSums]) -> Estimate | None:
    """The difference in points with its 95 % interval, paired by cluster; None without a neutral arm.

    `sums` are of one metric. `n` counts the comparisons that pair: those with a placebo.
    """
    of_measures = _by_measure(sums)
    tests = of_measures.get(PUBLISHED) or of_measures.get(LEAK, {})
    pairs = [(tests[name], placebo) for name, placebo in of_measures.get(PLACEBO, {}).items() if name in tests]
    if not pairs:
        return None
    # Where a neutral answer was lost, its comparisons have a leak score against the control and no placebo.
    clusters = [Cluster((total / n * paired, neutral), paired, False) for (total, n), (neutral, paired) in pairs]
    effect, low, high = effect_with_interval(clusters)
    return Estimate(effect, low, high, sum(cluster.pairs for cluster in clusters))


def _by_measure(sums: Iterable[CellSums]) -> Mapping[str, Sums]:
    found: defaultdict[str, dict[str, tuple[float, int]]] = defaultdict(dict)
    for row in sums:
        of_measure = found[row.measure]
        for cluster, total, n in zip(row.clusters, row.totals, row.sizes, strict=True):
            earlier = of_measure.get(cluster, (0.0, 0))
            of_measure[cluster] = (earlier[0] + total, earlier[1] + n)
    return found
