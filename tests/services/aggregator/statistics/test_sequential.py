"""The test over a stream of runs: its ranks, its evidence, and how often it alarms over a year."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import kstest

from services.aggregator.statistics.sequential import ALARM, combined, e_values, stream_score

scores_of_a_stream = st.lists(st.floats(-8, 8), max_size=30)


@given(scores_of_a_stream, st.integers(1, 10))
def test_what_comes_later_never_changes_the_evidence_of_earlier_runs(scores: list[float], baseline: int) -> None:
    whole = e_values(scores, baseline)
    for length in range(len(scores)):
        assert e_values(scores[:length], baseline) == pytest.approx(whole[:length])


@given(scores_of_a_stream, st.integers(1, 10))
def test_rising_and_falling_rates_are_the_same_evidence(scores: list[float], baseline: int) -> None:
    assert e_values([-score for score in scores], baseline) == pytest.approx(e_values(scores, baseline))


def test_the_mean_evidence_of_streams_without_change_is_1() -> None:
    draw = np.random.default_rng(1)
    # Few and short: the mean of longer streams hangs on rare, very large values.
    ends = [e_values(draw.standard_normal(2), 3)[-1] for _ in range(20_000)]
    assert np.mean(ends) == pytest.approx(1, abs=0.05)


def test_scores_are_standard_normal_while_nothing_changes_whatever_the_jobs_are_like() -> None:
    draw = np.random.default_rng(2)
    # Two answers per job: nearly all ranks are ties.
    rates = draw.uniform(0.5, 1, size=(300, 6))
    streams = draw.binomial(2, rates[:, None, :], size=(300, 8, 6)).astype(float)
    scores = [stream_score(stream[run], stream[:run], draw) for stream in streams for run in range(1, 8)]
    assert kstest(scores, "norm").pvalue > 0.001
    by_run = np.array(scores).reshape(300, 7)
    assert np.abs(np.corrcoef(by_run, rowvar=False) - np.eye(7)).max() < 0.2


def test_a_job_without_a_past_takes_no_part() -> None:
    past = np.array([[0.0, np.nan], [0.2, np.nan]])
    alone = stream_score(np.array([0.3]), past[:, :1], np.random.default_rng(3))
    assert stream_score(np.array([0.3, 1.0]), past, np.random.default_rng(3)) == alone != 0
    assert stream_score(np.array([1.0]), np.empty((0, 1)), np.random.default_rng(3)) == 0


def test_a_job_higher_than_ever_scores_high() -> None:
    draw = np.random.default_rng(4)
    assert stream_score(np.array([1.0]), np.zeros((99, 1)), draw) > 2.3
    assert stream_score(np.array([-1.0]), np.zeros((99, 1)), draw) < -2.3


def test_a_year_without_change_is_quiet_and_a_change_is_found() -> None:
    draw = np.random.default_rng(5)
    quiet = [e_values(draw.standard_normal(365), 7).max() >= ALARM for _ in range(200)]
    assert np.mean(quiet) <= 0.05
    changed = e_values([*draw.standard_normal(100), *draw.normal(3, 1, size=10)], 7)
    assert changed[:100].max() < ALARM < changed[104]


def test_several_cells_share_the_level() -> None:
    assert combined([4.0, 100.0, 1.0, 0.5]) == 25
    assert combined([]) == 0
