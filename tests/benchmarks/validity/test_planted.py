"""What is planted in simulated runs is in them, and in both runs alike as far as the power analysis takes it to be."""

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from benchmarks.validity.planted import correlation_for, job_sums, two_runs
from results.statistics.noise import Noise, noise_of_run
from results.statistics.power import JOB_AUTOCORRELATION


def test_normal_numbers_correlate_as_their_covariance_above_thresholds_says() -> None:
    threshold, other = -0.5, 0.3
    above = multivariate_normal(cov=[[1, 0.4], [0.4, 1]]).cdf([-threshold, -other])
    apart = multivariate_normal().cdf(-threshold) * multivariate_normal().cdf(-other)
    assert correlation_for(float(above - apart), threshold, other) == pytest.approx(0.4, abs=1e-3)


def test_runs_have_the_noise_and_persist_as_planned() -> None:
    noise = Noise(0.7, 0.21, 0.1, 0.2, 0.1)
    runs = two_runs([6] * 8000, 3, noise, 0.1, np.random.default_rng(0))
    before, after = (noise_of_run(job_sums(run), 0.0) for run in runs)
    for found, rate in ((before, 0.7), (after, 0.8)):
        shares = (found.rate, found.job, found.test, found.control)
        assert shares == pytest.approx((rate, 0.1, 0.2, 0.1), abs=0.015)
    ours, theirs = (
        np.array(run).mean(axis=2) - one_run.rate for run, one_run in zip(runs, (before, after), strict=True)
    )
    spread = np.sqrt(before.variance * after.variance)
    assert np.mean(ours * theirs) / spread == pytest.approx(JOB_AUTOCORRELATION * 0.3, abs=0.015)
    assert np.mean(ours[:, :3] * theirs[:, 3:]) / spread == pytest.approx(JOB_AUTOCORRELATION * 0.1, abs=0.015)
