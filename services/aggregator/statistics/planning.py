"""How many samples and jobs a comparison of two runs needs to find a change of a given size."""

import math
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import nctdtr, stdtrit

TAIL = 0.025
JOB_AUTOCORRELATION = 0.8
"""How much of what makes a job special in one run makes it so in the next; the rest does not cancel between two runs,
however many samples are drawn. Usual where it is not known: Hooper and Bourke 2015."""
FEWEST_JOBS = 6
"""With fewer, no sign flip of all jobs has a two-sided probability below 5 %."""


@dataclass(frozen=True)
class Noise:
    """Mean leak score in (0, 1), variance of a comparison's leak score, correlation of those of one job in [0, 1)."""

    rate: float
    variance: float
    correlation: float


@dataclass(frozen=True)
class Plan:
    """What finding the change takes, each as it would have to be alone: `samples` per prompt with these jobs, None
    where no number of samples is enough, or `jobs` of the same kind with the suite's own samples.

    `power` is that of the suite as it is, `most_power` its bound for ever more samples; both in [0, 1].
    """

    samples: int | None
    jobs: int
    power: float
    most_power: float


def noise_of_rate(rate: float, correlation: float) -> Noise:
    """Noise where comparisons leak or do not, and none tie; the rate in (0, 1)."""
    return Noise(rate, rate * (1 - rate), correlation)


def noise_of_clusters(clusters: Sequence[tuple[float, int]], ties: float) -> Noise:
    """Noise as it was in one run: each cluster is (sum of leak scores; comparisons), `ties` the tie share in [0, 1].

    Source of the correlation: the analysis-of-variance estimator, Ridout, Demetrio and Firth 1999; it is at least 0.
    """
    totals = np.array([total for total, _ in clusters])
    sizes = np.array([n for _, n in clusters])
    count, n = len(clusters), int(sizes.sum())
    rate = float(totals.sum() / n)
    # The mean square of scores 1 and 1/2: a tie counts a quarter, where it adds a half to the mean.
    square = rate - ties / 4
    between = float(np.sum(totals**2 / sizes) - n * rate**2) / max(1, count - 1)
    within = max(0.0, n * square - float(np.sum(totals**2 / sizes))) / max(1, n - count)
    typical = (n - float(np.sum(sizes**2)) / n) / max(1, count - 1)
    spread = between + (typical - 1) * within
    correlation = (between - within) / spread if spread > 0 else 0.0
    return Noise(rate, square - rate**2, min(0.99, max(0.0, correlation)))


def standard_error(tests_per_job: Sequence[int], samples: float, noise: Noise) -> float:
    """Standard error of the difference of two runs' rates, paired by job.

    Source: the variance of a cluster crossover design, Giraudeau, Ravaud and Donner 2008, with the jobs' own sizes:
    per job twice the variance times correlation x (1 - autocorrelation) + (1 - correlation) / comparisons.
    """
    sizes = np.array(tests_per_job)
    of_job = noise.correlation * (1 - JOB_AUTOCORRELATION) + (1 - noise.correlation) / (sizes * samples)
    return math.sqrt(2 * noise.variance * float(np.sum(sizes**2 * of_job))) / int(sizes.sum())


def power(error: float, jobs: int, effect: float) -> float:
    """Probability that a change of `effect` has p < 0.05, by the noncentral t with jobs - 1 degrees of freedom.

    `effect` and its standard error `error` are in [0, 1].
    """
    if jobs < FEWEST_JOBS:
        return 0.0
    if error == 0:
        return 1.0
    return float(1 - nctdtr(jobs - 1, effect / error, stdtrit(jobs - 1, 1 - TAIL)))


def plan(tests_per_job: Sequence[int], samples: int, noise: Noise, effect: float, wanted: float) -> Plan:
    """What it takes to find `effect`, in (0, 1], with probability `wanted`; `samples` are the suite's own.

    `tests_per_job` has an entry for each job with a test in the category: how many.
    """
    jobs = len(tests_per_job)
    noise = _over_the_change(noise, effect)

    def with_samples(count: float) -> float:
        return power(standard_error(tests_per_job, count, noise), jobs, effect)

    def with_jobs(count: int) -> float:
        return power(standard_error(tests_per_job, samples, noise) * math.sqrt(jobs / count), count, effect)

    most_power = with_samples(math.inf)
    return Plan(
        samples=_fewest(1, lambda count: with_samples(count) >= wanted) if most_power > wanted else None,
        jobs=_fewest(FEWEST_JOBS, lambda count: with_jobs(count) >= wanted),
        power=with_samples(samples),
        most_power=most_power,
    )


def _over_the_change(noise: Noise, effect: float) -> Noise:
    """The mean variance of both runs, in the direction that makes it larger: scores vary most at a rate of one half."""
    changed = noise.rate - effect if noise.rate > 0.5 else noise.rate + effect
    grown = max(0.0, changed * (1 - changed) - noise.rate * (1 - noise.rate)) / 2
    return replace(noise, variance=noise.variance + grown)


def _fewest(start: int, enough: Callable[[int], bool]) -> int:
    """The smallest count from `start` on that is enough, where all larger ones are enough too."""
    top = start
    while not enough(top):
        top *= 2
    return bisect_left(range(top), True, lo=start, key=enough)
