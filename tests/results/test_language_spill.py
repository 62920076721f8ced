"""Spill is read over third languages alone, beside others, and in the order of families."""

import pytest

from results.language_matrix import Matrix, Share
from results.language_spill import Spill, family_order, spill_difference, spill_pool, third_directives


def matrix(shares: dict[str, float], language: str = "it") -> Matrix:
    return Matrix("m", {(directive, language): Share(rate, rate - 1, rate + 1) for directive, rate in shares.items()})


TUNED = matrix({"en": 0, "es": 39, "fr": 92, "it": 94, "pt": 30, "ro": 35, "de": 5, "zh": 0})


def test_the_languages_of_the_pair_are_no_third_language() -> None:
    assert third_directives(TUNED, "it", "fr") == ["en", "es", "pt", "ro", "de", "zh"]
    assert third_directives(TUNED, "it", None) == ["en", "es", "fr", "pt", "ro", "de", "zh"]


def test_the_spill_of_a_language_is_the_pool_of_its_categories() -> None:
    assert spill_pool("it", ["es", "pt"]) == ["es>it", "pt>it"]


def test_relatives_that_spill_more_are_an_order_below_0() -> None:
    found = family_order(TUNED, "it", third_directives(TUNED, "it", "fr"))
    assert found is not None
    assert found.n == 6
    assert found.correlation < -0.8
    assert found.p < 0.1


@pytest.mark.parametrize("third", [["es", "pt", "de"], ["es", "pt", "fr", "ro"], []])
def test_too_few_languages_or_one_distance_alone_are_no_order(third: list[str]) -> None:
    flat = matrix({"es": 39, "pt": 39, "fr": 39, "ro": 39, "de": 5})
    assert family_order(flat, "it", third) is None


def test_the_difference_of_two_spills_has_an_interval_as_wide_as_both() -> None:
    one, other = (Spill("x", "it", ["es"], Share(rate, rate - 3, rate + 4)) for rate in (30, 10))
    assert spill_difference(one, other) == Share(20, 20 - 5, 20 + 5)
