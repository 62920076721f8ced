"""Degrees of freedom: the source's own formula, and what it comes down to."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from results.statistics.degrees_of_freedom import degrees_of_freedom


@given(st.lists(st.integers(1, 200), min_size=2, max_size=40))
def test_they_are_those_of_the_matrices_in_the_source(sizes: list[int]) -> None:
    n = np.array(sizes, dtype=np.float64)
    adjusting = (1 - n / n.sum()) ** -0.5
    residuals = np.diag(n) - np.outer(n, n) / n.sum()
    matrix = adjusting[:, None] * residuals * adjusting
    assert degrees_of_freedom(tuple(sizes)) == pytest.approx(np.trace(matrix) ** 2 / np.sum(matrix**2), rel=1e-6)


@given(st.integers(1, 200), st.integers(2, 40))
def test_clusters_of_one_size_have_one_less_than_there_are_to_the_last_digit(size: int, count: int) -> None:
    assert degrees_of_freedom((size,) * count) == count - 1


@given(st.lists(st.integers(1, 200), min_size=2, max_size=40))
def test_unequal_clusters_have_fewer_but_never_less_than_one(sizes: list[int]) -> None:
    assert 1 - 1e-9 <= degrees_of_freedom(tuple(sizes)) <= len(sizes) - 1 + 1e-9


def test_seven_jobs_of_which_three_have_one_test_count_as_little_more_than_four() -> None:
    assert degrees_of_freedom((15, 11, 10, 10, 1, 1, 1)) == pytest.approx(3.4, abs=0.01)


@pytest.mark.parametrize("size", [1, 10**6, 10**9, 10**12])
def test_beside_one_cluster_of_nearly_all_the_others_hardly_count(size: int) -> None:
    assert degrees_of_freedom((1, size)) == pytest.approx(1, rel=1e-14)
    assert degrees_of_freedom((1, 1, 3, 100 * size)) == pytest.approx(1, rel=6 / size)
