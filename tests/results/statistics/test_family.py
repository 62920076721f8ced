"""Adjusted p-values: the procedure by hand, and how often any is false."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from results.statistics.exchanges import choices_of, differences_by_choice
from results.statistics.family import Floats, adjusted_ps, sample_ps
from results.statistics.paired import exchange_p

DIFFERENCES = st.lists(st.integers(-8, 8), min_size=5, max_size=5)


def flips(differences: list[float]) -> dict[str, Floats]:
    """A cell of two runs, whose clusters have these differences."""
    return {f"j{k}": np.array([each, -each], dtype=np.float64) for k, each in enumerate(differences)}


@given(DIFFERENCES)
def test_one_cell_alone_has_its_own_p(differences: list[float]) -> None:
    cell = flips(differences)
    assert adjusted_ps([cell]) == [pytest.approx(exchange_p(list(cell.values())))]


@given(st.lists(DIFFERENCES, min_size=1, max_size=4))
def test_the_largest_distance_among_all_that_are_no_farther_decides(cells: list[list[float]]) -> None:
    found = adjusted_ps([flips(cell) for cell in cells])
    values = np.array(cells, dtype=np.float64)
    spread = np.sqrt((values**2).sum(axis=1))
    signs = np.array(list(product((1, -1), repeat=5)))
    distances = np.abs(signs @ values.T) / np.where(spread == 0, 1, spread)
    distances[:, spread == 0] = 0
    for index in range(len(cells)):
        if spread[index] == 0:
            assert found[index] == 1
            continue
        nearer = [k for k in range(len(cells)) if distances[0, k] <= distances[0, index] + 1e-9]
        own = np.mean(distances[:, nearer].max(axis=1) >= distances[0, index] - 1e-9)
        farther = [found[k] for k in range(len(cells)) if distances[0, k] > distances[0, index] + 1e-9]
        assert found[index] == pytest.approx(max([own, *farther]), abs=1e-9)


def test_cells_that_say_the_same_cost_nothing() -> None:
    cell = flips([0.1] * 8)
    assert adjusted_ps([cell] * 20) == [2 / 2**8] * 20


def test_cells_in_which_nothing_moves_change_no_other() -> None:
    cell = flips([0.1] * 8)
    assert adjusted_ps([flips([0.0] * 8), cell, {}]) == [1.0, 2 / 2**8, 1.0]


def test_any_of_several_runs_may_stand_in_the_place_of_the_run() -> None:
    cell = {f"j{k}": np.array([1.0, -0.5, -0.5]) for k in range(4)}
    assert adjusted_ps([cell]) == [1 / 3**4]


@pytest.mark.slow
@pytest.mark.parametrize("shared", [0.0, 0.9])
def test_where_nothing_differs_any_cell_is_found_in_5_percent_however_alike_they_are(shared: float) -> None:
    draw = np.random.default_rng(1)
    found = 0
    for _ in range(300):
        common = draw.standard_normal((1, 16))
        cells = np.sqrt(shared) * common + np.sqrt(1 - shared) * draw.standard_normal((8, 16))
        found += min(adjusted_ps([flips(cell) for cell in cells.tolist()])) < 0.05
    # 5 % of 300 are 15; more than 27 come in 1 of 500.
    assert 3 <= found <= 27


def sampled(scores: Floats, ours: int) -> dict[str, Floats]:
    """A cell whose clusters have one test each, with these scores by sample, the run's first."""
    jobs, samples = scores.shape
    choices = choices_of([ours] * jobs, [samples] * jobs)
    return {
        f"j{k:02}": differences_by_choice(row[None], np.ones((1, samples)), each)[0]
        for k, (row, each) in enumerate(zip(scores, choices, strict=True))
    }


def test_p_of_two_jobs_counts_every_exchange_of_their_samples() -> None:
    cell = sampled(np.array([[1.0, 1.0, 0.0, 0.0], [1.0, 0.5, 0.0, 0.0]]), ours=2)
    first, second = cell.values()
    spreads = np.mean(first**2), np.mean(second**2)
    both = [
        (abs(x + y), x**2 + y**2, x**2 / spreads[0] + y**2 / spreads[1])
        for x, y in product(first.tolist(), second.tolist())
    ]
    rare = [min(np.mean([each[k] >= one[k] - 1e-9 for each in both]) for k in range(3)) for one in both]
    [(p, adjusted)] = sample_ps([cell])
    assert p == adjusted == pytest.approx(np.mean([each <= rare[0] + 1e-9 for each in rare]))


@given(st.lists(st.lists(st.integers(0, 4), min_size=8, max_size=8), min_size=1, max_size=4))
def test_the_rarest_among_all_that_are_no_rarer_decides(cells: list[list[int]]) -> None:
    of_cells = [sampled(np.array(scores, dtype=np.float64).reshape(2, 4) / 4, ours=2) for scores in cells]
    rare = np.array([_shares_as_rare(list(cell.values())) for cell in of_cells])
    found = sample_ps(of_cells)
    for index, cell in enumerate(of_cells):
        if not any(np.abs(differences).max() > 0 for differences in cell.values()):
            assert found[index] == (1.0, 1.0)
            continue
        observed = rare[:, 0]
        nearer = [k for k in range(len(cells)) if observed[k] >= observed[index]]
        own = np.mean(rare[nearer].min(axis=0) <= observed[index])
        farther = [found[k][1] for k in range(len(cells)) if observed[k] < observed[index]]
        assert found[index] == pytest.approx((np.mean(rare[index] <= observed[index]), max([own, *farther])))


def _shares_as_rare(differences: list[Floats]) -> list[int]:
    """Of each exchange of two clusters' samples, in how many the value of its rarest statistic is as large."""
    first, second = (each.tolist() for each in differences)
    spreads = [float(np.mean(each**2)) or 1.0 for each in differences]
    both = [(abs(x + y), x**2 + y**2, x**2 / spreads[0] + y**2 / spreads[1]) for x, y in product(first, second)]
    return [min(sum(each[k] >= one[k] - 1e-9 for each in both) for k in range(3)) for one in both]


def test_a_change_of_few_jobs_is_found_though_their_sum_is_small() -> None:
    draw = np.random.default_rng(1)
    scores = draw.integers(0, 2, (40, 10)).astype(float)
    scores[:2, :5], scores[:2, 5:] = 1.0, 0.0
    scores[2:4, :5], scores[2:4, 5:] = 0.0, 1.0
    [(p, _)] = sample_ps([sampled(scores, ours=5)])
    assert p < 0.01


def test_samples_that_are_all_alike_say_nothing() -> None:
    assert sample_ps([sampled(np.ones((8, 10)), ours=5), {}]) == [(1.0, 1.0), (1.0, 1.0)]


@pytest.mark.slow
@pytest.mark.parametrize("ours", [2, 5])
def test_samples_of_one_model_have_a_low_p_in_5_percent_of_any_cell(ours: int) -> None:
    draw = np.random.default_rng(2)
    found = 0
    for _ in range(200):
        rates = draw.beta(0.5, 0.5, (12, 1))
        cells = [(draw.random((12, 2 * ours)) < rates).astype(float) for _ in range(3)]
        found += min(adjusted for _, adjusted in sample_ps([sampled(cell, ours) for cell in cells])) < 0.05
    # 5 % of 200 are 10; more than 21 come in 1 of 1,000.
    assert found <= 21
