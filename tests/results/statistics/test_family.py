"""Adjusted p-values: the procedure by hand, and how often any is false."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from results.statistics.family import Floats, adjusted_ps
from results.statistics.paired import exchange_p

DIFFERENCES = st.lists(st.integers(-8, 8), min_size=5, max_size=5)


def flips(differences: list[float]) -> dict[str, Floats]:
    """A cell of two runs, whose clusters have these differences."""
    return {f"j{k}": np.array([each, -each]) for k, each in enumerate(differences)}


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
