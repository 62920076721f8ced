"""Shares rounded for people: never to nothing, nor to all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seep.shares import beside, between, difference, difference_between, rounded, told_apart


@pytest.mark.parametrize(
    ("percent", "decimals", "shown"),
    [
        (0.0, 1, "0.0"),
        (-0.0, 1, "0.0"),
        (0.01, 1, "<0.1"),
        (5e-324, 2, "<0.01"),
        (0.06, 1, "0.1"),
        (99.94, 1, "99.9"),
        (99.99, 1, ">99.9"),
        (99.6, 0, ">99"),
        (0.4, 0, "<1"),
        (100.0, 1, "100.0"),
    ],
)
def test_neither_few_are_none_nor_nearly_all_are_all(percent: float, decimals: int, shown: str) -> None:
    assert rounded(percent, decimals) == shown


@given(st.floats(0, 100), st.integers(0, 3))
def test_what_is_shown_as_none_or_all_is(percent: float, decimals: int) -> None:
    shown = rounded(percent, decimals)
    assert (shown == rounded(0.0, decimals)) == (percent == 0)
    assert (shown == rounded(100.0, decimals)) == (percent == 100)
    assert abs(float(shown.lstrip("<>")) - percent) <= 10.0**-decimals


def test_no_interval_of_some_width_is_shown_from_0_to_0() -> None:
    assert between(0.0, 0.037, 1) == "[0.0, <0.1]"
    assert between(99.98, 100.0, 1) == "[>99.9, 100.0]"


@pytest.mark.parametrize(
    ("similarities", "shown"),
    [
        ([0.75, 0.25, None], ["0.750", "0.250", None]),
        ([0.5, 0.5, 0.5], ["0.500"] * 3),
        ([0.40012, 0.40021, 0.3], ["0.4001", "0.4002", "0.3000"]),
        ([0.5, 0.5 + 1e-12, None], ["0.5000000", "0.5000000", None]),
        ([0.0, -0.0001], ["0.0000", "-0.0001"]),
        ([0.0, -0.0], ["0.000", "0.000"]),
        ([], []),
    ],
)
def test_similarities_that_differ_do_not_read_the_same(
    similarities: list[float | None], shown: list[str | None]
) -> None:
    assert told_apart(similarities) == shown


@pytest.mark.parametrize(
    ("p", "shown"),
    [
        (0.0494, "0.049"),
        (0.0496, "0.0496"),
        (0.049988, "0.04999"),
        (0.04999999999, "<0.05"),
        (0.05, "0.050"),
        (0.0504, "0.050"),
        (1.0, "1.000"),
    ],
)
def test_a_p_reads_on_its_own_side_of_the_level(p: float, shown: str) -> None:
    assert beside(p, 0.05, 3) == shown


@pytest.mark.parametrize(
    ("points", "decimals", "shown"),
    [
        (0.0, 1, "+0.0"),
        (-0.0, 1, "+0.0"),
        (0.004, 2, "+0.00"),
        (-0.004, 2, "-0.00"),
        (-12.34, 1, "-12.3"),
        (-99.99, 1, "-99.99"),
        (99.999999999, 1, "<+100"),
        (-99.999999999, 1, ">-100"),
        (-100.0, 1, "-100.0"),
    ],
)
def test_a_difference_has_a_sign_and_is_100_only_where_all_differs(points: float, decimals: int, shown: str) -> None:
    assert difference(points, decimals) == shown


def test_an_interval_of_differences_says_on_which_side_of_0_it_ends() -> None:
    assert difference_between(0.004, 0.6, 2) == "[+0.00, +0.60]"
    assert difference_between(-0.004, 0.6, 2) == "[-0.00, +0.60]"
