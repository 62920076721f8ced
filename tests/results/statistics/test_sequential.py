"""The test over a stream of runs: its ranks, its evidence, and how often it alarms over a year."""

import math
import tracemalloc
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import kstest

from results.statistics.sequential import (
    ALARM,
    combined,
    conformal_p,
    conformity_scores,
    e_values,
)

p_values = st.lists(st.floats(0, 1, exclude_max=True), max_size=30)
NAN = math.nan


def ranks(scores: np.ndarray, draw: np.random.Generator) -> list[float]:
    return [conformal_p(scores[: place + 1], draw.uniform()) for place in range(len(scores))]


@given(p_values, st.integers(0, 10))
def test_what_comes_later_never_changes_the_evidence_of_earlier_runs(ps: list[float], baseline: int) -> None:
    whole = e_values(ps, baseline)
    for length in range(len(ps)):
        assert e_values(ps[:length], baseline) == pytest.approx(whole[:length])


@given(st.lists(st.integers(0, 2**20 - 1).map(lambda k: (k + 0.5) / 2**20), max_size=30), st.integers(0, 10))
def test_rising_and_falling_rates_are_the_same_evidence(ps: list[float], baseline: int) -> None:
    assert e_values([1 - p for p in ps], baseline) == pytest.approx(e_values(ps, baseline))


@pytest.mark.slow
@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(0, 1, exclude_max=True), max_size=8), st.integers(0, 8))
def test_whatever_came_before_the_next_run_is_expected_to_leave_the_evidence_as_it_is(
    ps: list[float], baseline: int
) -> None:
    now = e_values(ps, baseline)[-1] if ps else 1.0
    # The evidence is constant between the borders of the bets, which lie at multiples of 1 / (runs + 1) and of a
    # twentieth and a fifth of it.
    fine = 20 * (baseline + len(ps) + 1)
    following = [e_values([*ps, (k + 0.5) / fine], baseline)[-1] for k in range(fine)]
    assert np.mean(following) == pytest.approx(now, rel=1e-6)


def test_a_run_in_which_a_job_is_missing_takes_the_jobs_mean() -> None:
    scores = conformity_scores(np.array([[1.0, 4.0], [3.0, 6.0], [5.0, NAN]]))
    assert scores.tolist() == [-2 - 1, 0 + 1, 2]


@given(st.permutations(range(4)))
def test_scores_are_the_same_function_of_each_run_in_whatever_order_they_came(order: list[int]) -> None:
    runs = np.array([[1.0, 4.0, 0.5], [3.0, NAN, 2.5], [NAN, 7.0, 1.0], [2.0, 5.5, NAN]])
    assert conformity_scores(runs[order]).tolist() == conformity_scores(runs)[order].tolist()


def test_the_last_run_of_all_orders_has_each_rank_as_often() -> None:
    runs = np.array([[1.0, 4.0], [3.0, NAN], [NAN, 7.0], [2.0, 5.5]])
    found = [conformal_p(conformity_scores(runs[list(order)]), 0.5) for order in permutations(range(4))]
    assert sorted(found) == pytest.approx(sorted([0.125, 0.375, 0.625, 0.875] * 6))


def test_equal_runs_rank_by_chance_alone() -> None:
    # Sums that are equal, but not to the last digit of their differences from the mean.
    runs = np.array([[0.1, 0.2, 0.3], [0.3, 0.2, 0.1], [0.2, 0.1, 0.3]])
    assert conformal_p(conformity_scores(runs), 0.25) == 0.25


def test_ranks_are_uniform_and_independent_however_much_the_jobs_of_a_run_have_in_common() -> None:
    draw = np.random.default_rng(2)
    # Two answers per job, so that ties are many; the run's own effect is as large as the jobs' noise; jobs are missing.
    rates = np.clip(draw.uniform(0.5, 0.9, size=(400, 1, 6)) + draw.normal(0, 0.1, size=(400, 8, 1)), 0, 1)
    streams = draw.binomial(2, rates).astype(float)
    missing = draw.uniform(size=streams.shape) < 0.1
    streams[missing & ~missing[:, :2].all(axis=1, keepdims=True)] = NAN  # a job that no run has is none
    found = np.array(
        [
            [conformal_p(conformity_scores(stream[: run + 1]), draw.uniform()) for run in range(1, 8)]
            for stream in streams
        ]
    )
    assert kstest(found.ravel(), "uniform").pvalue > 0.001
    assert np.abs(np.corrcoef(found, rowvar=False) - np.eye(7)).max() < 0.2


@pytest.mark.slow
def test_a_year_without_change_is_quiet_and_a_change_is_found() -> None:
    draw = np.random.default_rng(5)
    quiet = [e_values(draw.uniform(size=365).tolist(), 7).max() >= ALARM for _ in range(100)]
    assert np.mean(quiet) <= 0.05
    changed = e_values(ranks(np.append(draw.standard_normal(107), draw.normal(5, 1, size=10)), draw)[7:], 7)
    assert changed[:100].max() < ALARM < changed[103]


@pytest.mark.slow
@pytest.mark.parametrize(("baseline", "runs"), [(1, 12), (3, 6), (7, 4)])
def test_runs_that_all_rank_above_those_before_are_at_most_so_much_evidence_as_that_is_rare(
    baseline: int, runs: int
) -> None:
    draw = np.random.default_rng(7)
    changed = [np.append(np.zeros(baseline), 1 + draw.uniform(size=runs)) for _ in range(2000)]
    found = [e_values(ranks(stream, draw)[baseline:], baseline)[-1] for stream in changed]
    assert np.mean(found) < math.comb(baseline + runs, runs)


def test_after_one_run_as_baseline_a_change_stays_unfound_and_after_seven_it_takes_few_runs() -> None:
    draw = np.random.default_rng(8)
    for baseline, found in ((1, False), (7, True)):
        stream = np.append(np.zeros(baseline), 1 + draw.uniform(size=6))
        assert (e_values(ranks(stream, draw)[baseline:], baseline).max() >= ALARM) == found


def test_evidence_without_end_stays_a_number() -> None:
    found = e_values([1 - 1e-9] * 2000, 1000)
    assert np.all(np.isfinite(found))
    assert found[-1] > 1e100


def test_a_long_stream_needs_little_memory() -> None:
    ps = np.random.default_rng(6).uniform(size=1500).tolist()
    tracemalloc.start()
    e_values(ps, 7)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1500 * 1000  # a number for each pair of runs would be 18 MB


def test_several_cells_share_the_level_and_all_together_have_half_of_it() -> None:
    assert combined(None, [4.0, 100.0, 1.0, 0.5]) == 25
    assert combined(90.0, [4.0, 100.0, 1.0, 0.5]) == 45
    assert combined(1.0, [4.0, 100.0, 1.0, 0.5]) == 12.5
    assert combined(None, []) == 0
