"""The difference of a run's rate and a reference's whose comparisons pair up, with the cluster as independent unit."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from operator import sub

import numpy as np
from numpy.typing import NDArray

from results.statistics.degrees_of_freedom import degrees_of_freedom, quantile_of_t
from results.statistics.intervals import FEW, clopper_pearson

Floats = NDArray[np.float64]

TAIL = 0.025
EQUIVALENCE_TAIL = 0.05
"""Two one-sided tests at 5 % are a 90 % interval: Schuirmann 1987."""
TAILS = (TAIL, EQUIVALENCE_TAIL)
POWER = 0.8
MOST_ENUMERATED = 2**20
RANDOM_EXCHANGES = 9_999
ROUNDING = 1e-12


@dataclass(frozen=True)
class Cluster:
    """What pairs in one cluster: `totals` are the sums of its tests' mean scores in the run, then in each run of the
    reference; `identical` says that no test differs in anything from any of these."""

    totals: tuple[float, ...]
    pairs: int
    identical: bool

    @classmethod
    def from_scores(cls, scores: Sequence[Sequence[float]]) -> "Cluster":
        """From each test's mean score in [0, 1]: the run's, then those of one or more runs of the reference.

        Raises ValueError for another score.
        """
        # Without arrays: a job has few tests, and there are thousands of these.
        totals = tuple(map(math.fsum, scores))
        if any(map(math.isnan, totals)) or min(map(min, scores)) < -ROUNDING or max(map(max, scores)) > 1 + ROUNDING:
            raise ValueError("a mean score is not in [0, 1]")
        run, *others = scores
        # From each of the others: a run may lie upon the mean of runs that differ.
        identical = all(max(map(abs, map(sub, run, other))) <= ROUNDING for other in others)
        return cls(totals, len(run), identical)

    @cached_property
    def observed(self) -> float:
        """The run's total less the mean of the reference's."""
        # Of two runs without a detour, which would round: the other way round it is the same with the other sign.
        first, *others = self.totals
        return first - (others[0] if len(others) == 1 else (math.fsum(self.totals) - first) / len(others))

    @cached_property  # asked for by every cell, and by the p of all of them
    def differences(self) -> Floats:
        """The run's total less the mean of the reference's, and what it were, had each other run been the run."""
        totals = np.array(self.totals)
        if len(totals) == 2:
            return np.asarray(totals - totals[::-1])
        return totals - (math.fsum(self.totals) - totals) / (len(totals) - 1)


@dataclass(frozen=True)
class Effect:
    """A difference in points with its 95 % interval and its p-value.

    It is smaller than `within` points in either direction, with 5 % to be wrong: the farther end of its 90 % interval.
    `detectable` is the effect that would be found with a power of about 80 %; `detectable_multiple` says how nearly.
    All are None where nothing pairs; `detectable` is None too where the noise cannot be estimated, where the clusters
    and runs are too few for any p < 0.05, and where not even 100 points would be found. `identical` says that no pair
    differs in anything. Against several runs p is at least `least_p`, which is what their own spread makes of the
    effect; else that is 0.
    """

    effect: float | None
    low: float | None
    high: float | None
    p: float | None
    within: float | None
    detectable: float | None
    pairs: int
    clusters: int
    identical: bool
    least_p: float = 0.0


@dataclass(frozen=True)
class RunSpread:
    """How far a further run lies from the mean of the reference's runs, by how these differ: standard error, and the
    degrees of freedom, one less than there are runs."""

    error: float
    degrees: int

    def half_width(self, tail: float) -> float:
        """Of the interval that leaves out so much on either side; 0 where all runs are alike."""
        return quantile_of_t(self.degrees, 1 - tail) * self.error if self.error else 0.0

    def p(self, effect: float) -> float:
        """Two-sided p of an effect this large; 0 where all runs are alike."""
        # Not above, where services and commands would wait for it. Not scipy.stats, which imports for a second.
        from scipy.special import stdtr

        return 2 * float(stdtr(self.degrees, -abs(effect) / self.error)) if self.error else 0.0


NO_SPREAD = RunSpread(0.0, 1)


def paired_effect(clusters: Sequence[Cluster], p: float | None = None) -> Effect:
    """The mean difference over all pairs, each a test's mean score in the run less the mean of the reference's.

    `p` is given where it comes from another exchange than that of runs within clusters.
    """
    if not clusters:
        return Effect(None, None, None, None, None, None, 0, 0, identical=False)
    paired = _in_one_order(clusters)
    totals = np.array([cluster.observed for cluster in paired])
    sizes = np.array([cluster.pairs for cluster in paired])
    effect = math.fsum(totals) / int(sizes.sum())
    error = _jackknife_error(totals, sizes) if len(paired) > 1 else None
    spread = run_spread(paired)
    half_width, narrower = (
        math.hypot(of_clusters, spread.half_width(tail))
        for tail, of_clusters in zip(TAILS, _half_widths(error, totals, sizes), strict=True)
    )
    least_p = spread.p(effect)
    return Effect(
        effect=100 * effect,
        low=100 * max(-1.0, effect - half_width),
        high=100 * min(1.0, effect + half_width),
        p=max(least_p, exchange_p([cluster.differences for cluster in paired]) if p is None else p),
        within=100 * min(1.0, abs(effect) + narrower),
        detectable=_detectable(error, paired, sizes, spread),
        pairs=int(sizes.sum()),
        clusters=len(paired),
        identical=all(cluster.identical for cluster in paired),
        least_p=least_p,
    )


def _in_one_order(clusters: Sequence[Cluster]) -> list[Cluster]:
    """Sorted, so that the order in which clusters arrive cannot change the last digit.

    So too for the same two runs the other way round, whose differences are turned: random exchanges go in this order.
    """
    down = math.fsum(cluster.observed for cluster in clusters) < 0
    return sorted(clusters, key=lambda cluster: _turned(cluster) if down else _as_it_is(cluster))


def _as_it_is(cluster: Cluster) -> tuple[float, tuple[float, ...], int]:
    return cluster.observed, cluster.totals, cluster.pairs


def _turned(cluster: Cluster) -> tuple[float, tuple[float, ...], int]:
    return -cluster.observed, cluster.totals[::-1], cluster.pairs


def run_spread(clusters: Sequence[Cluster]) -> RunSpread:
    """Of the reference's runs, over the clusters that all of them have; nothing where it is one run.

    Source: Student's prediction of one more run from k: t with k - 1 degrees of freedom, times s sqrt(1 + 1 / k).
    """
    runs = max(len(cluster.totals) for cluster in clusters) - 1
    if runs < 2:
        return NO_SPREAD
    whole = [cluster for cluster in clusters if len(cluster.totals) == runs + 1]
    pairs = sum(cluster.pairs for cluster in whole)
    means = [math.fsum(of_run) / pairs for of_run in list(zip(*(cluster.totals for cluster in whole), strict=True))[1:]]
    error = math.sqrt(float(np.var(means, ddof=1)) * (1 + 1 / runs))
    return RunSpread(error if error > ROUNDING else 0.0, runs - 1)


def _detectable(
    error: float | None, clusters: Sequence[Cluster], sizes: NDArray[np.int64], spread: RunSpread
) -> float | None:
    reached = p_below(2 * TAIL, _distinct_exchanges(clusters))
    if not error or not reached:
        return None
    of_days = detectable_multiple(spread.degrees, 2 * TAIL) * spread.error
    found = math.hypot(error * detectable_multiple(_degrees(sizes), reached), of_days)
    return 100 * found if found <= 1 else None


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
    sums, drawn = np.zeros((2, RANDOM_EXCHANGES))
    for differences, chosen in zip(clusters, _drawn(tuple(map(len, clusters))), strict=True):
        sums += differences.take(chosen, out=drawn, mode="clip")  # in place: as an index it takes twice as long
    return (1 + int(np.sum(np.abs(sums) >= observed))) / (1 + RANDOM_EXCHANGES)


@lru_cache(maxsize=2)  # the cells of a comparison have nearly all the same clusters, and to draw takes longest
def _drawn(runs: tuple[int, ...]) -> list[NDArray[np.uint16]]:
    """For each cluster, by its number of runs, which of them each random exchange takes."""
    draw = np.random.default_rng(0)
    return [draw.integers(count, size=RANDOM_EXCHANGES).astype(np.uint16) for count in runs]


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
    return [differences for differences in clusters if moves(differences)]


def moves(differences: Floats) -> bool:
    """Whether it makes a difference to a cluster which of its runs takes the run's place."""
    return float(np.abs(differences).max()) > ROUNDING


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


def _half_widths(error: float | None, totals: Floats, sizes: NDArray[np.int64]) -> Sequence[float]:
    """By tail, Student's t on the scale of differences; more where most clusters agree.

    Few clusters that differ from the others say little of how often clusters do. The half-width is then at least the
    share of clusters that could differ wholly where none of so many does; and at least by how much oftener they could
    differ (both Clopper and Pearson 1934), times what one that differs adds to the effect, in root mean square. They
    count, and not their pairs: what reaches a cluster may reach all that is in it.
    """
    if error is None:
        return [2.0 for _ in TAILS]  # one cluster says nothing of how clusters differ
    count = len(sizes)
    degrees = _degrees(sizes)
    students = [quantile_of_t(degrees, 1 - tail) * error for tail in TAILS]
    # What more than half of the clusters have in common is their median.
    apart = totals - np.median(totals / sizes) * sizes
    differ = np.abs(apart) > ROUNDING * sizes
    few = int(differ.sum())
    if few >= FEW or 2 * few >= count:
        return students
    unseen = [clopper_pearson(0, count, tail)[1] for tail in TAILS]
    if few == 0:
        return unseen
    oftener = [clopper_pearson(few, count, tail)[1] - few / count for tail in TAILS]
    added = math.sqrt(float(np.mean(apart[differ] ** 2))) * count / int(sizes.sum())
    return [max(width, none, more * added) for width, none, more in zip(students, unseen, oftener, strict=True)]
