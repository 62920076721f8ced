"""Readings of activations as a person reads them."""

from seep.traces import shown


def test_no_token_has_a_probability_of_0_or_100_that_is_not() -> None:
    assert shown(("oven", " "), (0.9999, 0.0001)) == "oven >99.9 · ' ' <0.1"
