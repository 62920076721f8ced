"""The noise of a run: found again where it was planted, divided as published where it is not seen, never invented."""

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from results.statistics.noise import (
    CONTROL_OF_JOB,
    TEST_OF_REST,
    JobSums,
    Noise,
    changed_noise,
    noise_of_rate,
    noise_of_run,
    told_apart,
)

Scores = list[NDArray[np.float64]]
"""Of each job the leak scores, by test and sample."""


def planted(tests: list[int], samples: int, job: float, test: float, control: float, ties: float = 0.0) -> Scores:
    """Scores of a rate near 70 %, whose comparisons have these parts of normal numbers in common."""
    draw = np.random.default_rng(1)

    def normal(share: float, *shape: int) -> NDArray[np.float64]:
        return math.sqrt(share) * draw.standard_normal(shape)

    latent = [
        normal(job, 1, 1)
        + normal(test, n, 1)
        + normal(control, 1, samples)
        + normal(1 - job - test - control, n, samples)
        for n in tests
    ]
    return [np.where(draw.uniform(size=normals.shape) < ties, 0.5, normals > -0.5244) for normals in latent]


def sums(scores: Scores, known: bool = True) -> list[JobSums]:
    return [
        JobSums(
            [(float(test.sum()), len(test)) for test in job],
            [(float(sample.sum()), len(sample)) for sample in job.T] if known else [],
        )
        for job in scores
    ]


def shares(noise: Noise) -> tuple[float, float, float]:
    return noise.job, noise.test, noise.control


def test_the_noise_of_a_run_is_found_again() -> None:
    # A correlation of binary scores: of normal numbers that correlate by 0.2, 0.5 (0.3 more) and 0.4 (0.2 more).
    scores = planted([3, 6, 12] * 700, 4, job=0.2, test=0.3, control=0.2)
    found = noise_of_run(sums(scores), ties=0.0)
    both = (
        np.concatenate([np.stack([job[0, 0], job[1, 1], job[0, 1], job[1, 0]], 0)[:, None] for job in scores], 1)
        - found.rate
    )
    assert found.rate == pytest.approx(np.concatenate([job.ravel() for job in scores]).mean())
    assert found.variance == pytest.approx(found.rate * (1 - found.rate))
    other, same_test, same_sample = (float(np.mean(both[0] * both[k])) / found.variance for k in (1, 2, 3))
    assert shares(found) == pytest.approx((other, same_test - other, same_sample - other), abs=0.04)
    assert shares(found) == pytest.approx((0.12, 0.20, 0.13), abs=0.02)


def test_what_the_control_does_is_not_taken_for_what_persists() -> None:
    found = noise_of_run(sums(planted([10] * 400, 5, job=0.0, test=0.0, control=0.3)), ties=0.0)
    assert found.job == pytest.approx(0, abs=0.01)
    assert found.test == pytest.approx(0, abs=0.02)
    assert found.control == pytest.approx(0.18, abs=0.02)


def test_ties_vary_less() -> None:
    scores = planted([20] * 300, 2, job=0.2, test=0.0, control=0.0, ties=0.2)
    every = np.concatenate([job.ravel() for job in scores])
    found = noise_of_run(sums(scores), ties=float(np.mean(every == 0.5)))
    assert found.variance == pytest.approx(every.var())


def test_no_job_differs_from_chance_by_less_than_nothing() -> None:
    # Every job has one test that leaks and one that does not: the jobs are more alike than chance makes them.
    scores = [np.array([[1.0, 1.0], [0.0, 0.0]])] * 20
    assert shares(noise_of_run(sums(scores), ties=0.0)) == (0, 1, 0)


def test_shares_of_a_small_run_add_up_to_no_more_than_there_is() -> None:
    # Three jobs; one shows what its samples do, another what its tests do, and all of them what jobs do.
    by_sample, by_test = np.array([[1.0, 0.0, 1.0]] * 3), np.array([[1.0] * 3, [1.0] * 3, [0.0] * 3])
    found = noise_of_run(sums([by_sample, np.zeros((3, 3)), by_test]), ties=0.0)
    assert min(shares(found)) > 0
    assert sum(shares(found)) == pytest.approx(1)


def test_without_the_texts_the_tests_are_still_seen() -> None:
    scores = planted([12] * 600, 5, job=0.2, test=0.3, control=0.2)
    known, unknown = (noise_of_run(sums(scores, known), ties=0.0) for known in (True, False))
    assert not told_apart(sums(scores, known=False))
    # All that tests have in common, and jobs over five samples, is seen; only the control is not told apart.
    assert unknown.job + unknown.control / 5 == pytest.approx(known.job + known.control / 5, abs=0.002)
    assert unknown.job + unknown.test == pytest.approx(known.job + known.test, abs=0.002)
    assert unknown.control == pytest.approx(CONTROL_OF_JOB * (unknown.job + unknown.control))


def test_one_sample_is_divided_as_published() -> None:
    scores = [job[:, :1] for job in planted([12] * 1000, 2, job=0.2, test=0.3, control=0.2)]
    found = noise_of_run(sums(scores), ties=0.0)
    assert not told_apart(sums(scores))
    correlation = found.job + found.control
    assert correlation == pytest.approx(0.25, abs=0.03)
    assert shares(found) == pytest.approx(shares(noise_of_rate(0.7, correlation)))
    assert found.test == pytest.approx(TEST_OF_REST * (1 - correlation))


def test_of_one_test_a_job_all_is_seen_that_matters() -> None:
    scores = planted([1] * 3000, 5, job=0.3, test=0.2, control=0.2)
    for known in (True, False):
        found = noise_of_run(sums(scores, known), ties=0.0)
        assert told_apart(sums(scores, known))
        assert found.job == pytest.approx(0.33, abs=0.03)
        assert found.job + found.control == 1


@pytest.mark.parametrize(
    ("scores", "reason"),
    [
        ([[[float(k < 42)]] for k in range(60)], "fewer than two of its jobs have several comparisons"),
        ([[[1.0, 0.0, 1.0, 1.0, 0.0]]], "fewer than two of its jobs have several comparisons"),
        ([[[0.0], [1.0]], [[1.0]]], "fewer than two of its jobs have several comparisons"),
        ([[[1.0, 1.0]]] * 9, "all its leak scores are alike"),
        ([[[0.5, 0.5]]] * 9, "all its leak scores are alike"),
    ],
)
def test_a_run_that_shows_no_correlation_is_given_none(scores: list[list[list[float]]], reason: str) -> None:
    ties = float(np.mean([score == 0.5 for job in scores for test in job for score in test]))
    with pytest.raises(ValueError, match=reason):
        noise_of_run(sums([np.array(job) for job in scores]), ties)


def test_ties_stay_as_many_after_a_change_as_the_rate_has_room_for() -> None:
    # A fifth tie: a quarter of them is what their variance lacks.
    noise = Noise(0.7, 0.21 - 0.05, 0.1, 0.2, 0.1)
    changed = changed_noise(noise, -0.1)
    assert changed is not None
    assert (changed.rate, changed.variance) == pytest.approx((0.6, 0.24 - 0.05))
    assert (changed.job, changed.test, changed.control) == (0.1, 0.2, 0.1)
    # All tie; of a rate of 55 % nine tenths can.
    after = changed_noise(Noise(0.5, 0.0, 0.0, 0.0, 0.0), 0.05)
    assert after is not None
    assert after.variance == pytest.approx(np.var([0.5] * 9 + [1.0]))
    assert changed_noise(noise, 0.31) is None


def test_where_comparisons_share_no_answer_all_that_they_have_in_common_persists() -> None:
    assert shares(noise_of_rate(0.3, 0.2, shared=False)) == pytest.approx((0.2, 0.8 * TEST_OF_REST, 0))
    of_one_sample = sums(planted([4] * 200, 1, job=0.3, test=0.0, control=0.0))
    alone, with_control = (noise_of_run(of_one_sample, 0.0, shared) for shared in (False, True))
    assert alone.control == 0
    assert alone.job == pytest.approx(with_control.job + with_control.control, rel=0.05)
