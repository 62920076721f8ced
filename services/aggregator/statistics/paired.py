"""The difference of two rates whose comparisons pair up, with the cluster as the independent unit."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

# Not scipy.stats: importing it takes a second, which every command would wait.
from scipy.special import stdtrit

TAIL = 0.025
POWER = 0.8
MOST_CLUSTERS_ENUMERATED = 20
RANDOM_FLIPS = 9_999
ROUNDING = 1e-12


@dataclass(frozen=True)
class Effect:
    """A difference in points with its 95 % interval, p-value, and the effect that would be found with 80 % power.

    All five are None where nothing pairs; `detectable` is None too where the noise cannot be estimated.
    """

    effect: float | None
    low: float | None
    high: float | None
    p: float | None
    detectable: float | None
    pairs: int
    clusters: int


def paired_effect(clusters: Sequence[tuple[float, int]]) -> Effect:
    """The mean difference over all pairs, each pair a test's mean score in one run minus the other's, in [-1, 1].

    Each cluster is (sum of its pairs' differences; their number).
    """
    paired = sorted((float(total), n) for total, n in clusters if n > 0)
    if not paired:
        return Effect(None, None, None, None, None, 0, 0)
    totals = np.array([total for total, _ in paired])
    sizes = np.array([n for _, n in paired])
    pairs, count = int(sizes.sum()), len(paired)
    effect = math.fsum(totals) / pairs
    error = _jackknife_error(totals, sizes) if count > 1 else None
    half_width = _half_width(error, count, pairs)
    return Effect(
        effect=100 * effect,
        low=100 * max(-1.0, effect - half_width),
        high=100 * min(1.0, effect + half_width),
        p=sign_flip_p(totals),
        detectable=100 * error * detectable_multiple(count) if error else None,
        pairs=pairs,
        clusters=count,
    )


def sign_flip_p(totals: NDArray[np.float64]) -> float:
    """Two-sided p of no difference: how often the clusters' sums, their signs flipped at random, add up as far from 0.

    Without a difference the two runs of a cluster could be exchanged. All flips are counted up to 20 clusters, then
    9,999 random ones, always the same. Sources: Fisher 1935, The Design of Experiments, section 21, with clusters as
    the units (Gail et al. 1996); the observed one counted in: Phipson and Smyth 2010.
    """
    observed = abs(math.fsum(totals)) - ROUNDING * max(1.0, float(np.abs(totals).sum()))
    if len(totals) <= MOST_CLUSTERS_ENUMERATED:
        # The first sign stays: all flips come in pairs of equal distance from 0.
        sums = totals[:1]
        for total in totals[1:]:
            sums = np.concatenate((sums + total, sums - total))
        return float(np.mean(np.abs(sums) >= observed))
    flipped = np.abs(_random_flips(len(totals)) @ totals)
    return (1 + int(np.sum(flipped >= observed))) / (1 + RANDOM_FLIPS)


@lru_cache(maxsize=16)
def _random_flips(clusters: int) -> NDArray[np.float64]:
    # Drawing them takes longer than all the rest of a comparison, and many categories have as many clusters.
    heads = np.random.default_rng(0).integers(0, 2, size=(RANDOM_FLIPS, clusters))
    return (2 * heads - 1).astype(np.float64)


def detectable_multiple(clusters: int, power: float = POWER) -> float:
    """Standard errors that an effect must measure to be found with this power, two-sided at 5 %.

    Source: Bloom 1995, Minimum detectable effects, with clusters - 1 degrees of freedom.
    """
    return float(stdtrit(clusters - 1, 1 - TAIL) + stdtrit(clusters - 1, power))


def _jackknife_error(totals: NDArray[np.float64], sizes: NDArray[np.int64]) -> float:
    """Standard error of the mean difference by deleting one cluster at a time: Efron and Tibshirani 1993, 11.5."""
    without_one = (totals.sum() - totals) / (sizes.sum() - sizes)
    error = math.sqrt((len(sizes) - 1) / len(sizes) * math.fsum((without_one - without_one.mean()) ** 2))
    return error if error > ROUNDING else 0.0


def _half_width(error: float | None, clusters: int, pairs: int) -> float:
    """Student's t with clusters - 1 degrees of freedom, on the scale of differences."""
    if error is None:
        return 2.0  # one cluster says nothing of how clusters differ
    if error == 0:
        # No pair differs from another: what share of pairs could, and not have been seen (Clopper and Pearson 1934)?
        return 1 - math.pow(TAIL, 1 / pairs)
    return float(stdtrit(clusters - 1, 1 - TAIL)) * error
