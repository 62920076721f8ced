"""The test over a stream of runs: its ranks, its evidence, and how often it alarms over a year."""

import math
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import ArrayLike
from scipy.stats import kstest

from results.statistics.sequential import (
    ALARM,
    MOST_CHANGES,
    MOST_REFERENCES,
    add_rank,
    conformal_p,
    conformity_scores,
    lag_one_autocorrelation,
    no_evidence,
    profile_distances,
    shares_of_level,
    slot_of_newest,
)

p_values = st.lists(st.floats(0, 1, exclude_max=True), max_size=12)
NAN = math.nan


def e_values(ps: ArrayLike, baseline: int) -> np.ndarray:
    """The evidence after each rank of a stream [runs], or of several [streams, runs]."""
    ranks = np.asarray(ps, dtype=float)
    evidence = no_evidence(baseline, streams=ranks.shape[:-1])
    found = np.ones(ranks.shape)
    for run in range(ranks.shape[-1]):
        evidence = add_rank(evidence, ranks[..., run])
        found[..., run] = evidence.e_values
    return found


def ranks(scores: np.ndarray, draw: np.random.Generator) -> list[float]:
    return [conformal_p(scores[: place + 1], draw.uniform()) for place in range(len(scores))]


@settings(max_examples=20, deadline=None)
@given(p_values, st.integers(0, 10))
def test_what_comes_later_never_changes_the_evidence_of_earlier_runs(ps: list[float], baseline: int) -> None:
    whole = e_values(ps, baseline)
    for length in range(len(ps)):
        assert e_values(ps[:length], baseline) == pytest.approx(whole[:length])


@settings(max_examples=20, deadline=None)
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
    following = e_values([[*ps, (k + 0.5) / fine] for k in range(fine)], baseline)[:, -1]
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
    quiet = e_values(draw.uniform(size=(100, 365)), 7).max(axis=1) >= ALARM
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
    found = e_values([ranks(stream, draw)[baseline:] for stream in changed], baseline)[:, -1]
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


def test_a_long_stream_keeps_few_changes_and_none_of_the_evidence_is_lost() -> None:
    draw = np.random.default_rng(6)
    evidence = no_evidence(7)
    for p in draw.uniform(size=200):
        evidence = add_rank(evidence, p)
    assert len(evidence.changes) == MOST_CHANGES
    assert evidence.changes[-5:].tolist() == [203, 204, 205, 206, 207]  # the newest are told apart
    assert evidence.changes[0] == 8
    assert evidence.e_values < ALARM
    for p in 1 - draw.uniform(size=5) / 208:
        evidence = add_rank(evidence, p)
    assert evidence.e_values > 1000


def test_merging_changes_keeps_the_level_of_a_long_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("results.statistics.sequential.MOST_CHANGES", 8)
    draw = np.random.default_rng(11)
    evidence = no_evidence(3, streams=(1000,))
    highest = np.zeros(1000)
    for _ in range(40):
        evidence = add_rank(evidence, draw.uniform(size=1000))
        highest = np.maximum(highest, evidence.e_values)
    assert np.mean(highest >= ALARM) <= 0.05
    # A martingale with few large values: the mean of the many small ones is below 1, and of no other order.
    assert 0.3 < evidence.e_values.mean() < 2


def test_ranks_among_the_kept_runs_are_uniform_and_independent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("results.statistics.sequential.MOST_REFERENCES", 4)
    draw = np.random.default_rng(12)
    found = []
    for _ in range(600):
        kept: list[float] = []
        of_stream = []
        for run, score in enumerate(draw.standard_normal(12)):
            if run >= 4:
                of_stream.append(conformal_p(np.array([*kept, score]), draw.uniform()))
            slot = slot_of_newest(run, draw.uniform())
            if slot is not None:
                kept[slot : slot + 1] = [float(score)]
        assert len(kept) == 4
        found.append(of_stream)
    together = np.array(found)
    assert kstest(together.ravel(), "uniform").pvalue > 0.001
    assert np.abs(np.corrcoef(together, rowvar=False) - np.eye(8)).max() < 0.2


def test_the_newest_run_is_left_out_as_often_as_any_other() -> None:
    assert slot_of_newest(3, 0.99) == 3
    draws = (np.arange(MOST_REFERENCES + 1) + 0.5) / (MOST_REFERENCES + 1)
    assert [slot_of_newest(MOST_REFERENCES, draw) for draw in draws] == [*range(MOST_REFERENCES), None]


def test_a_profile_is_as_far_as_its_jobs_are_from_the_mean_and_a_missing_one_as_the_others() -> None:
    assert profile_distances(np.array([[1.0, 4.0], [3.0, 4.0]])).tolist() == [0, 0]  # both as far as the other
    found = profile_distances(np.array([[1.0, 4.0], [1.0, 4.0], [4.0, 4.0], [2.0, NAN]]))
    squares = np.array([1.0, 1.0, 4.0, 0.0])
    assert found == pytest.approx(squares - squares.mean())


@given(st.permutations(range(4)))
def test_distances_are_the_same_function_of_each_run_in_whatever_order_they_came(order: list[int]) -> None:
    runs = np.array([[1.0, 4.0, 0.5], [3.0, NAN, 2.5], [NAN, 7.0, 1.0], [2.0, 5.5, NAN]])
    assert profile_distances(runs[order]).tolist() == profile_distances(runs)[order].tolist()


def test_the_shares_of_the_level_add_up_to_all_of_it() -> None:
    assert shares_of_level(4, overall=True, profile=False) == (0.125, 0.5, 0)
    assert shares_of_level(4, overall=True, profile=True) == (0.09375, 0.375, 0.25)
    assert shares_of_level(1, overall=False, profile=True) == (0.75, 0, 0.25)
    for cells, overall in ((1, False), (6, True), (224, False)):
        each, of_all, of_profile = shares_of_level(cells, overall, profile=True)
        assert cells * each + of_all + of_profile == pytest.approx(1)


def test_autocorrelation_is_near_zero_without_order_and_near_that_of_a_slow_wave() -> None:
    draw = np.random.default_rng(13)
    noise = draw.standard_normal(2000)
    wave = [0.0]
    for value in noise:
        wave.append(0.7 * wave[-1] + value)
    assert abs(lag_one_autocorrelation(noise.tolist()) or 1) < 0.1
    assert lag_one_autocorrelation(wave) == pytest.approx(0.7, abs=0.06)
    short = [lag_one_autocorrelation(draw.standard_normal(20).tolist()) or 0 for _ in range(2000)]
    assert np.mean(short) == pytest.approx(0, abs=0.02)


@pytest.mark.parametrize("values", [[], [1.0], [1.0, 2.0], [0.1] * 9])
def test_no_autocorrelation_is_known_of_few_values_or_equal_ones(values: list[float]) -> None:
    assert lag_one_autocorrelation(values) is None


@given(st.lists(st.sampled_from([-1.0, 0.0, 1.0]), max_size=40))
def test_an_autocorrelation_lies_between_its_ends(values: list[float]) -> None:
    found = lag_one_autocorrelation(values)
    assert found is None or -1 <= found <= 1
    assert lag_one_autocorrelation([1.0, -1.0] * 7) == -1
