"""Leak scores of simulated jobs in two runs, before and after a change, with as much in common as a noise says.

A comparison leaks where a normal number is above a threshold. The number is a sum of parts: of the job, the test, the
job's sample (its control) and its own. Parts of jobs and tests are in both runs as alike as the power analysis takes
them to be.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import ndtri

from results.statistics.noise import JobSums, Noise, changed_noise
from results.statistics.power import JOB_AUTOCORRELATION

Floats = NDArray[np.float64]
Scores = list[Floats]
"""Of each job the leak scores, by test and sample."""

NODES, WEIGHTS = np.polynomial.legendre.leggauss(60)


@dataclass(frozen=True)
class Parts:
    """Variances of the normal number's parts in one run; what is left to 1 is its own."""

    threshold: float
    job: float
    test: float
    control: float


def two_runs(
    tests: Sequence[int], samples: int, noise: Noise, change: float, draw: np.random.Generator
) -> tuple[Scores, Scores]:
    """A run with this noise, and one after its rate changed by so much."""
    before, after, of_jobs, of_tests = _parts(noise, change)
    runs: tuple[Scores, Scores] = [], []
    for n in tests:
        job, test = _alike(of_jobs, (1, 1), draw), _alike(of_tests, (n, 1), draw)
        for run, parts, of_job, of_test in zip(runs, (before, after), job, test, strict=True):
            own = max(0.0, 1 - parts.job - parts.test - parts.control)
            number = np.sqrt(parts.job) * of_job + np.sqrt(parts.test) * of_test
            number = number + np.sqrt(parts.control) * draw.standard_normal((1, samples))
            run.append((number + np.sqrt(own) * draw.standard_normal((n, samples)) > parts.threshold).astype(float))
    return runs


def same_runs(tests: Sequence[int], samples: int, noise: Noise, draw: np.random.Generator) -> tuple[Scores, Scores]:
    """Two runs of one target: in the second, jobs and tests are what they were in the first."""
    parts = _parts_of(noise)
    runs: tuple[Scores, Scores] = [], []
    own = max(0.0, 1 - parts.job - parts.test - parts.control)
    for n in tests:
        kept = np.sqrt(parts.job) * draw.standard_normal() + np.sqrt(parts.test) * draw.standard_normal((n, 1))
        for run in runs:
            redrawn = np.sqrt(parts.control) * draw.standard_normal((1, samples))
            number = kept + redrawn + np.sqrt(own) * draw.standard_normal((n, samples))
            run.append((number > parts.threshold).astype(float))
    return runs


def job_sums(scores: Scores) -> list[JobSums]:
    """What the power analysis takes from a run."""
    return [
        JobSums(*([(float(row.sum()), len(row)) for row in of_job] for of_job in (scored, scored.T)))
        for scored in scores
    ]


def correlation_for(covariance: float, threshold: float, other: float) -> float:
    """How normal numbers correlate where being above these thresholds has this covariance; at most 1.

    Source: Plackett 1954, by whom the covariance is the integral of the joint density over the correlation.
    """

    def excess(correlation: float) -> float:
        at = correlation * (NODES + 1) / 2
        rest = 1 - at**2
        density = np.exp(-(threshold**2 - 2 * at * threshold * other + other**2) / (2 * rest)) / np.sqrt(rest)
        return float(correlation / 2 * np.sum(WEIGHTS * density) / (2 * np.pi)) - covariance

    return 0.0 if covariance == 0 else float(brentq(excess, 0, 1 - 1e-9))


@cache
def _parts(noise: Noise, change: float) -> tuple[Parts, Parts, float, float]:
    """Those of both runs, and how the jobs' parts and the tests' of both correlate."""
    changed = changed_noise(noise, change)
    assert changed is not None
    before, after = _parts_of(noise), _parts_of(changed)
    spread = JOB_AUTOCORRELATION * float(np.sqrt(noise.variance * changed.variance))
    job, both = (
        correlation_for(share * spread, before.threshold, after.threshold)
        for share in (noise.job, noise.job + noise.test)
    )
    return before, after, _ratio(job, before.job * after.job), _ratio(both - job, before.test * after.test)


@cache
def _parts_of(noise: Noise) -> Parts:
    threshold = -float(ndtri(noise.rate))
    shares = (noise.job, noise.job + noise.test, noise.job + noise.control)
    job, test, control = (correlation_for(share * noise.variance, threshold, threshold) for share in shares)
    return Parts(threshold, job, test - job, control - job)


def _ratio(covariance: float, variances: float) -> float:
    return min(1.0, covariance / float(np.sqrt(variances))) if variances > 0 else 1.0


def _alike(correlation: float, shape: tuple[int, int], draw: np.random.Generator) -> tuple[Floats, Floats]:
    first, second = draw.standard_normal((2, *shape))
    return first, correlation * first + np.sqrt(1 - correlation**2) * second
