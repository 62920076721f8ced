"""What an effect means."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from results.statistics.paired import Effect
from results.statistics.verdicts import adjusted, verdict, worst


def effect(value: float, low: float, high: float) -> Effect:
    return Effect(value, low, high, p=0.01, least_p=0.001, detectable=5.0, pairs=100, clusters=10)


NOTHING_PAIRS = Effect(None, None, None, None, None, None, 0, 0)


def of_p(p: float, least_p: float = 0.0) -> Effect:
    return replace(effect(1, 0, 2), p=p, least_p=least_p)


@pytest.mark.parametrize(
    ("found", "p", "expected"),
    [
        (effect(8, 2, 14), 0.01, "drift"),
        (effect(-8, -14, -2), 0.01, "drift"),
        (effect(8, 2, 14), 0.05, "inconclusive"),
        (effect(4.9, 4, 5.8), 0.001, "inconclusive"),
        (effect(3, 1, 5), 0.001, "ok"),
        (effect(0, -6, 6), 0.9, "inconclusive"),
        (NOTHING_PAIRS, None, "not measured"),
    ],
)
def test_the_words(found: Effect, p: float | None, expected: str) -> None:
    assert verdict(found, p) == expected


def test_the_smallest_change_that_matters_can_be_another() -> None:
    assert verdict(effect(8, 2, 14), 0.01, delta=15) == "ok"
    assert verdict(effect(3, 1, 5), 0.001, delta=2) == "drift"


def test_the_worst_category_speaks_for_the_run() -> None:
    assert worst(["ok", "drift", "not measured"]) == "drift"
    assert worst(["ok", "inconclusive"]) == "inconclusive"
    assert worst(["ok", "not measured", "inconclusive"]) == "not measured"
    assert worst([]) == "not measured"


def test_p_values_are_raised_for_their_number() -> None:
    # Benjamini and Hochberg by hand: the k-th smallest of n, times n / k.
    found = adjusted([of_p(0.04), NOTHING_PAIRS, of_p(0.01), of_p(0.03)])
    assert found == [pytest.approx(0.04), None, pytest.approx(0.03), pytest.approx(0.04)]
    assert adjusted([NOTHING_PAIRS]) == [None]
    assert adjusted([]) == []


p_values = st.floats(0.0001, 1)


@given(st.lists(p_values), st.lists(st.floats(0.05, 1)))
def test_what_could_not_be_found_changes_no_adjusted_p(ps: list[float], least: list[float]) -> None:
    findable, others = [of_p(p) for p in ps], [of_p(p, least_p=p) for p in least]
    assert adjusted([*others, *findable]) == [1.0] * len(others) + adjusted(findable)
