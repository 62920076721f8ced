"""Paired differences: laws, exactness against enumeration, and the ends where noise cannot be estimated."""

import math
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, binomtest, ttest_1samp
from scipy.stats import t as student

from results.statistics.paired import (
    Cluster,
    Effect,
    detectable_multiple,
    exchange_p,
    p_below,
    paired_effect,
)

quarters = st.integers(0, 4).map(lambda count: count / 4)


@st.composite
def clusters_of_scores(draw: st.DrawFn) -> list[Cluster]:
    """Clusters of a run and one to three runs of the reference."""
    shapes = draw(st.lists(st.tuples(st.integers(2, 4), st.integers(1, 5)), min_size=1, max_size=25))
    return [
        Cluster.from_scores([draw(st.lists(quarters, min_size=tests, max_size=tests)) for _ in range(runs)])
        for runs, tests in shapes
    ]


def of_differences(differences: list[float], tests: int = 1) -> list[Cluster]:
    """Clusters of two runs that differ by so much in each test."""
    return [Cluster.from_scores([[0.5 + difference] * tests, [0.5] * tests]) for difference in differences]


@given(clusters_of_scores())
def test_the_effect_is_the_mean_over_pairs_and_lies_in_an_interval_of_some_width(clusters: list[Cluster]) -> None:
    found = paired_effect(clusters)
    assert found.effect is not None
    assert found.low is not None
    assert found.high is not None
    assert found.p is not None
    differences = sum(cluster.totals[0] - np.mean(cluster.totals[1:]) for cluster in clusters)
    assert found.effect == pytest.approx(100 * differences / sum(cluster.pairs for cluster in clusters))
    assert -100 <= found.low <= found.effect + 1e-9
    assert found.effect - 1e-9 <= found.high <= 100
    assert found.high - found.low > 0.01
    assert 0 < found.p <= 1


@given(st.lists(st.lists(st.lists(quarters, min_size=3, max_size=3), min_size=2, max_size=2), min_size=1, max_size=25))
def test_exchanging_the_runs_mirrors_the_effect(scores: list[list[list[float]]]) -> None:
    there = paired_effect([Cluster.from_scores(cluster) for cluster in scores])
    back = paired_effect([Cluster.from_scores(cluster[::-1]) for cluster in scores])
    assert there.effect is not None
    assert there.low is not None
    assert (back.effect, back.high) == pytest.approx((-there.effect, -there.low))
    # Random exchanges of many clusters are the same, but of the clusters in another order.
    assert back.p == pytest.approx(there.p, abs=1e-12 if len(scores) <= 20 else 0.03)


def test_clusters_of_one_size_have_the_interval_of_the_t_test() -> None:
    differences = [0.1, -0.05, 0.2, 0.15, 0.0, 0.12]
    found = paired_effect(of_differences(differences, tests=3))
    low, high = ttest_1samp(differences, 0).confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((100 * low, 100 * high))


@given(st.lists(st.integers(-8, 8).map(lambda eighths: eighths / 16), min_size=1, max_size=10))
def test_p_of_two_runs_counts_all_sign_flips(differences: list[float]) -> None:
    signs = product((-1, 1), repeat=len(differences))
    flips = [abs(sum(s * d for s, d in zip(flip, differences, strict=True))) for flip in signs]
    found = paired_effect(of_differences(differences)).p
    assert found == sum(flip >= abs(sum(differences)) for flip in flips) / len(flips)


@given(st.lists(st.lists(quarters, min_size=3, max_size=3), min_size=1, max_size=5))
def test_p_of_a_window_counts_every_choice_of_the_run(scores: list[list[float]]) -> None:
    def distance(chosen: tuple[int, ...]) -> float:
        return abs(
            sum(runs[k] - (sum(runs) - runs[k]) / (len(runs) - 1) for runs, k in zip(scores, chosen, strict=True))
        )

    distances = [distance(chosen) for chosen in product(range(3), repeat=len(scores))]
    found = exchange_p([Cluster.from_scores([[score] for score in cluster]).differences for cluster in scores])
    assert found == pytest.approx(np.mean([distance >= distances[0] - 1e-9 for distance in distances]))


@pytest.mark.parametrize("window", [1, 7])
def test_p_is_below_5_percent_in_no_more_than_5_percent_of_comparisons_of_runs_alike(window: int) -> None:
    draw = np.random.default_rng(1)
    # Scores near their end are skewed: the run less the mean of a window is then not symmetric about 0, and flips of
    # its sign would be rare in 9 % of these.
    scores = draw.beta(0.3, 2.7, size=(600, 10, 1 + window))
    found = [exchange_p([Cluster.from_scores(cluster[:, None]).differences for cluster in runs]) for runs in scores]
    low = sum(p < 0.05 for p in found)
    assert binomtest(low, len(found), 0.05, alternative="greater").pvalue > 0.001


def test_a_window_of_runs_adds_how_they_differ() -> None:
    # Three runs of the reference at 40, 50 and 60 %, alike in each of 30 clusters; the run is at 70 %.
    found = paired_effect([Cluster.from_scores([[0.7], [0.4], [0.5], [0.6]])] * 30)
    standard_error = 10 * math.sqrt(4 / 3)
    none_differs = 100 * (1 - 0.025 ** (1 / 30))
    half_width = math.hypot(none_differs, student.ppf(0.975, 2) * standard_error)
    assert found.effect == pytest.approx(20)
    assert found.low == pytest.approx(20 - half_width)
    assert found.high == pytest.approx(20 + half_width)
    assert found.p == found.least_p == pytest.approx(2 * student.sf(20 / standard_error, 2))


def test_runs_of_a_window_that_are_all_alike_add_nothing() -> None:
    scores = np.random.default_rng(3).integers(0, 2, (12, 2)).astype(float).tolist()
    pair = paired_effect([Cluster.from_scores([[ours], [theirs]]) for ours, theirs in scores])
    window = paired_effect([Cluster.from_scores([[ours], [theirs], [theirs]]) for ours, theirs in scores])
    assert (window.low, window.high, window.within) == (pair.low, pair.high, pair.within)


def test_p_of_many_clusters_is_near_the_exact_one_and_never_0() -> None:
    differences = np.linspace(-1, 2, 21)
    exact = np.array([0.0])
    for difference in differences:
        exact = np.concatenate((exact + difference, exact - difference))
    share = np.mean(np.abs(exact) >= abs(differences.sum()) - 1e-9)
    assert exchange_p([np.array([each, -each]) for each in differences]) == pytest.approx(share, abs=0.01)
    assert exchange_p([np.array([1.0, -1.0])] * 40) == 1 / 10_000


def test_clusters_alike_do_not_make_p_of_the_others_random() -> None:
    differences = [np.array([1.0, -1.0])] * 5 + [np.zeros(2)] * 75
    assert exchange_p(differences) == 2 / 2**5


def test_nothing_paired_is_not_measured() -> None:
    assert paired_effect([]) == Effect(None, None, None, None, None, None, 0, 0, identical=False)


def test_one_cluster_says_nothing_of_the_others() -> None:
    found = paired_effect(of_differences([0.2], tests=5))
    assert found.effect == pytest.approx(20)
    assert (found.low, found.high, found.p, found.detectable) == (-100, 100, 1, None)


def test_runs_that_are_alike_in_every_pair_leave_the_doubt_that_so_few_clusters_leave() -> None:
    found = paired_effect(of_differences([0.0] * 4, tests=25))
    reach = 100 * (1 - math.pow(0.025, 1 / 4))
    assert (found.effect, found.low, found.high, found.p) == pytest.approx((0, -reach, reach, 1))
    assert found.within == pytest.approx(100 * (1 - math.pow(0.05, 1 / 4)))
    assert found.identical


def test_the_effect_is_within_the_farther_end_of_its_interval_of_90_percent() -> None:
    differences = [0.1, 0.2, -0.1, 0.3, 0.05, 0.15, 0.0, 0.1, 0.2, 0.12]
    low, high = ttest_1samp(differences, 0).confidence_interval(0.90)
    assert paired_effect(of_differences(differences)).within == pytest.approx(100 * max(-low, high))


def test_clusters_whose_totals_happen_to_coincide_leave_the_doubt_that_so_few_clusters_leave() -> None:
    differing = [Cluster.from_scores([[1.0, 0.0], [0.0, 1.0]]), Cluster.from_scores([[0.5, 0.5], [0.5, 0.5]])]
    found = paired_effect(differing)
    assert not found.identical
    reach = 100 * (1 - math.pow(0.025, 1 / 2))
    assert (found.effect, found.low, found.high) == pytest.approx((0, -reach, reach))


@given(
    st.integers(3, 40),
    st.integers(1, 4),
    st.lists(quarters, min_size=4, max_size=4),
    quarters,
)
def test_a_cluster_that_differs_from_the_others_narrows_no_interval(
    clusters: int, tests: int, scores: list[float], others: float
) -> None:
    alike = [Cluster.from_scores([[others] * tests, [0.5] * tests])] * clusters
    none, one = paired_effect(alike), paired_effect([*alike[1:], Cluster.from_scores([scores[:tests], [0.5] * tests])])
    assert none.effect is not None
    assert one.effect is not None
    assert none.low is not None
    assert one.low is not None
    assert none.high is not None
    assert one.high is not None
    # As far as -100 and 100 do not cut either short.
    assert one.low == -100 or one.effect - one.low >= none.effect - none.low - 1e-9
    assert one.high == 100 or one.high - one.effect >= none.high - none.effect - 1e-9


def test_intervals_hold_the_truth_where_leaks_are_rare() -> None:
    leaks = np.arange(81)
    found = [paired_effect(of_differences([0.5] * count + [0.0] * (80 - count))) for count in leaks]
    low, high = (np.array([getattr(effect, name) for effect in found]) for name in ("low", "high"))
    # A leak is a difference of half the scale here.
    held = {p: binom.pmf(leaks, 80, p)[(low <= 50 * p) & (50 * p <= high)].sum() for p in np.arange(1, 41) / 200}
    assert min(held.values()) > 0.945


def test_where_most_clusters_differ_nothing_is_added_to_the_interval() -> None:
    differences = [0.0] * 4 + [0.1, 0.2, -0.1, 0.3, 0.05]
    low, high = ttest_1samp(differences, 0).confidence_interval(0.95)
    found = paired_effect(of_differences(differences, tests=2))
    assert (found.low, found.high) == pytest.approx((100 * low, 100 * high))


@given(st.floats(1e-4, 0.5), st.integers(1, 10_000))
def test_the_largest_p_below_a_level_is_below_it_and_the_next_is_not(level: float, exchanges: int) -> None:
    found = p_below(level, exchanges)
    assert found < level
    assert found + 1 / exchanges >= level - 1e-12
    assert found * exchanges == pytest.approx(round(found * exchanges), abs=1e-6)


def test_the_detectable_effect_is_the_standard_errors_of_bloom() -> None:
    # 2.80 standard errors for very many clusters.
    assert detectable_multiple(100_000, 0.05) == pytest.approx(2.8016, abs=1e-3)
    differences = [0.1, 0.2, 0.3, 0.1, 0.2, 0.3]
    error = float(np.std(differences, ddof=1)) / math.sqrt(6)
    # Of six clusters one pair of flips is rare enough, of 32: Student's t at 1 - 1/64, and at 80 %.
    assert paired_effect(of_differences(differences)).detectable == pytest.approx(
        100 * error * (2.9675 + 0.9195), rel=1e-3
    )


@pytest.mark.parametrize(("clusters", "power"), [(6, 0.71), (7, 0.78), (9, 0.79)])
def test_the_detectable_effect_is_found_as_often_as_is_said(clusters: int, power: float) -> None:
    normal = np.random.default_rng(1).standard_normal((1500, clusters))
    level = p_below(0.05, 2 ** (clusters - 1))
    shifted = normal + detectable_multiple(clusters - 1, level) / math.sqrt(clusters)
    found = sum(exchange_p([np.array([each, -each]) for each in differences]) < 0.05 for differences in shifted)
    assert binomtest(found, len(shifted), power).pvalue > 0.001


def test_nothing_is_detectable_where_no_exchange_of_runs_is_rare_enough() -> None:
    assert paired_effect(of_differences([0.1, 0.2, 0.3, 0.1, 0.2])).detectable is None
    # Three clusters of eight runs have 512 exchanges, of three runs 27: one alone can lie farthest.
    for runs in (8, 3):
        window = [Cluster.from_scores([[0.5 + change], *[[0.5]] * (runs - 1)]) for change in (0.1, 0.2, 0.3)]
        found = paired_effect(window)
        assert found.p == 1 / runs**3
        assert found.detectable is not None
    assert paired_effect(window[:2]).detectable is None


def test_nothing_is_detectable_that_no_rate_could_change_by() -> None:
    def detectable(clusters: int) -> float | None:
        turned = [Cluster.from_scores([[k % 2], [1 - k % 2]]) for k in range(clusters)]
        return paired_effect(turned).detectable

    assert detectable(6) is None
    assert 30 < (detectable(60) or 0) < 100


def test_a_run_upon_the_mean_of_runs_that_differ_is_not_identical_with_them() -> None:
    between = [Cluster.from_scores([[0.5, 0.5], [0.0, 1.0], [1.0, 0.0]]) for _ in range(5)]
    assert paired_effect(between).effect == 0
    assert not paired_effect(between).identical
    assert paired_effect([Cluster.from_scores([[0.5, 0.5]] * 3)]).identical
