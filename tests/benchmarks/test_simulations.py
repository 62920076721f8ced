"""The simulations in small: enough repeats to tell an instrument that keeps its promises from one that does not."""

import numpy as np
from scipy.stats import binomtest

from benchmarks.comparing import TWELVE, of_changed, of_unchanged, promised
from benchmarks.coverage import COLOURS, coverage
from benchmarks.watching import days_to_alarm, false_alarms

ALMOST_IMPOSSIBLE = 0.001


def test_intervals_hold_the_truth_and_those_of_a_bootstrap_do_so_less_often() -> None:
    sizes = np.array(COLOURS) * 5
    found = coverage(sizes, rate=0.7, correlation=0.1, repeats=400, seed=1)
    held, _ = found["seep"]
    assert binomtest(round(4 * held), 400, 0.95).pvalue > ALMOST_IMPOSSIBLE
    assert found["bootstrap"][0] < held


def test_a_model_compared_with_itself_is_not_called_drift() -> None:
    called = of_unchanged(TWELVE, correlation=0.1, repeats=40)
    assert binomtest(sum(called), len(called), 0.05, alternative="greater").pvalue > ALMOST_IMPOSSIBLE


def test_a_change_is_found_with_the_power_that_was_planned() -> None:
    tests = [6] * 20
    found = of_changed(tests, correlation=0.2, change=0.1, repeats=250)
    assert binomtest(sum(found), len(found), promised(tests, 0.2, 0.1)).pvalue > ALMOST_IMPOSSIBLE


def test_a_monitor_is_quiet_for_a_year_and_finds_a_change_in_days() -> None:
    assert false_alarms(monitors=8, baseline=1) <= 3  # 5 % of 8: four or more have a probability below 1 in 1000
    assert np.median(days_to_alarm(monitors=15, baseline=7, quiet=50)) <= 2
