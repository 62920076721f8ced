"""The difference of a run's rate and a reference's whose comparisons pair up, with the cluster as independent unit."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# Not scipy.stats: importing it takes a second, which every command would wait.
from scipy.special import betaincinv

from results.statistics.degrees_of_freedom import degrees_of_freedom, quantile_of_t
from results.statistics.intervals import FEW

Floats = NDArray[np.float64]

TAIL = 0.025
POWER = 0.8
MOST_ENUMERATED = 2**20
RANDOM_EXCHANGES = 9_999
ROUNDING = 1e-12


@dataclass(frozen=True)
class Cluster:
    """What pairs in one cluster: `totals` are the sums of its tests' mean scores in the run, then in each run of the
    reference; `lowest` and `highest` are the least and the greatest difference of one test."""

    totals: tuple[float, ...]
    pairs: int
    lowest: float
    highest: float

    @classmethod
    def from_scores(cls, scores: Sequence[Sequence[float]]) -> "Cluster":
        """From each test's mean score in [0, 1]: the run's, then those of one or more runs of the reference.

        Raises ValueError for another score.
        """
        table = np.array(scores, dtype=np.float64)
        if not (table.min() >= -ROUNDING and table.max() <= 1 + ROUNDING):  # also where one is NaN
            raise ValueError("a mean score is not in [0, 1]")
        differences = table[0] - table[1:].mean(axis=0)
        totals = tuple(math.fsum(of_run) for of_run in table)
        return cls(totals, table.shape[1], float(differences.min()), float(differences.max()))

    @property
    def differences(self) -> Floats:
        """The run's total less the mean of the reference's, and what it were, had each other run been the run."""
        totals = np.array(self.totals)
        return totals - (math.fsum(self.totals) - totals) / (len(totals) - 1)


@dataclass(frozen=True)
class Effect:
    """A difference in points with its 95 % interval, its p-value, the smallest p that it could have had (`least_p`),
    and the effect that would be found with a power of about 80 % (`detectable`; `detectable_multiple` says how nearly).

    All six are None where nothing pairs; `detectable` is None too where the noise cannot be estimated, and where the
    clusters and runs are too few for any p < 0.05.
    """

    effect: float | None
    low: float | None
    high: float | None
    p: float | None
    least_p: float | None
    detectable: float | None
    pairs: int
    clusters: int


def paired_effect(clusters: Sequence[Cluster]) -> Effect:
    """The mean difference over all pairs, each a test's mean score in the run less the mean of the reference's."""
    if not clusters:
        return Effect(None, None, None, None, None, None, 0, 0)
    # Sorted, so that the order in which clusters arrive cannot change the last digit.
    paired = sorted(clusters, key=lambda cluster: (cluster.differences[0], cluster.totals, cluster.pairs))
    differences = [cluster.differences for cluster in paired]
    totals = np.array([observed[0] for observed in differences])
    sizes = np.array([cluster.pairs for cluster in paired])
    effect = math.fsum(totals) / int(sizes.sum())
    error = _jackknife_error(totals, sizes) if len(paired) > 1 else None
    half_width = _half_width(error, totals, sizes, paired)
    reached = p_below(2 * TAIL, _distinct_exchanges(paired))
    return Effect(
        effect=100 * effect,
        low=100 * max(-1.0, effect - half_width),
        high=100 * min(1.0, effect + half_width),
        p=exchange_p(differences),
        least_p=least_p(differences),
        detectable=100 * error * detectable_multiple(_degrees(sizes), reached) if error and reached else None,
        pairs=int(sizes.sum()),
        clusters=len(paired),
    )


def exchange_p(clusters: Sequence[Floats]) -> float:
    """Two-sided p of no difference: how often the clusters' differences add up as far from 0 when in each one any of
    its runs, all as likely, takes the run's place.

    A cluster has its differences by which run is in that place; the first is what was observed. Without a difference
    the runs of a cluster are exchangeable; of two runs that makes a flip of the difference's sign. Exchanges that make
    a difference are all counted up to a million, else 9,999 random ones, always the same. What all jobs of a run have
    in common is a difference here. Sources: Fisher 1935, The Design of Experiments, section 21, with clusters as the
    units (Gail et al. 1996); any of several runs: Pitman 1938; the observed one counted in: Phipson and Smyth 2010.
    """
    observed = abs(math.fsum(differences[0] for differences in clusters)) - _rounding(clusters)
    moving = _moving(clusters)
    if _all_are_counted(moving):
        sums = np.zeros(1)
        for differences in moving:
            sums = np.add.outer(sums, differences).ravel()
        return float(np.mean(np.abs(sums) >= observed))
    draw = np.random.default_rng(0)
    sums = np.zeros(RANDOM_EXCHANGES)
    for differences in clusters:
        sums += differences[draw.integers(len(differences), size=RANDOM_EXCHANGES)]
    return (1 + int(np.sum(np.abs(sums) >= observed))) / (1 + RANDOM_EXCHANGES)


def least_p(clusters: Sequence[Floats]) -> float:
    """The smallest p that `exchange_p` can have for clusters with these differences, whichever of them is observed.

    It is how probable those exchanges are whose sum lies farthest from 0. That follows from which differences there
    are, and not from which run has which: without a difference it tells nothing of p, and tests may be chosen by it.
    Source: Tarone 1990, A modified Bonferroni method for discrete data.
    """
    rounding = _rounding(clusters)
    most, least = ([each.max() for each in clusters], [each.min() for each in clusters])
    up, down = math.fsum(most), -math.fsum(least)
    probability = 0.0
    if up >= down - rounding:
        probability += math.prod(
            float(np.mean(each >= top - rounding)) for each, top in zip(clusters, most, strict=True)
        )
    if down >= up - rounding:
        probability += math.prod(
            float(np.mean(each <= top + rounding)) for each, top in zip(clusters, least, strict=True)
        )
    # Where no run differs from another, all exchanges lie farthest, both up and down.
    probability = min(1.0, probability)
    return probability if _all_are_counted(_moving(clusters)) else max(probability, 1 / (1 + RANDOM_EXCHANGES))


def p_below(level: float, exchanges: float) -> float:
    """The largest p below `level`, in (0, 1), where p is a multiple of 1 / `exchanges`; 0 where there is none."""
    return (math.ceil(level * exchanges) - 1) / exchanges


def detectable_multiple(degrees: float, level: float, power: float = POWER) -> float:
    """Standard errors that an effect must measure to have a p of at most `level`, two-sided, with this power.

    `level`, in (0, 1), is to be one that p can have; `degrees` are the standard error's degrees of freedom. Source:
    Bloom 1995, Minimum detectable effects. That is made for the t test, and exchanges differ from it where there are
    few: simulated normal differences of two runs are found with 71 % in six clusters, 78 % in seven and 79 to 81 % in
    more, those to the mean of several runs with more than 80 %.
    """
    return quantile_of_t(degrees, 1 - level / 2) + quantile_of_t(degrees, power)


def _distinct_exchanges(clusters: Sequence[Cluster]) -> float:
    """How many exchanges can lie at distances of their own: of two runs each has a mirror image that lies as far."""
    runs = [len(cluster.totals) for cluster in clusters]
    # More make no difference to a p, and would be no float.
    return float(min(math.prod(runs) // (2 if max(runs) == 2 else 1), 2**1000))


def _moving(clusters: Sequence[Floats]) -> list[Floats]:
    """The clusters in which it makes a difference which run takes the run's place: the others add 0 to every sum."""
    return [differences for differences in clusters if float(np.abs(differences).max()) > ROUNDING]


def _all_are_counted(moving: Sequence[Floats]) -> bool:
    return math.prod(len(differences) for differences in moving) <= MOST_ENUMERATED


def _rounding(clusters: Sequence[Floats]) -> float:
    """How far apart sums of the clusters' differences may lie that would be the same if they were not rounded."""
    return ROUNDING * max(1.0, sum(float(np.abs(differences).max()) for differences in clusters))


def _jackknife_error(totals: Floats, sizes: NDArray[np.int64]) -> float:
    """Standard error of the mean difference by deleting one cluster at a time: Efron and Tibshirani 1993, 11.5."""
    without_one = (totals.sum() - totals) / (sizes.sum() - sizes)
    error = math.sqrt((len(sizes) - 1) / len(sizes) * math.fsum((without_one - without_one.mean()) ** 2))
    return error if error > ROUNDING else 0.0


def _degrees(sizes: NDArray[np.int64]) -> float:
    return degrees_of_freedom(tuple(sizes.tolist()))


def _half_width(error: float | None, totals: Floats, sizes: NDArray[np.int64], clusters: Sequence[Cluster]) -> float:
    """Student's t on the scale of differences; more where most clusters agree.

    Few clusters that differ from the others say little of how often clusters do. The half-width is then at least that
    of clusters that are alike in every pair; and at least by how much oftener they could differ (Clopper and Pearson
    1934), times what one that differs adds to the effect, in root mean square.
    """
    if error is None:
        return 2.0  # one cluster says nothing of how clusters differ
    count, pairs = len(clusters), int(sizes.sum())
    student = quantile_of_t(_degrees(sizes), 1 - TAIL) * error
    # What more than half of the clusters have in common is their median.
    apart = totals - np.median(totals / sizes) * sizes
    differ = np.abs(apart) > ROUNDING * sizes
    few = int(differ.sum())
    if few >= FEW or 2 * few >= count:
        return student
    if few == 0:
        # Of the pairs, where they are all alike; of the clusters, where only their means happen to be.
        alike = max(each.highest for each in clusters) - min(each.lowest for each in clusters) <= ROUNDING
        return _unseen(pairs if alike else count)
    oftener = float(betaincinv(few + 1, count - few, 1 - TAIL)) - few / count
    added = math.sqrt(float(np.mean(apart[differ] ** 2))) * count / pairs
    return max(student, _unseen(pairs), oftener * added)


def _unseen(number: int) -> float:
    """The share that could differ, where none of so many does (Clopper and Pearson 1934)."""
    return 1 - math.pow(TAIL, 1 / number)
