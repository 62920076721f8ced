"""What an effect means."""

import pytest

from results.statistics.paired import Effect
from results.statistics.verdicts import verdict, worst


def effect(value: float, within: float, identical: bool = False) -> Effect:
    return Effect(
        value, value - 1, value + 1, 0.01, within, detectable=5.0, pairs=100, clusters=10, identical=identical
    )


NOTHING_PAIRS = Effect(None, None, None, None, None, None, 0, 0, identical=False)


@pytest.mark.parametrize(
    ("found", "p", "expected"),
    [
        (effect(8, 14), 0.01, "drift"),
        (effect(-8, 14), 0.01, "drift"),
        (effect(8, 14), 0.05, "inconclusive"),
        (effect(4.9, 5.8), 0.001, "inconclusive"),
        (effect(3, 5), 0.001, "ok"),
        (effect(0, 6), 0.9, "inconclusive"),
        (effect(0, 14, identical=True), 1.0, "ok"),
        (NOTHING_PAIRS, 1.0, "not measured"),
    ],
)
def test_the_words(found: Effect, p: float, expected: str) -> None:
    assert verdict(found, p) == expected


def test_the_smallest_change_that_matters_can_be_another() -> None:
    assert verdict(effect(8, 14), 0.01, delta=15) == "ok"
    assert verdict(effect(3, 5), 0.001, delta=2) == "drift"


def test_the_worst_of_several_speaks_for_them() -> None:
    assert worst(["ok", "drift", "not measured"]) == "drift"
    assert worst(["ok", "inconclusive"]) == "inconclusive"
    assert worst(["ok", "not measured", "inconclusive"]) == "not measured"
    assert worst([]) == "not measured"


@pytest.mark.parametrize("rounded", [5.0, 4.999999999999996, 5.000000000000004])
def test_no_last_digit_decides_a_verdict(rounded: float) -> None:
    assert verdict(effect(rounded, 14), 0.01) == "drift"
    assert verdict(effect(-rounded, 14), 0.01) == "drift"
    assert verdict(effect(3, rounded), 0.01) == "ok"
    assert verdict(effect(4.99, 14), 0.01) == "inconclusive"
