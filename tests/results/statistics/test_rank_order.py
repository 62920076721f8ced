"""The rank correlation is Spearman's, and its p the share of orders that are as far from chance."""

import random
from itertools import permutations

import pytest
from scipy.stats import spearmanr

from results.statistics.rank_order import MOST_ENUMERATED, rank_order


def test_ties_share_their_rank_as_in_scipy() -> None:
    distances, shares = [1, 2, 2, 3, 4, 4], [60.0, 39.0, 39.0, 36.0, 0.0, 1.0]
    found = rank_order(distances, shares)
    assert found is not None
    assert found.correlation == pytest.approx(spearmanr(distances, shares).statistic)


def test_p_of_few_is_the_share_of_all_orders() -> None:
    one, other = [1, 2, 3, 4, 5], [9.0, 7.0, 8.0, 3.0, 1.0]
    found = rank_order(one, other)
    assert found is not None
    rhos = [spearmanr(one, order).statistic for order in permutations(other)]
    assert found.p == sum(abs(rho) >= abs(found.correlation) - 1e-9 for rho in rhos) / 120


def test_a_whole_order_of_four_comes_by_chance_in_two_of_24() -> None:
    found = rank_order([1, 2, 3, 4], [8, 6, 4, 2])
    assert found is not None
    assert found.correlation == pytest.approx(-1)
    assert (found.p, found.n) == (2 / 24, 4)


def test_p_of_many_is_the_same_every_time_and_never_0() -> None:
    values = list(range(2 * MOST_ENUMERATED))
    found = rank_order(values, values)
    assert found == rank_order(values, values)
    assert found is not None
    assert 0 < found.p < 0.001


def test_without_any_order_p_is_under_5_percent_in_5_percent_at_most() -> None:
    draw = random.Random(3)
    found = [rank_order(range(6), [draw.random() for _ in range(6)]) for _ in range(300)]
    below = sum(each is not None and each.p < 0.05 for each in found)
    assert below <= 27  # 15 are expected; more than 27 come by chance in less than one of 500


@pytest.mark.parametrize(("one", "other"), [([1, 1, 1], [1, 2, 3]), ([1, 2, 3], [0, 0, 0]), ([], [])])
def test_what_never_varies_has_no_order(one: list[float], other: list[float]) -> None:
    assert rank_order(one, other) is None


def test_unequal_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="3 values beside 2"):
        rank_order([1, 2, 3], [1, 2])
