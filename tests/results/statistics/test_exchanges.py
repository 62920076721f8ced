"""Choices of a cluster's samples, and the differences that they make."""

from itertools import combinations

import numpy as np
import pytest

from results.statistics.exchanges import MOST_CHOICES, choices_of, differences_by_choice


def test_few_samples_have_every_choice_once_the_observed_first() -> None:
    [found] = choices_of([2], [5])
    assert found[0].tolist() == [True, True, False, False, False]
    listed = {tuple(np.flatnonzero(row).tolist()) for row in found}
    assert listed == set(combinations(range(5), 2))
    assert len(found) == len(listed)


def test_of_many_samples_the_observed_choice_and_random_ones_of_each_cluster_stand_for_all() -> None:
    first, second = choices_of([10, 10], [20, 20])
    assert first.shape == (MOST_CHOICES, 20)
    assert first[0].tolist() == [True] * 10 + [False] * 10
    assert set(first.sum(axis=1)) == {10}
    assert not np.array_equal(first, second)
    # No place is favoured: 251 choices of a half each.
    assert np.abs(first[1:].mean(axis=0) - 0.5).max() < 0.2


def test_a_difference_is_that_of_the_mean_scores_for_each_pair() -> None:
    [choices] = choices_of([2], [4])
    [found] = differences_by_choice(np.array([[2.0, 1.0, 0.0, 0.5]]), np.full((1, 4), 2.0), choices)
    assert found[0] == pytest.approx(3.0 / 4 - 0.5 / 4)
    # The last choice has what the first one leaves.
    assert found[-1] == pytest.approx(-found[0])


def test_a_sample_that_was_lost_counts_for_neither_side() -> None:
    [choices] = choices_of([1], [3])
    [found] = differences_by_choice(np.array([[1.0, 0.0, 0.0]]), np.array([[1.0, 0.0, 1.0]]), choices)
    # With the lost sample alone as the run's, there is nothing to compare.
    assert found.tolist() == [1.0, 0.0, -1.0]
