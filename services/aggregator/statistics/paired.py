"""The difference of a run's rate and a reference's whose comparisons pair up, with the cluster as independent unit."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# Not scipy.stats: importing it takes a second, which every command would wait.
from scipy.special import stdtrit

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
    def of(cls, scores: Sequence[Sequence[float]]) -> "Cluster":
        """From each test's mean score in [0, 1]: the run's, then those of one or more runs of the reference."""
        table = np.array(scores, dtype=np.float64)
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
    """A difference in points with its 95 % interval, p-value, and the effect that would be found with 80 % power.

    All five are None where nothing pairs; `detectable` is None too where the noise cannot be estimated, and where no
    effect could have p < 0.05.
    """

    effect: float | None
    low: float | None
    high: float | None
    p: float | None
    detectable: float | None
    pairs: int
    clusters: int


def paired_effect(clusters: Sequence[Cluster]) -> Effect:
    """The mean difference over all pairs, each a test's mean score in the run less the mean of the reference's."""
    if not clusters:
        return Effect(None, None, None, None, None, 0, 0)
    # Sorted, so that the order in which clusters arrive cannot change the last digit.
    paired = sorted(clusters, key=lambda cluster: (cluster.differences[0], cluster.totals, cluster.pairs))
    totals = np.array([cluster.differences[0] for cluster in paired])
    sizes = np.array([cluster.pairs for cluster in paired])
    effect = math.fsum(totals) / int(sizes.sum())
    error = _jackknife_error(totals, sizes) if len(paired) > 1 else None
    half_width = _half_width(error, paired)
    return Effect(
        effect=100 * effect,
        low=100 * max(-1.0, effect - half_width),
        high=100 * min(1.0, effect + half_width),
        p=exchange_p([cluster.differences for cluster in paired]),
        detectable=100 * error * detectable_multiple(len(paired)) if error and _can_prove(paired) else None,
        pairs=int(sizes.sum()),
        clusters=len(paired),
    )


def exchange_p(clusters: Sequence[Floats]) -> float:
    """Two-sided p of no difference: how often the clusters' differences add up as far from 0 when in each one any of
    its runs, all as likely, takes the run's place.

    A cluster has its differences by which run is in that place; the first is what was observed. Without a difference
    the runs of a cluster are exchangeable; of two runs that makes a flip of the difference's sign. All exchanges are
    counted up to a million, else 9,999 random ones, always the same. What all jobs of a run have in common is a
    difference here. Sources: Fisher 1935, The Design of Experiments, section 21, with clusters as the units (Gail et
    al. 1996); any of several runs: Pitman 1938; the observed one counted in: Phipson and Smyth 2010.
    """
    size = sum(float(np.abs(of).max()) for of in clusters)
    observed = abs(math.fsum(of[0] for of in clusters)) - ROUNDING * max(1.0, size)
    if math.prod(len(of) for of in clusters) <= MOST_ENUMERATED:
        sums = np.zeros(1)
        for of in clusters:
            sums = np.add.outer(sums, of).ravel()
        return float(np.mean(np.abs(sums) >= observed))
    draw = np.random.default_rng(0)
    sums = np.zeros(RANDOM_EXCHANGES)
    for of in clusters:
        sums += of[draw.integers(len(of), size=RANDOM_EXCHANGES)]
    return (1 + int(np.sum(np.abs(sums) >= observed))) / (1 + RANDOM_EXCHANGES)


def detectable_multiple(clusters: int, power: float = POWER) -> float:
    """Standard errors that an effect must measure to be found with this power, two-sided at 5 %.

    Source: Bloom 1995, Minimum detectable effects, with clusters - 1 degrees of freedom.
    """
    return float(stdtrit(clusters - 1, 1 - TAIL) + stdtrit(clusters - 1, power))


def _can_prove(clusters: Sequence[Cluster]) -> bool:
    """Whether p can fall below 5 % at all: two exchanges at least are as far from 0 as the farthest."""
    return 2 / math.prod(len(cluster.totals) for cluster in clusters) < 2 * TAIL


def _jackknife_error(totals: Floats, sizes: NDArray[np.int64]) -> float:
    """Standard error of the mean difference by deleting one cluster at a time: Efron and Tibshirani 1993, 11.5."""
    without_one = (totals.sum() - totals) / (sizes.sum() - sizes)
    error = math.sqrt((len(sizes) - 1) / len(sizes) * math.fsum((without_one - without_one.mean()) ** 2))
    return error if error > ROUNDING else 0.0


def _half_width(error: float | None, clusters: Sequence[Cluster]) -> float:
    """Student's t with clusters - 1 degrees of freedom, on the scale of differences."""
    if error is None:
        return 2.0  # one cluster says nothing of how clusters differ
    if error == 0:
        # Nothing differs from another: what share could, and not have been seen (Clopper and Pearson 1934)? Of the
        # pairs, where they are all alike; of the clusters, where only their means happen to be.
        alike = max(of.highest for of in clusters) - min(of.lowest for of in clusters) <= ROUNDING
        return 1 - math.pow(TAIL, 1 / (sum(of.pairs for of in clusters) if alike else len(clusters)))
    return float(stdtrit(len(clusters) - 1, 1 - TAIL)) * error
