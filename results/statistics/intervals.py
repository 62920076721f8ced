"""The 95 % interval of a rate whose comparisons are dependent within clusters; knows nothing of runs or storage."""

import math
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, repeat
from typing import TypeVar

from results.statistics.degrees_of_freedom import degrees_of_freedom, quantile_of_t

Number = TypeVar("Number", int, float)
Clusters = Sequence[tuple[float, int]]
"""Of each cluster the sum of its comparisons' values, each in [0, 1], and their number."""
TAIL = 0.025
FEWEST_FOR_JACKKNIFE = 3
# With fewer in each, their own spreads are known so badly that the interval would be wider.
FEWEST_IN_STRATUM = 5
Alike = Counter[tuple[float, int]]
"""How many clusters have the same sum and number: of hundreds there are dozens, and each is reckoned with once. What is
added up is rounded once (fsum), so that no order of the clusters changes the last digit."""
FEW = 10
"""So many clusters that differ from the others, or half of all, tell how clusters differ. With fewer, Student's t held
the truth in as few as 85 % of cases (differences in 1 to 20 % of 80 clusters, enumerated; jobs of which most tie)."""
# Rates closer than this are the same rate: the sums behind them are rounded to some 16 digits.
ROUNDING = 1e-12


@dataclass(frozen=True)
class Interval:
    """A rate with its 95 % interval, in percent; all three are None where nothing was measured."""

    rate: float | None
    low: float | None
    high: float | None
    comparisons: int
    clusters: int


def rate_with_interval(*strata: Clusters) -> Interval:
    """The mean over all comparisons, and an interval that treats whole clusters as the independent units.

    Clusters of several categories that the suite has for good are given as strata: how the categories differ is then no
    noise. Where a stratum has fewer than five, all are taken as one. low <= rate <= high within [0, 100], and
    low < high: an interval never has width 0, however alike the clusters are. Raises ValueError for a sum that no
    values in [0, 1] have.
    """
    measured = [alike for clusters in strata if (alike := _alike(clusters))]
    if not measured:
        return Interval(None, None, None, 0, 0)
    together = measured[0] if len(measured) == 1 else sum(measured, Counter())
    rates = sorted(_repeated([total / n for total, n in together], together.values()))
    comparisons = _size(together)
    rate = _total(together) / comparisons
    if math.isnan(rate) or rates[0] < -ROUNDING or rates[-1] > 1 + ROUNDING:
        raise ValueError("a cluster's sum is not one of values in [0, 1]")
    if min(alike.total() for alike in measured) < FEWEST_IN_STRATUM:
        measured = [together]
    low, high = _jackknife(rate, measured) or clopper_pearson(rate * len(rates), len(rates))
    down, up = _room(together, rates)
    low, high = max(0.0, min(low, rate - down)), min(1.0, max(high, rate + up))
    # The back-transformed bounds are rounded, and may pass a rate that lies upon them by a last digit.
    return Interval(100 * rate, 100 * min(low, rate), 100 * max(high, rate), comparisons, len(rates))


def none_with_interval(comparisons: int, clusters: int) -> Interval:
    """The rate of values that are all 0, of so many comparisons in so many clusters, one at least."""
    return Interval(0.0, 0.0, 100 * clopper_pearson(0, clusters)[1], comparisons, clusters)


def _jackknife(rate: float, strata: Sequence[Alike]) -> tuple[float, float] | None:
    """Delete-one-cluster jackknife of logit(rate) with Student's t, back-transformed; None where it has no answer.

    Standard error: Efron and Tibshirani 1993, An Introduction to the Bootstrap, equation 11.5, with clusters as the
    units; of strata: the squares add up, Rust and Rao 1996, Statistical Methods in Medical Research 5. Degrees of
    freedom of their sum: Satterthwaite 1946.
    """
    whole = sum(map(_size, strata))
    variances, degrees = [], []
    for alike in strata:
        if alike.total() < FEWEST_FOR_JACKKNIFE:
            return None
        without_one = _without_one(rate, alike, whole)
        least, most = min(without_one), max(without_one)
        if min(rate, 1 - rate, least, 1 - most) <= ROUNDING:
            return None
        variances.append(_variance(without_one, alike) if most - least > ROUNDING else 0)
        degrees.append(degrees_of_freedom(tuple(sorted(_repeated([n for _, n in alike], alike.values())))))
    variance = math.fsum(variances)
    if variance == 0:
        return None
    together = variance**2 / math.fsum(each**2 / of_it for each, of_it in zip(variances, degrees, strict=True))
    half_width = quantile_of_t(together if len(strata) > 1 else degrees[0], 1 - TAIL) * math.sqrt(variance)
    return expit(logit(rate) - half_width), expit(logit(rate) + half_width)


def _variance(without_one: Sequence[float], alike: Alike) -> float:
    return jackknife_variance([logit(share) for share in without_one], list(alike.values()))


def _without_one(rate: float, alike: Alike, whole: int) -> list[float]:
    """The rate of all `whole` comparisons without one cluster of each kind of a stratum, which keeps its weight."""
    # Numbers, not arrays: clusters are a few dozen, and a run has hundreds of cells and measures to give intervals.
    total, size = _total(alike), _size(alike)
    if size == whole:
        return [(total - t) / (size - n) for t, n in alike]
    return [rate + size / whole * ((total - t) / (size - n) - total / size) for t, n in alike]


def jackknife_variance(values: Sequence[float], times: Sequence[int]) -> float:
    """Of an estimate, from its values with each part left out, each so many times.

    Source: Efron and Tibshirani 1993, equation 11.5.
    """
    count = sum(times)
    mean = math.fsum(_repeated(values, times)) / count
    return (count - 1) / count * math.fsum(_repeated([(each - mean) ** 2 for each in values], times))


def _alike(clusters: Clusters) -> Alike:
    return Counter({(float(t), n): times for (t, n), times in Counter(clusters).items() if n > 0})


def _repeated(values: Iterable[Number], times: Iterable[int]) -> Iterator[Number]:
    return chain.from_iterable(map(repeat, values, times))


def _total(alike: Alike) -> float:
    return math.fsum(_repeated([t for t, _ in alike], alike.values()))


def _size(alike: Alike) -> int:
    return sum(n * times for (_, n), times in alike.items())


def logit(share: float) -> float:
    """Of a share strictly between 0 and 1."""
    return math.log(share / (1 - share))


def expit(value: float) -> float:
    """The share with this logit."""
    # tanh saturates where exp would overflow.
    return (1 + math.tanh(value / 2)) / 2


def _room(alike: Alike, rates: Sequence[float]) -> tuple[float, float]:
    """How far the rate may at least lie below and above the one found, where nearly all clusters have the same.

    Of a model that mostly ties, for instance, the few others say little of how often a cluster is no tie. So that share
    has the interval of Clopper and Pearson 1934, times what one such cluster adds to the rate, in root mean square.
    `rates` are the clusters' own, in order.
    """
    count = len(rates)
    common = (rates[(count - 1) // 2] + rates[count // 2]) / 2
    few = bisect_left(rates, common - ROUNDING) + count - bisect_right(rates, common + ROUNDING)
    if few == 0 or few >= FEW or 2 * few >= count:
        return 0.0, 0.0
    others = {kind: times for kind, times in alike.items() if abs(kind[0] / kind[1] - common) > ROUNDING}
    apart = list(_repeated([total - common * n for total, n in others], others.values()))
    rarer, oftener = clopper_pearson(few, count)
    added = math.sqrt(math.fsum(each**2 for each in apart) / few) * count / _size(alike)
    less, more = (few / count - rarer) * added, (oftener - few / count) * added
    if max(apart) < 0:
        return more, less
    return (less, more) if min(apart) > 0 else (max(less, more), max(less, more))


def clopper_pearson(successes: float, clusters: int, tail: float = TAIL) -> tuple[float, float]:
    """The interval of a share in [0, 1] that is left out by `tail` on either side: Clopper and Pearson 1934.

    Successes may be fractional: the bounds are Beta quantiles, which equal the binomial ones for whole numbers.
    """
    failures = clusters - successes
    # Not above: a list of runs computes nothing. Not scipy.stats, which has the same: it imports for a second.
    from scipy.special import betaincinv

    low = float(betaincinv(successes, failures + 1, tail)) if successes > ROUNDING * clusters else 0.0
    high = float(betaincinv(successes + 1, failures, 1 - tail)) if failures > ROUNDING * clusters else 1.0
    return low, high
