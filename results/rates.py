"""Leak rates from sums: per metric and category, over the whole suite, over pooled categories, per concept."""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import get_args

from results.losses import with_loss_shares
from results.placebo import ABOVE_PLACEBO, in_points, with_above_placebo
from results.statistics.agreement import ScoreShares, cohens_kappa
from results.statistics.intervals import Clusters, Interval, none_with_interval, rate_with_interval
from results.sums import ECHO, LEAK, CellSums, agreement_with
from seep.answers import LOST
from seep.errors import InputError
from seep.provenance import AGAINST, is_mixed
from seep.records import Against, Estimate, LeakRate

ALL = "all"
POOL_SEPARATOR = "+"
TIE = "tie"
FEW_CLUSTERS = 10
"""With fewer independent clusters an interval rests on little, however narrow it looks."""
Strata = Sequence[Clusters]
Known = dict[tuple[tuple[tuple[float, int], ...], ...], Interval]
"""Intervals by their strata: ties, echoes and empty answers have all the same zeros, metrics the same n-grams."""


@dataclass(frozen=True)
class RunFacts:
    """What a run's rates carry along: its names, the comparisons it expects per category (none before its manifest
    is there), the provenances of its jobs, each once, and the sets of categories that one comparison counts in, where
    that is more than one."""

    run_id: str
    suite: str
    target: str
    probe: str
    expected_comparisons: Mapping[str, int] = field(default_factory=dict)
    provenances: Sequence[Mapping[str, str]] = ()
    shared: Sequence[frozenset[str]] = ()

    def sharing(self, categories: Iterable[str]) -> frozenset[str]:
        """Those of the categories that count the same comparison, whose mean is then no rate; empty where none do."""
        chosen = frozenset(categories)
        return next((chosen & together for together in self.shared if len(chosen & together) > 1), frozenset())

    @property
    def mixed(self) -> bool:
        """Whether the run's jobs differ in provenance, so that it must not be compared."""
        return is_mixed(self.provenances)

    @property
    def against(self) -> str:
        """Whose answers the tests' were compared with: "neutral", "control", "both" in a mixed run; empty for none."""
        found = {provenance.get(AGAINST) for provenance in self.provenances}
        known = [arm for arm in get_args(Against) if arm in found]  # a message may say anything, and this is a label
        return "both" if len(known) > 1 else "".join(known)


def leak_rates(facts: RunFacts, sums: Iterable[CellSums], pools: Sequence[Sequence[str]] = ()) -> list[LeakRate]:
    """Rates per metric: each category by name, `all`, then the pools, named "1+2"; `sums` are by category.

    There is no `all` where a comparison counts in several categories. Raises InputError for a pool with a category that
    the run does not have, or with two that count the same comparison.
    """
    by_metric = _by_metric_and_cell(with_above_placebo(with_loss_shares(sums)))
    categories = sorted(set(facts.expected_comparisons).union(*by_metric.values()))
    listed = {category: [category] for category in categories}
    if not facts.sharing(categories):
        listed[ALL] = categories
    for pool in pools:
        _refuse_unpoolable(facts, pool, categories)
        listed[POOL_SEPARATOR.join(pool)] = sorted(set(pool))
    known: Known = {}
    rates = [
        _rate(facts, metric, name, cells, members, _missing(facts.expected_comparisons, recorded, members), known)
        for metric, cells in by_metric.items()
        for recorded in [{category: _comparisons(rows) for category, rows in cells.items()}]
        for name, members in listed.items()
    ]
    return _with_kappa(rates)


def leak_rates_by_concept(facts: RunFacts, sums: Iterable[CellSums]) -> list[LeakRate]:
    """Rates per metric: each concept by name, standing where the category stands; `sums` are by concept.

    `missing` is 0 throughout: what a run expects is known by category, not by concept. Raises InputError where a
    comparison counts in several categories.
    """
    if facts.shared:
        raise InputError(
            f"--by concept: run {facts.run_id} counts a comparison in several categories; see them one by one"
        )
    known: Known = {}
    rates = [
        _rate(facts, metric, concept, cells, [concept], missing=0, known=known)
        for metric, cells in _by_metric_and_cell(with_above_placebo(with_loss_shares(sums))).items()
        for concept in sorted(cells)
    ]
    return _with_kappa(rates)


def with_missing(rate: LeakRate) -> tuple[float, float] | None:
    """Between which percentages the rate may lie, its interval included, whatever the missing comparisons would be.

    None where nothing is missing, or nothing measured. That none of the missing leaks, or that all do: the bounds of
    Manski 2003, Partial Identification of Probability Distributions.
    """
    if not rate.missing or rate.low is None or rate.high is None:
        return None
    known = rate.comparisons / (rate.comparisons + rate.missing)
    return known * rate.low, known * rate.high + 100 * (1 - known)


def missing_comparisons(expected: Mapping[str, int], recorded: Iterable[Mapping[str, int]]) -> int:
    """Expected comparisons that are not recorded, under the metric that lacks most; all where nothing is recorded.

    `recorded` has the comparisons by category, of each metric.
    """
    of_metrics = [_missing(expected, of_metric, expected) for of_metric in recorded]
    return max(of_metrics, default=sum(expected.values()))


def common_provenance(provenances: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """The entries that all provenances agree on."""
    if not provenances:
        return {}
    first, *others = provenances
    return {key: value for key, value in first.items() if all(other.get(key) == value for other in others)}


def _by_metric_and_cell(sums: Iterable[CellSums]) -> dict[str, dict[str, list[CellSums]]]:
    grouped: defaultdict[str, defaultdict[str, list[CellSums]]] = defaultdict(lambda: defaultdict(list))
    for row in sums:
        grouped[row.metric][row.cell].append(row)
    return {metric: dict(cells) for metric, cells in sorted(grouped.items())}


def _refuse_unpoolable(facts: RunFacts, pool: Sequence[str], categories: Sequence[str]) -> None:
    for category in pool:
        if category not in categories:
            known = ", ".join(categories) or "none"
            raise InputError(f"pool: run {facts.run_id} has no category {category!r}; it has {known}")
    if sharing := facts.sharing(pool):
        raise InputError(f"pool: {' and '.join(sorted(sharing))} count the same comparisons: their mean is no rate")


def _missing(expected: Mapping[str, int], recorded: Mapping[str, int], members: Iterable[str]) -> int:
    # Member by member: comparisons that nobody expected must not make up for missing ones.
    return sum(
        expected[member] - n
        for member in members
        if member in expected and (n := recorded.get(member, 0)) < expected[member]
    )


def _comparisons(sums: Iterable[CellSums]) -> int:
    return sum(sum(row.sizes) for row in sums if row.measure == LEAK)


def _rate(
    facts: RunFacts,
    metric: str,
    name: str,
    cells: Mapping[str, list[CellSums]],
    members: Sequence[str],
    missing: int,
    known: Known,
) -> LeakRate:
    strata = _strata(cells, members)
    intervals = _intervals(strata, known)
    leak, above = intervals.pop(LEAK, rate_with_interval()), in_points(intervals.pop(ABOVE_PLACEBO, None))
    return LeakRate(
        run_id=facts.run_id,
        suite=facts.suite,
        target=facts.target,
        probe=facts.probe,
        metric=metric,
        category=name,
        rate=leak.rate,
        low=leak.low,
        high=leak.high,
        comparisons=leak.comparisons,
        clusters=leak.clusters,
        ties=_count(strata.get(TIE, ())),
        echoes=_count(strata.get(ECHO, ())),
        missing=missing,
        provenance=common_provenance(facts.provenances),
        mixed=facts.mixed,
        measures={name: share for name, interval in sorted(intervals.items()) if (share := _estimate(interval))},
        against=facts.against,
        above_placebo=above,
    )


def _intervals(strata: Mapping[str, Strata], known: Known) -> dict[str, Interval]:
    """By measure; where nothing was lost under a metric, none of what has a leak score was."""
    found = {measure: _interval(of_measure, known) for measure, of_measure in strata.items()}
    if LEAK in found and found.keys().isdisjoint(LOST):
        found |= dict.fromkeys(LOST, none_with_interval(found[LEAK].comparisons, found[LEAK].clusters))
    return found


def _interval(strata: Strata, known: Known) -> Interval:
    key = tuple(map(tuple, strata))
    if key not in known:
        known[key] = rate_with_interval(*strata)
    return known[key]


def _strata(cells: Mapping[str, list[CellSums]], members: Sequence[str]) -> dict[str, Strata]:
    """By measure, the clusters of each of these cells; all together where one of them counts in several cells."""
    found: defaultdict[str, list[CellSums]] = defaultdict(list)
    for row in (row for member in members for row in cells.get(member, ())):
        found[row.measure].append(row)
    return {
        measure: [_clusters(row) for row in of_cells] if _apart(of_cells) else [_merged(of_cells)]
        for measure, of_cells in found.items()
    }


def _clusters(row: CellSums) -> list[tuple[float, int]]:
    return list(zip(row.totals, row.sizes, strict=True))


def _apart(of_cells: Sequence[CellSums]) -> bool:
    clusters = [row.clusters for row in of_cells]
    return len(clusters) == 1 or sum(map(len, clusters)) == len(set().union(*clusters))


def _merged(of_cells: Sequence[CellSums]) -> list[tuple[float, int]]:
    """The clusters of several cells, each once. Rounded once: sums of fractions then have the same last digit, in
    whatever order they arrived."""
    clusters = of_cells[0].clusters
    if all(row.clusters == clusters for row in of_cells):
        # As nearly always: in columns, since to go through hundreds of clusters one by one takes most of a rate's time.
        of_totals = zip(*(row.totals for row in of_cells), strict=True)
        of_sizes = zip(*(row.sizes for row in of_cells), strict=True)
        return list(zip(map(math.fsum, of_totals), map(sum, of_sizes), strict=True))
    totals: defaultdict[str, list[float]] = defaultdict(list)
    sizes: defaultdict[str, int] = defaultdict(int)
    for row in of_cells:
        for cluster, total, n in zip(row.clusters, row.totals, row.sizes, strict=True):
            totals[cluster].append(total)
            sizes[cluster] += n
    return list(zip(map(math.fsum, totals.values()), sizes.values(), strict=True))


def _estimate(interval: Interval) -> Estimate | None:
    if interval.rate is None or interval.low is None or interval.high is None:
        return None
    return Estimate(interval.rate, interval.low, interval.high, interval.comparisons)


def _with_kappa(rates: Sequence[LeakRate]) -> list[LeakRate]:
    """The same rates, each with its kappa with every other metric's rate of its category."""
    by_category: defaultdict[str, list[LeakRate]] = defaultdict(list)
    for rate in rates:
        by_category[rate.category].append(rate)
    return [replace(rate, kappa=_kappas(rate, by_category[rate.category])) for rate in rates]


def _kappas(rate: LeakRate, of_category: Iterable[LeakRate]) -> dict[str, float]:
    """By the other metric's name; without those for which there is no kappa."""
    others = [other for other in of_category if other.metric != rate.metric]
    return {other.metric: kappa for other in others if (kappa := _kappa(rate, other)) is not None}


def _kappa(rate: LeakRate, other: LeakRate) -> float | None:
    agreement = rate.measures.get(agreement_with(other.metric))
    shares, other_shares = _score_shares(rate), _score_shares(other)
    if agreement is None or shares is None or other_shares is None:
        return None
    # Marginals and agreement must speak of the same comparisons.
    if not agreement.n == rate.comparisons == other.comparisons:
        return None
    return cohens_kappa(agreement.share / 100, shares, other_shares)


def _score_shares(rate: LeakRate) -> ScoreShares | None:
    tie = rate.measures.get(TIE)
    return None if rate.rate is None or tie is None else ScoreShares.from_rate(rate.rate / 100, tie.share / 100)


def _count(strata: Strata) -> int:
    return round(math.fsum(total for clusters in strata for total, _ in clusters))
