"""The simulations in small: enough repeats to tell an instrument that keeps its promises from one that does not."""

import numpy as np
import pytest
from scipy.stats import binomtest

from benchmarks.validity.comparing import (
    TWELVE,
    Planned,
    found,
    is_drift,
    of_changed,
    of_unchanged,
    promised,
    promised_from_runs,
)
from benchmarks.validity.coverage import COLOURS, SETS, coverage
from benchmarks.validity.effects import discoveries, matrix, rare_coverage, simulated_coverage
from benchmarks.validity.few_concepts import both
from benchmarks.validity.watching import days_to_alarm, false_alarms

ALMOST_IMPOSSIBLE = 0.001


def test_intervals_hold_the_truth_and_those_of_a_bootstrap_do_so_less_often() -> None:
    sizes = np.array(COLOURS) * 5
    measured = coverage(sizes, rate=0.7, correlation=0.1, repeats=400, seed=1)
    held, _ = measured["seep"]
    assert binomtest(round(4 * held), 400, 0.95).pvalue > ALMOST_IMPOSSIBLE
    assert measured["bootstrap"][0] < held


def test_intervals_of_effects_hold_where_leaks_are_rare_and_those_of_the_t_test_do_not() -> None:
    held = rare_coverage(80, [0.04, 0.06, 0.1])
    assert min(ours for ours, _ in held.values()) > 95
    assert max(students for _, students in held.values()) < 91


def test_intervals_over_prompts_do_not_hold_for_other_concepts_and_those_over_both_do() -> None:
    over_prompts, over_both = (float(cell.split()[0]) for cell in both(62, 4, 13, 0.0075, repeats=100))
    assert binomtest(round(over_both), 100, 0.95).pvalue > ALMOST_IMPOSSIBLE
    assert over_prompts < over_both


@pytest.mark.parametrize("name", SETS)
def test_intervals_of_effects_are_those_of_the_t_test_where_most_jobs_differ(name: str) -> None:
    ours, students, width, narrower = simulated_coverage(*SETS[name], (0.7, 0.6), repeats=60)
    assert width == pytest.approx(narrower, rel=0.02)
    assert ours >= students > 80


def test_a_switch_of_language_is_found_only_if_what_cannot_be_found_is_not_counted() -> None:
    ours, all_counted = discoveries(matrix(0.01, 0.5, np.random.default_rng(1)))
    assert {"l03>l03", "l03>l05"} <= ours
    assert all_counted == set()


@pytest.mark.parametrize("window", [1, 7])
def test_a_model_compared_with_itself_is_not_called_drift(window: int) -> None:
    of_runs = of_unchanged(TWELVE, correlation=0.1, repeats=40, window=window)
    called = sum(any(is_drift(compared)) for compared in of_runs)
    assert binomtest(called, len(of_runs), 0.05, alternative="greater").pvalue > ALMOST_IMPOSSIBLE
    low = found(row for compared in of_runs for row in compared if row.category in TWELVE)
    assert binomtest(sum(low), len(low), 0.05, alternative="greater").pvalue > ALMOST_IMPOSSIBLE


@pytest.mark.parametrize("from_control", [False, True])
@pytest.mark.parametrize("samples", [1, 5])
@pytest.mark.parametrize("change", [0.15, -0.1])
def test_a_change_is_found_with_the_power_that_was_planned(change: float, samples: int, from_control: bool) -> None:
    planned = Planned({"c": [6] * 16}, samples, 0.2, from_control)
    compared = of_changed(planned, change, repeats=250)
    power, drift = promised(planned, change, planned.noise)
    assert binomtest(sum(found(compared)), len(compared), power).pvalue > ALMOST_IMPOSSIBLE
    assert binomtest(sum(is_drift(compared)), len(compared), drift).pvalue > ALMOST_IMPOSSIBLE


@pytest.mark.parametrize("from_control", [False, True])
def test_a_plan_from_a_run_promises_what_one_from_the_noise_does(from_control: bool) -> None:
    planned = Planned({"c": COLOURS}, 2, 0.2, from_control)
    from_runs = promised_from_runs(planned, 0.1, runs=40)
    assert np.mean(from_runs) == pytest.approx(promised(planned, 0.1, planned.noise)[0], abs=0.05)


def test_the_power_of_the_verdict_is_that_of_one_category_among_many() -> None:
    planned = Planned(TWELVE, 5, 0.1)
    compared = of_changed(planned, change=0.2, repeats=60)
    drift = promised(planned, 0.2, planned.noise)[1]
    assert binomtest(sum(is_drift(compared)), len(compared), drift).pvalue > ALMOST_IMPOSSIBLE


@pytest.mark.parametrize("run_effect", [0.0, 0.03])
def test_a_monitor_is_quiet_for_a_year_however_much_the_jobs_of_a_run_have_in_common(run_effect: float) -> None:
    # 5 % of 8: four or more have a probability below 1 in 1000.
    assert false_alarms(monitors=8, baseline=7, run_effect=run_effect) <= 3


def test_a_monitor_finds_a_change_in_as_few_runs_as_its_history_allows() -> None:
    assert np.median(days_to_alarm(monitors=15, baseline=7, quiet=0, run_effect=0.02)) <= 5
    assert np.median(days_to_alarm(monitors=15, baseline=7, quiet=100, run_effect=0.01)) <= 4
    assert np.median(days_to_alarm(monitors=15, baseline=1, quiet=0, run_effect=0.0)) > 20
