"""Paired differences: laws, exactness against enumeration, and the ends where noise cannot be estimated."""

import math
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ttest_1samp

from services.aggregator.statistics.paired import Effect, detectable_multiple, paired_effect, sign_flip_p

totals = st.lists(st.integers(-8, 8).map(lambda eighths: eighths / 8), min_size=1, max_size=10)


@st.composite
def clusters_of_differences(draw: st.DrawFn) -> list[tuple[float, int]]:
    sizes = draw(st.lists(st.integers(1, 10), min_size=1, max_size=30))
    return [(draw(st.integers(-4 * size, 4 * size)) / 4, size) for size in sizes]


@given(clusters_of_differences())
def test_the_effect_is_the_mean_over_pairs_and_lies_in_an_interval_of_some_width(
    clusters: list[tuple[float, int]],
) -> None:
    found = paired_effect(clusters)
    assert found.effect is not None
    assert found.low is not None
    assert found.high is not None
    assert found.p is not None
    assert found.effect == pytest.approx(100 * sum(total for total, _ in clusters) / sum(n for _, n in clusters))
    assert -100 <= found.low <= found.effect + 1e-9
    assert found.effect - 1e-9 <= found.high <= 100
    assert found.high - found.low > 0.01
    assert 0 < found.p <= 1


@given(clusters_of_differences())
def test_exchanging_the_runs_mirrors_the_effect(clusters: list[tuple[float, int]]) -> None:
    there, back = paired_effect(clusters), paired_effect([(-total, n) for total, n in clusters])
    assert there.effect is not None
    assert there.low is not None
    assert (back.effect, back.high) == pytest.approx((-there.effect, -there.low))
    # Random flips of many clusters are the same flips, but of the clusters in another order.
    assert back.p == pytest.approx(there.p, abs=0 if len(clusters) <= 20 else 0.03)


def test_clusters_of_one_size_have_the_interval_of_the_t_test() -> None:
    differences = [0.1, -0.05, 0.2, 0.15, 0.0, 0.12]
    found = paired_effect([(3 * of, 3) for of in differences])
    low, high = ttest_1samp(differences, 0).confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((100 * low, 100 * high))


@given(totals)
def test_p_counts_all_sign_flips(differences: list[float]) -> None:
    flips = [abs(sum(s * d for s, d in zip(signs, differences, strict=True))) for signs in _signs(len(differences))]
    assert sign_flip_p(np.array(differences)) == sum(of >= abs(sum(differences)) for of in flips) / len(flips)


def test_p_of_many_clusters_is_near_the_exact_one_and_never_0() -> None:
    differences = np.linspace(-1, 2, 21)
    exact = np.array([0.0])
    for difference in differences:
        exact = np.concatenate((exact + difference, exact - difference))
    share = np.mean(np.abs(exact) >= abs(differences.sum()) - 1e-9)
    assert sign_flip_p(differences) == pytest.approx(share, abs=0.01)
    assert sign_flip_p(np.ones(40)) == 1 / 10_000


def test_nothing_paired_is_not_measured() -> None:
    assert paired_effect([]) == Effect(None, None, None, None, None, 0, 0)


def test_one_cluster_says_nothing_of_the_others() -> None:
    found = paired_effect([(1.0, 5)])
    assert (found.effect, found.low, found.high, found.p, found.detectable) == (20, -100, 100, 1, None)


def test_runs_that_are_alike_in_every_pair_leave_the_doubt_that_so_many_pairs_leave() -> None:
    found = paired_effect([(0.0, 25)] * 4)
    reach = 100 * (1 - math.pow(0.025, 1 / 100))
    assert (found.effect, found.low, found.high, found.p) == pytest.approx((0, -reach, reach, 1))


def test_the_detectable_effect_is_the_standard_errors_of_bloom() -> None:
    # 2.80 standard errors for very many clusters.
    assert detectable_multiple(100_000) == pytest.approx(2.8016, abs=1e-3)
    found = paired_effect([(0.1, 1), (0.2, 1), (0.3, 1)])
    error = 0.1 / math.sqrt(3)
    assert found.detectable == pytest.approx(100 * error * (4.3027 + 1.0607), rel=1e-4)


def _signs(count: int) -> list[tuple[int, ...]]:
    return list(product((-1, 1), repeat=count))
