"""Leak rates from sums: per metric and category, over the whole suite, over pooled categories, per concept."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from seep.errors import InputError
from seep.records import LeakRate
from services.aggregator.intervals import rate_with_interval
from services.aggregator.sums import CellSum

ALL = "all"
POOL_SEPARATOR = "+"


@dataclass(frozen=True)
class RunFacts:
    """What a run's rates carry along: its names, the comparisons it expects per category (none before its manifest
    is there), the provenances of its jobs, each once, and the sets of categories that one comparison counts in, where
    that is more than one."""

    run: str
    suite: str
    target: str
    probe: str
    expected: Mapping[str, int] = field(default_factory=dict)
    provenances: Sequence[Mapping[str, str]] = ()
    shared: Sequence[frozenset[str]] = ()

    def sharing(self, categories: Iterable[str]) -> frozenset[str]:
        """Those of the categories that count the same comparison, whose mean is then no rate; empty where none do."""
        chosen = frozenset(categories)
        return next((chosen & together for together in self.shared if len(chosen & together) > 1), frozenset())

    @property
    def mixed(self) -> bool:
        """Whether the run's jobs differ in provenance, so that it must not be judged."""
        return len(self.provenances) > 1


def leak_rates(facts: RunFacts, sums: Iterable[CellSum], pools: Sequence[Sequence[str]] = ()) -> list[LeakRate]:
    """Rates per metric: each category by name, `all`, then the pools, named "1+2"; `sums` are by category.

    There is no `all` where a comparison counts in several categories. Raises InputError for a pool with a category that
    the run does not have, or with two that count the same comparison.
    """
    by_metric = _by_metric_and_cell(sums)
    categories = sorted(set(facts.expected).union(*by_metric.values()))
    listed = {category: [category] for category in categories}
    if not facts.sharing(categories):
        listed[ALL] = categories
    for pool in pools:
        _refuse_unpoolable(facts, pool, categories)
        listed[POOL_SEPARATOR.join(pool)] = sorted(set(pool))
    return [
        _rate(facts, metric, name, _pooled(cells, members), _missing(facts.expected, cells, members))
        for metric, cells in by_metric.items()
        for name, members in listed.items()
    ]


def leak_rates_by_concept(facts: RunFacts, sums: Iterable[CellSum]) -> list[LeakRate]:
    """Rates per metric: each concept by name, standing where the category stands; `sums` are by concept.

    `missing` is 0 throughout: what a run expects is known by category, not by concept. Raises InputError where a
    comparison counts in several categories.
    """
    if facts.shared:
        raise InputError(
            f"--by concept: run {facts.run} counts a comparison in several categories; see them one by one"
        )
    return [
        _rate(facts, metric, concept, rows, missing=0)
        for metric, cells in _by_metric_and_cell(sums).items()
        for concept, rows in sorted(cells.items())
    ]


def missing_comparisons(facts: RunFacts, sums: Iterable[CellSum]) -> int:
    """Expected comparisons that are not recorded, under the metric that lacks most; all where nothing is recorded."""
    of_metrics = [_missing(facts.expected, cells, facts.expected) for cells in _by_metric_and_cell(sums).values()]
    return max(of_metrics, default=sum(facts.expected.values()))


def common_provenance(provenances: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """The entries that all provenances agree on."""
    if not provenances:
        return {}
    first, *others = provenances
    return {key: value for key, value in first.items() if all(other.get(key) == value for other in others)}


def _by_metric_and_cell(sums: Iterable[CellSum]) -> dict[str, dict[str, list[CellSum]]]:
    grouped: defaultdict[str, defaultdict[str, list[CellSum]]] = defaultdict(lambda: defaultdict(list))
    for row in sums:
        grouped[row.metric][row.cell].append(row)
    return {metric: dict(cells) for metric, cells in sorted(grouped.items())}


def _refuse_unpoolable(facts: RunFacts, pool: Sequence[str], categories: Sequence[str]) -> None:
    for category in pool:
        if category not in categories:
            known = ", ".join(categories) or "none"
            raise InputError(f"pool: run {facts.run} has no category {category!r}; it has {known}")
    if sharing := facts.sharing(pool):
        raise InputError(f"pool: {' and '.join(sorted(sharing))} count the same comparisons: their mean is no rate")


def _pooled(cells: Mapping[str, list[CellSum]], members: Iterable[str]) -> list[CellSum]:
    return [row for member in members for row in cells.get(member, ())]


def _missing(expected: Mapping[str, int], cells: Mapping[str, list[CellSum]], members: Iterable[str]) -> int:
    # Member by member: comparisons that nobody expected must not make up for missing ones.
    return sum(max(0, expected.get(member, 0) - _comparisons(cells.get(member, ()))) for member in members)


def _comparisons(sums: Iterable[CellSum]) -> int:
    return sum(row.n for row in sums if row.measure == "leak")


def _rate(facts: RunFacts, metric: str, name: str, sums: Sequence[CellSum], missing: int) -> LeakRate:
    interval = rate_with_interval(_clusters(sums))
    return LeakRate(
        run=facts.run,
        suite=facts.suite,
        target=facts.target,
        probe=facts.probe,
        metric=metric,
        category=name,
        rate=interval.rate,
        low=interval.low,
        high=interval.high,
        comparisons=interval.comparisons,
        clusters=interval.clusters,
        ties=_count(sums, "tie"),
        echoes=_count(sums, "echo"),
        missing=missing,
        provenance=common_provenance(facts.provenances),
        mixed=facts.mixed,
    )


def _clusters(sums: Sequence[CellSum]) -> list[tuple[float, int]]:
    totals: defaultdict[str, float] = defaultdict(float)
    sizes: defaultdict[str, int] = defaultdict(int)
    # In a fixed order: sums of fractions then have the same last digit, however the rows arrived.
    for row in sorted(sums, key=lambda row: (row.cluster, row.cell, row.total)):
        if row.measure == "leak":
            totals[row.cluster] += row.total
            sizes[row.cluster] += row.n
    return [(total, sizes[cluster]) for cluster, total in totals.items()]


def _count(sums: Iterable[CellSum], measure: str) -> int:
    return round(sum(row.total for row in sums if row.measure == measure))
