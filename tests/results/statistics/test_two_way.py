"""Intervals over prompts and concepts: the laws, a figure by hand, and where there are none."""

import random
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import t

from results.statistics.intervals import clopper_pearson, rate_with_interval
from results.statistics.two_way import Crossed, few_concepts, over_concepts


def grid(totals: list[list[int]], n: int = 4) -> Crossed:
    """A row per job, a column per concept."""
    return [
        (f"job {j}", f"concept {c}", float(total), n) for j, row in enumerate(totals) for c, total in enumerate(row)
    ]


@st.composite
def grids(draw: st.DrawFn) -> Crossed:
    concepts = draw(st.integers(5, 7))
    row = st.lists(st.integers(0, 4), min_size=concepts, max_size=concepts)
    return grid(draw(st.lists(row, min_size=concepts + 1, max_size=10)))


@given(grids())
def test_the_interval_holds_the_rate_and_has_some_width(crossed: Crossed) -> None:
    bounds = over_concepts(crossed)
    assert bounds is not None
    low, high = bounds
    rate = 100 * sum(total for _, _, total, _ in crossed) / sum(n for *_, n in crossed)
    assert 0 <= low <= rate + 1e-9
    assert rate - 1e-9 <= high <= 100
    assert high - low > 0.01


@given(grids(), st.randoms())
def test_the_order_of_rows_changes_nothing(crossed: Crossed, shuffler: random.Random) -> None:
    shuffled = list(crossed)
    shuffler.shuffle(shuffled)
    assert over_concepts(shuffled) == over_concepts(crossed)


@given(grids())
def test_counting_the_opposite_mirrors_the_interval(crossed: Crossed) -> None:
    bounds = over_concepts(crossed)
    mirrored = over_concepts([(job, concept, n - total, n) for job, concept, total, n in crossed])
    assert bounds is not None
    assert mirrored == pytest.approx((100 - bounds[1], 100 - bounds[0]), abs=1e-6)


def test_concepts_that_differ_widen_the_interval_and_jobs_that_differ_do_not() -> None:
    concepts_differ = grid([[j % 2, 1, 2, 3, 4, 4] for j in range(12)])
    jobs_differ = grid([[0, 0, 1, 2, 2, 3, 3, 4, 4, 4, 1, 2][j : j + 1] * 6 for j in range(12)])
    for crossed, least, most in ((concepts_differ, 5, 99), (jobs_differ, 1, 1.3)):
        of_jobs = [(sum(t for job, _, t, _ in crossed if job == f"job {j}"), 24) for j in range(12)]
        over_prompts = rate_with_interval(of_jobs)
        bounds = over_concepts(crossed)
        assert bounds is not None
        assert over_prompts.low is not None
        assert over_prompts.high is not None
        # Beside the concepts there are fewer degrees of freedom: 5 in place of 11.
        assert least < (bounds[1] - bounds[0]) / (over_prompts.high - over_prompts.low) < most


def test_the_interval_is_that_of_the_sums_of_three_jackknives() -> None:
    draw = np.random.default_rng(3)
    totals = draw.integers(1, 5, size=(9, 6)).astype(float)
    totals[:, 0] = 1
    jobs, concepts = totals.shape

    def variance(left_out: list[np.ndarray]) -> float:
        shares = np.array([totals[~out].sum() / (4 * (~out).sum()) for out in left_out])
        logits = np.log(shares / (1 - shares))
        return float((len(logits) - 1) * np.var(logits))

    rows = [np.arange(jobs)[:, None] == np.full((1, concepts), j) for j in range(jobs)]
    columns = [np.full((jobs, 1), c) == np.arange(concepts)[None, :] for c in range(concepts)]
    rows = [np.broadcast_to(row, totals.shape) for row in rows]
    columns = [np.broadcast_to(column, totals.shape) for column in columns]
    both = [rows[j] & columns[c] for j, c in product(range(jobs), range(concepts))]
    apart = [variance(rows), variance(columns), variance(both)]
    standard_error = max(apart[0] + apart[1] - apart[2], apart[0], apart[1]) ** 0.5
    rate = totals.mean() / 4
    middle, reach = np.log(rate / (1 - rate)), t.ppf(0.975, concepts - 1) * standard_error
    expected = [100 / (1 + np.exp(-(middle + sign * reach))) for sign in (-1, 1)]
    assert over_concepts(grid(totals.astype(int).tolist())) == pytest.approx(expected)


def test_where_all_leak_the_concepts_are_the_units() -> None:
    bounds = over_concepts(grid([[4] * 5 for _ in range(8)]))
    assert bounds == pytest.approx((100 * 0.025 ** (1 / 5), 100))


@pytest.mark.parametrize(
    ("crossed", "few"),
    [
        pytest.param([], None, id="nothing"),
        pytest.param(
            [(f"job {j}", f"{j} {k}", 1.0, 4) for j in range(9) for k in range(3)], None, id="each in one job"
        ),
        pytest.param(grid([[1, 2, 3, 2, 1, 0]] * 6), None, id="as many concepts as jobs"),
        pytest.param([*grid([[1, 2, 3, 2, 1]] * 6), ("job 1", "rare", 1.0, 4)], None, id="one of them in one job"),
        pytest.param(grid([[1, 2, 3, 2]] * 6), 4, id="four concepts"),
    ],
)
def test_no_wider_interval_where_concepts_are_no_sample_of_few(crossed: Crossed, few: int | None) -> None:
    assert few_concepts(crossed) == few
    assert over_concepts(crossed) is None


def test_five_concepts_asked_over_and_over_are_few() -> None:
    assert few_concepts(grid([[1, 2, 3, 2, 1]] * 6)) == 5


@pytest.mark.parametrize(("total", "n"), [(1, 7), (3, 10), (2, 3)])
def test_equal_shares_have_the_interval_of_so_many_concepts_whatever_their_last_digits(total: int, n: int) -> None:
    sizes = [1 + j % 3 for j in range(12)]
    rows = [(f"job {j}", f"concept {c}", float(total * k), n * k) for j, k in enumerate(sizes) for c in range(6)]
    low, high = clopper_pearson(6 * total / n, 6)
    assert over_concepts(rows) == pytest.approx((100 * low, 100 * high))
