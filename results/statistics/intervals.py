"""The 95 % interval of a rate whose comparisons are dependent within clusters; knows nothing of runs or storage."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

# Not scipy.stats, which has the same quantiles: importing it takes a second, which every command would wait.
from scipy.special import betaincinv

from results.statistics.degrees_of_freedom import degrees_of_freedom, quantile_of_t

TAIL = 0.025
FEWEST_FOR_JACKKNIFE = 3
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


def rate_with_interval(clusters: Sequence[tuple[float, int]]) -> Interval:
    """The mean over all comparisons, and an interval that treats whole clusters as the independent units.

    Each cluster is (sum of its comparisons' values, each in [0, 1]; their number). low <= rate <= high within
    [0, 100], and low < high: an interval never has width 0, however alike the clusters are. Raises ValueError for a sum
    that no such values have.
    """
    # Sorted, so that the order in which clusters arrive cannot change the last digit.
    measured = sorted((float(total), n) for total, n in clusters if n > 0)
    for total, n in measured:
        if not -ROUNDING * n <= total <= (1 + ROUNDING) * n:  # also where it is NaN
            raise ValueError(f"{n} values in [0, 1] cannot add up to {total}")
    if not measured:
        return Interval(None, None, None, 0, 0)
    comparisons = sum(n for _, n in measured)
    rate = math.fsum(total for total, _ in measured) / comparisons
    low, high = _jackknife(rate, measured) or _clopper_pearson(rate, len(measured))
    # The back-transformed bounds are rounded, and may pass a rate that lies upon them by a last digit.
    return Interval(100 * rate, 100 * min(low, rate), 100 * max(high, rate), comparisons, len(measured))


def none_with_interval(comparisons: int, clusters: int) -> Interval:
    """The rate of values that are all 0, of so many comparisons in so many clusters, one at least."""
    return Interval(0.0, 0.0, 100 * _clopper_pearson(0.0, clusters)[1], comparisons, clusters)


def _jackknife(rate: float, clusters: Sequence[tuple[float, int]]) -> tuple[float, float] | None:
    """Delete-one-cluster jackknife of logit(rate) with Student's t, back-transformed; None where it has no answer.

    Standard error: Efron and Tibshirani 1993, An Introduction to the Bootstrap, equation 11.5, with clusters as the
    units; t: Tukey 1958, with the degrees of freedom that unequal clusters leave.
    """
    # Numbers, not arrays: clusters are a few dozen, and a run has hundreds of cells and measures to give intervals.
    count = len(clusters)
    if count < FEWEST_FOR_JACKKNIFE:
        return None
    whole, size = math.fsum(total for total, _ in clusters), sum(n for _, n in clusters)
    without_one = [(whole - total) / (size - n) for total, n in clusters]
    least, most = min(without_one), max(without_one)
    if min(rate, 1 - rate, least, 1 - most, most - least) <= ROUNDING:
        return None
    logits = [_logit(share) for share in without_one]
    mean = math.fsum(logits) / count
    error = math.sqrt((count - 1) / count * math.fsum((each - mean) ** 2 for each in logits))
    half_width = quantile_of_t(degrees_of_freedom([n for _, n in clusters]), 1 - TAIL) * error
    return _expit(_logit(rate) - half_width), _expit(_logit(rate) + half_width)


def _logit(share: float) -> float:
    return math.log(share / (1 - share))


def _expit(value: float) -> float:
    # tanh saturates where exp would overflow.
    return (1 + math.tanh(value / 2)) / 2


def _clopper_pearson(rate: float, clusters: int) -> tuple[float, float]:
    """Clopper and Pearson 1934 with rate x clusters successes of so many clusters; the successes may be fractional,
    so the bounds are the Beta quantiles that equal the binomial ones for whole numbers."""
    successes = rate * clusters
    failures = (1 - rate) * clusters
    low = float(betaincinv(successes, failures + 1, TAIL)) if rate > ROUNDING else 0.0
    high = float(betaincinv(successes + 1, failures, 1 - TAIL)) if 1 - rate > ROUNDING else 1.0
    return low, high
