"""Power: the noise of a run, what finding a change takes, and what no number of samples can do."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from results.statistics.noise import Noise, noise_of_rate
from results.statistics.power import (
    FEWEST_JOBS,
    JOB_AUTOCORRELATION,
    analyse_power,
    drift_power,
    power,
    standard_error,
)

COLOURS = [33] * 20 + [15, 11, 10, 10, 1, 1, 1]
NOISE = noise_of_rate(0.7, 0.1)


def test_equal_jobs_have_the_variance_of_the_cluster_crossover_design() -> None:
    # Giraudeau, Ravaud and Donner 2008: 2 s^2 / (J n) x (1 + (n - 1) rho - n eta), eta being that of the two runs.
    jobs, n, eta = 20, 30, 0.1 * JOB_AUTOCORRELATION
    noise = Noise(0.7, 0.21, 0.1, 0.0, 0.0)
    expected = 2 * 0.21 / (jobs * n) * (1 + (n - 1) * 0.1 - n * eta)
    assert standard_error([6] * jobs, 5, noise, noise) ** 2 == pytest.approx(expected)


def test_what_persists_cancels_but_for_a_fifth_and_what_is_drawn_anew_does_not() -> None:
    def variance(samples: float, **shares: float) -> float:
        noise = Noise(0.7, 0.21, **{"job": 0.0, "test": 0.0, "control": 0.0} | shares)
        return standard_error([6] * 20, samples, noise, noise) ** 2 / (2 * 0.21)

    assert variance(5, job=1.0) == pytest.approx(0.2 / 20)
    assert variance(5, test=1.0) == pytest.approx(0.2 / (20 * 6))
    assert variance(5, control=1.0) == pytest.approx(1 / (20 * 5))
    assert variance(5) == pytest.approx(1 / (20 * 6 * 5))
    assert variance(math.inf, control=1.0) == 0


def test_a_control_of_its_own_in_each_run_promises_little() -> None:
    # Simulated with beta-binomial answers to each job's one sample, a change of 12 points was found in 46 %.
    found = analyse_power(COLOURS, 1, Noise(0.7, 0.21, 0.0, 0.0, 0.2), effect=0.12, wanted=0.8)
    assert found.power.up == pytest.approx(0.46, abs=0.05)
    assert analyse_power(COLOURS, 1, noise_of_rate(0.7, 0.2), effect=0.12, wanted=0.8).power.least < 0.7


def test_what_is_needed_has_the_wanted_power_and_one_less_has_not() -> None:
    noise = noise_of_rate(0.9, 0.05)
    found = analyse_power(COLOURS, 1, noise, effect=0.03, wanted=0.8)
    assert found.samples is not None
    enough, too_few = (
        analyse_power(COLOURS, count, noise, 0.03, 0.8).power.least for count in (found.samples, found.samples - 1)
    )
    assert too_few < 0.8 <= enough
    assert found.power.least < found.most_power < 1


def test_the_noise_is_that_of_both_runs_in_each_direction() -> None:
    found = analyse_power(COLOURS, 5, NOISE, effect=0.1, wanted=0.8)
    # From 70 % down to 60 %, and up to 80 %.
    down, up = (standard_error(COLOURS, 5, NOISE, noise_of_rate(rate, 0.1)) for rate in (0.6, 0.8))
    step = 2 / (5 * sum(COLOURS))
    assert found.power.down == pytest.approx(power(down, len(COLOURS), 0.1, step=step))
    assert found.power.up == pytest.approx(power(up, len(COLOURS), 0.1, step=step))
    assert found.power.least == found.power.down


def test_a_rate_cannot_pass_its_ends() -> None:
    found = analyse_power(COLOURS, 5, noise_of_rate(0.9, 0.1), effect=0.2, wanted=0.8)
    assert found.power.up is None
    assert found.power.down == found.power.least == pytest.approx(1, abs=0.01)
    with pytest.raises(ValueError, match="a rate of 40 % cannot change by 70 points"):
        analyse_power(COLOURS, 5, noise_of_rate(0.4, 0.1), effect=0.7, wanted=0.8)
    with pytest.raises(ValueError, match=r"a rate of <1 % cannot change by 99\.8 points"):
        analyse_power(COLOURS, 5, noise_of_rate(0.004, 0.1), effect=0.998, wanted=0.8)


@given(
    st.integers(2, 400),
    st.floats(1e-6, 0.5),
    st.lists(st.floats(1e-4, 1), min_size=2, max_size=8),
    st.sampled_from([0.05, 0.05 / 26, 0.05 / 200]),
)
def test_power_is_a_number_that_grows_with_the_effect(
    jobs: int, error: float, effects: list[float], level: float
) -> None:
    found = [power(error, jobs, effect, level) for effect in sorted(effects)]
    assert all(0 <= share <= 1 for share in found)
    assert all(later >= earlier - 1e-6 for earlier, later in pairwise(found))


@pytest.mark.parametrize("jobs", [6, 10, 27, 101, 191])
def test_power_is_a_number_where_the_noncentral_t_of_scipy_is_none(jobs: int) -> None:
    assert [power(float(1 / errors), jobs, 1.0) for errors in np.arange(31, 60, 0.1)] == [1.0] * 290


def test_the_verdict_asks_for_more_than_a_small_p() -> None:
    # A change of just the smallest that matters is measured as less half of the time.
    assert drift_power(0.001, 50, effect=0.05, cells=1, delta=0.05) == pytest.approx(0.5)
    assert drift_power(0.03, 50, effect=0.1, cells=1, delta=0.0) == power(0.03, 50, 0.1)
    assert drift_power(0.03, 50, effect=0.1, cells=13, delta=0.0) == power(0.03, 50, 0.1, 0.05 / 13)
    # Of ten jobs only one pair of flips is as rare as 5 % over 13; of nine, none.
    assert drift_power(0.001, 10, effect=0.1, cells=13, delta=0.05) == 1
    assert drift_power(0.001, 9, effect=0.1, cells=13, delta=0.05) == 0


def test_few_comparisons_lose_half_a_step_of_the_effect() -> None:
    # Simulated with 60 jobs of one test, a change of 15 points was found in 50 %; without the steps 56 % were promised.
    noise = noise_of_rate(0.7, 0.2)
    assert analyse_power([1] * 60, 1, noise, effect=0.15, wanted=0.8).power.up == pytest.approx(0.5, abs=0.03)
    assert power(0.07, 60, 0.15, step=2 / 60) == power(0.07, 60, 0.15 - 1 / 60)
    assert power(0.01, 60, 0.02, step=0.05) == 0
    assert drift_power(0.07, 60, 0.15, 1, 0.0, step=2 / 60) == power(0.07, 60, 0.15 - 1 / 60)


def test_jobs_bound_what_samples_can_do() -> None:
    few = analyse_power([10] * 8, 5, noise_of_rate(0.6, 0.3), effect=0.05, wanted=0.8)
    assert few.samples is None
    assert few.most_power < 0.8
    assert analyse_power([10] * few.jobs, 5, noise_of_rate(0.6, 0.3), effect=0.05, wanted=0.8).power.least >= 0.8


def test_five_jobs_can_prove_nothing() -> None:
    assert (
        analyse_power([100] * (FEWEST_JOBS - 1), 1000, noise_of_rate(0.6, 0.0), effect=0.5, wanted=0.5).samples is None
    )


def test_power_at_the_ends() -> None:
    assert power(0.0, 10, 0.05) == 1
    assert math.isfinite(power(1e-6, 10, 0.5))
