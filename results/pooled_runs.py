"""Rates of several runs of one condition together, such as a fine-tune's seeds: each run is a cluster of its own."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence

from results.comparison import DECODING
from results.losses import with_truncated
from results.rates import POOL_SEPARATOR
from results.runs import RunSummary
from results.statistics.intervals import Interval, rate_with_interval
from seep.answers import TRUNCATED
from seep.errors import InputError
from seep.provenance import AGAINST
from seep.records import Estimate, LeakRate

MUST_MATCH = (DECODING, "scoring", AGAINST, "detectors")
"""What runs of one condition share beside their prompts. Their models differ: those are the seeds."""


def check_poolable(summaries: Sequence[RunSummary]) -> None:
    """Raises InputError for runs that are no repeats of one condition: the same run twice, or of other prompts,
    decoding or scoring."""
    ids = [summary.run_id for summary in summaries]
    if len(set(ids)) < len(ids):
        raise InputError(f"runs {', '.join(ids)}: expected each once")
    first, *others = summaries
    for other in others:
        if (other.probe, other.suite_hash) != (first.probe, first.suite_hash):
            raise InputError(f"runs {first.run_id} and {other.run_id}: expected the same suite, to pool them")
        if differing := [name for name in MUST_MATCH if first.provenance.get(name) != other.provenance.get(name)]:
            raise InputError(f"runs {first.run_id} and {other.run_id}: expected the same {differing[0]}, to pool them")


def pooled_rates(runs: Sequence[Sequence[LeakRate]]) -> list[LeakRate]:
    """The rates of each metric and category over all runs, in the order of the first; those of one run as they are.

    How runs differ, whatever in them does, is what the interval tells: it speaks of runs like these, and `clusters`
    counts them. There is no `above_placebo` of them, and no kappa. A run in which nothing was measured counts for
    nothing; its expected comparisons are missing.
    """
    if len(runs) == 1:
        return list(runs[0])
    by_cell: defaultdict[tuple[str, str], list[LeakRate]] = defaultdict(list)
    given = [rate for rates in runs for rate in rates]
    for rate in with_truncated(given, {rate.metric for rate in given if TRUNCATED in rate.measures}):
        by_cell[rate.metric, rate.category].append(rate)
    return [_pooled(rates) for rates in by_cell.values()]


def _pooled(rates: Sequence[LeakRate]) -> LeakRate:
    leak = rate_with_interval(
        [(rate.rate / 100 * n, n) for rate in rates if rate.rate is not None and (n := rate.comparisons)]
    )
    measures = {name: _measure(rates, name) for name in sorted(set[str]().union(*(rate.measures for rate in rates)))}
    return LeakRate(
        run_id=_joined(rates, lambda rate: rate.run_id),
        suite=_joined(rates, lambda rate: rate.suite),
        target=_joined(rates, lambda rate: rate.target),
        probe=rates[0].probe,
        metric=rates[0].metric,
        category=rates[0].category,
        rate=leak.rate,
        low=leak.low,
        high=leak.high,
        comparisons=leak.comparisons,
        clusters=leak.clusters,
        ties=sum(rate.ties for rate in rates),
        echoes=sum(rate.echoes for rate in rates),
        missing=sum(rate.missing for rate in rates),
        mixed=any(rate.mixed for rate in rates),
        measures={name: estimate for name, estimate in measures.items() if estimate},
        against=rates[0].against,
    )


def _measure(rates: Iterable[LeakRate], name: str) -> Estimate | None:
    there = [rate.measures[name] for rate in rates if name in rate.measures]
    return _estimate(rate_with_interval([(each.share / 100 * each.n, each.n) for each in there]))


def _estimate(interval: Interval) -> Estimate | None:
    if interval.rate is None or interval.low is None or interval.high is None:
        return None
    return Estimate(interval.rate, interval.low, interval.high, interval.comparisons)


def _joined(rates: Iterable[LeakRate], name: Callable[[LeakRate], str]) -> str:
    return POOL_SEPARATOR.join(dict.fromkeys(map(name, rates)))
