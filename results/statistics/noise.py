"""How the leak scores of a run vary: what comparisons have in common, and what of it persists from run to run."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

CONTROL_OF_JOB = 0.6
"""How much of what comparisons of one job and sample have in common comes from the control answer of that sample. On
published answers 0.26 to 0.58 in categories of ten jobs, 0.35 to 0.40 over all (`benchmarks.validity.redrawn`)."""
TEST_OF_REST = 0.2
"""How much of the rest all comparisons of a test have in common. On the same answers 0.21 to 0.42, and 0.24 to 0.42."""
ROUNDING = 1e-12

Floats = NDArray[np.float64]
Sum = tuple[float, int]
"""The sum of some comparisons' leak scores, and how many they are."""


@dataclass(frozen=True)
class Noise:
    """Mean leak score in (0, 1), variance of a comparison's leak score, and the shares of it that comparisons have in
    common, each in [0, 1]: all those of a `job`; those of a `test` besides; those of a job and sample besides.

    The latter comes from the `control` answer that they share, and is drawn again in every run. The others persist.
    """

    rate: float
    variance: float
    job: float
    test: float
    control: float

    @property
    def alone(self) -> float:
        """The share that a comparison has in common with no other, drawn again in every run."""
        return max(0.0, 1 - self.job - self.test - self.control)


@dataclass(frozen=True)
class JobSums:
    """What one job's tests were, and what its samples were over all tests: nothing where that is not known."""

    tests: Sequence[Sum]
    samples: Sequence[Sum]


def added(sums: Sequence[Sum]) -> Sum:
    """Several sums as one."""
    return sum(total for total, _ in sums), sum(n for _, n in sums)


def noise_of_rate(rate: float, correlation: float, shared: bool = True) -> Noise:
    """Noise where comparisons leak or do not, and none tie; the rate in (0, 1).

    `correlation`, in [0, 1), is that of two comparisons of one job and sample; it and the rest are divided
    as published. If no answer is `shared` by the comparisons of a job and sample, all of it persists.
    """
    of_sample = _divided(correlation, shared)
    return Noise(rate, rate * (1 - rate), of_sample[0], TEST_OF_REST * (1 - correlation), of_sample[1])


def noise_of_run(jobs: Sequence[JobSums], ties: float, shared: bool = True) -> Noise:
    """Noise as it was in one run with these jobs; `ties` is the tie share in [0, 1].

    By moments: what two comparisons have in common is the mean product of their deviations from the rate, over all such
    pairs (Searle, Casella and McCulloch 1992, Variance Components, chapter 5); it is at least 0. It is divided as
    published where the shares are not `told_apart`; `shared` is as in `noise_of_rate`. Raises ValueError where the run
    shows no correlation within jobs.
    """
    tests = [test for job in jobs for test in job.tests]
    total, n = added(tests)
    rate = total / n
    # The mean square of scores 1 and 1/2: a tie counts a quarter, where it adds a half to the mean.
    variance = rate - ties / 4 - rate**2
    if variance < ROUNDING:
        raise ValueError("all its leak scores are alike")
    if len(jobs) < 2 or sum(added(job.tests)[1] > 1 for job in jobs) < 2:
        raise ValueError("fewer than two of its jobs have several comparisons")
    alone = np.array([n * variance, n])
    of_tests = _products(tests, rate)
    of_samples = _products([sample for job in jobs for sample in job.samples], rate)
    of_jobs = _products([added(job.tests) for job in jobs], rate)
    # Deviations are from the run's own rate: each product lacks that rate's variance.
    lacking = of_jobs[0] / n**2 * len(jobs) / (len(jobs) - 1)

    def share(pairs: Floats) -> float:
        return float(np.clip((pairs[0] / max(1, pairs[1]) + lacking) / variance, 0, 1))

    if all(len(job.tests) == 1 for job in jobs):
        # Then the control is each comparison's own.
        of_test = share(of_tests - alone)
        return Noise(rate, variance, of_test, 0.0, 1 - of_test)
    if told_apart(jobs):
        of_job = share(of_jobs - of_tests - of_samples + alone)
        control = max(0.0, share(of_samples - alone) - of_job)
    else:
        # Of two tests' comparisons so many are of one sample, and share a control.
        of_job, control = _divided(share(of_jobs - of_tests), shared, len(tests) / n)
    if n == len(tests):
        return Noise(rate, variance, of_job, TEST_OF_REST * (1 - of_job - control), control)
    of_test = max(0.0, share(of_tests - alone) - of_job)
    # Each is estimated by itself; in a small run they may add up to more than there is.
    whole = max(1.0, of_job + of_test + control)
    return Noise(rate, variance, of_job / whole, of_test / whole, control / whole)


def told_apart(jobs: Sequence[JobSums]) -> bool:
    """Whether a run shows by itself what of its noise persists: its samples are known, and are several."""
    several = [job for job in jobs if len(job.tests) > 1]
    return not several or any(len(job.samples) > 1 for job in several)


def changed_noise(noise: Noise, change: float) -> Noise | None:
    """The noise of a run whose rate is by `change` another; None where there is no such rate."""
    rate = noise.rate + change
    if not 0 <= rate <= 1:
        return None
    # Ties, which make scores vary less, are taken to stay as many, as far as such a rate has room for them.
    less = noise.rate * (1 - noise.rate) - noise.variance
    least = abs(rate - 0.5) * min(rate, 1 - rate)
    return replace(noise, rate=rate, variance=max(least, rate * (1 - rate) - less))


def _divided(correlation: float, shared: bool, of_one_sample: float = 1.0) -> tuple[float, float]:
    """The shares of job and control where comparisons of a job correlate so, and so many pairs are of one sample."""
    control = CONTROL_OF_JOB if shared else 0.0
    of_sample = min(1.0, correlation / (1 - control + control * of_one_sample))
    return (1 - control) * of_sample, control * of_sample


def _products(groups: Sequence[Sum], rate: float) -> Floats:
    """The sum of the products of all pairs of one group's deviations, each with itself too; and how many these are."""
    return np.array([sum((total - n * rate) ** 2 for total, n in groups), sum(n**2 for _, n in groups)])
