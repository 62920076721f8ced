"""The 95 % interval of a rate whose comparisons are dependent within clusters; knows nothing of runs or storage."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# Not scipy.stats, which has the same quantiles: importing it takes a second, which every command would wait.
from scipy.special import betaincinv, expit, logit, stdtrit

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
    [0, 100], and low < high: an interval never has width 0, however alike the clusters are.
    """
    # Sorted, so that the order in which clusters arrive cannot change the last digit.
    measured = sorted((float(total), n) for total, n in clusters if n > 0)
    if not measured:
        return Interval(None, None, None, 0, 0)
    totals = np.array([total for total, _ in measured])
    sizes = np.array([n for _, n in measured])
    rate = math.fsum(totals) / int(sizes.sum())
    low, high = _jackknife(rate, totals, sizes) or _clopper_pearson(rate, len(measured))
    # The back-transformed bounds are rounded, and may pass a rate that lies upon them by a last digit.
    return Interval(100 * rate, 100 * min(low, rate), 100 * max(high, rate), int(sizes.sum()), len(measured))


def _jackknife(rate: float, totals: NDArray[np.float64], sizes: NDArray[np.int64]) -> tuple[float, float] | None:
    """Delete-one-cluster jackknife of logit(rate) with Student's t, back-transformed; None where it has no answer.

    Standard error: Efron and Tibshirani 1993, An Introduction to the Bootstrap, equation 11.5, with clusters as the
    units; t with (clusters - 1) degrees of freedom: Tukey 1958.
    """
    if len(sizes) < FEWEST_FOR_JACKKNIFE:
        return None
    without_one = (math.fsum(totals) - totals) / (sizes.sum() - sizes)
    at_an_end = min(rate, 1 - rate, without_one.min(), 1 - without_one.max()) <= ROUNDING
    if at_an_end or np.ptp(without_one) <= ROUNDING:
        return None
    count = len(sizes)
    logits = logit(without_one)
    error = math.sqrt((count - 1) / count * math.fsum((logits - logits.mean()) ** 2))
    half_width = float(stdtrit(count - 1, 1 - TAIL)) * error
    return float(expit(logit(rate) - half_width)), float(expit(logit(rate) + half_width))


def _clopper_pearson(rate: float, clusters: int) -> tuple[float, float]:
    """Clopper and Pearson 1934 with rate x clusters successes of so many clusters; the successes may be fractional,
    so the bounds are the Beta quantiles that equal the binomial ones for whole numbers."""
    successes = rate * clusters
    failures = (1 - rate) * clusters
    low = float(betaincinv(successes, failures + 1, TAIL)) if rate > ROUNDING else 0.0
    high = float(betaincinv(successes + 1, failures, 1 - TAIL)) if 1 - rate > ROUNDING else 1.0
    return low, high
