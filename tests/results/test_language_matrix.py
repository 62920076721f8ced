"""The contamination matrix and its readings, on plain rates."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from results.language_matrix import (
    Share,
    asymmetries,
    by_family_distance,
    cohen_kappa,
    contamination_matrix,
    difference,
    differences,
    spilled_language,
)
from seep.errors import InputError
from seep.records import LeakRate


def rates(cells: dict[str, float], metric: str = "m", probe: str = "language") -> list[LeakRate]:
    return [
        LeakRate("r", "s", "t", probe, metric, cell, rate, max(0, rate - 5), min(100, rate + 5), 80, 80, 0, 0, 0)
        for cell, rate in cells.items()
    ]


FR_IT = contamination_matrix(
    rates({"fr>fr": 1, "fr>it": 92, "es>es": 60, "es>fr": 0, "es>it": 39, "it>it": 94, "it>fr": 0, "es>other": 1})
)
IT_FR = contamination_matrix(rates({"fr>fr": 90, "it>fr": 80, "it>it": 15, "es>fr": 39, "es>it": 0}))


def test_a_matrix_has_a_cell_per_category() -> None:
    assert FR_IT.cells["es", "it"] == Share(39, 34, 44)
    assert FR_IT.directives == ["fr", "es", "it"]
    assert FR_IT.detected == ["fr", "it", "es", "other"]


def test_what_names_no_known_language_has_no_cell_and_a_run_of_such_alone_no_matrix() -> None:
    found = contamination_matrix(rates({"fr>fr": 1, "fr>klingon": 2, "klingon>fr": 3, "fr>unknown": 4, "fr": 5}))
    assert list(found.cells) == [("fr", "fr"), ("fr", "unknown")]
    for cells in ({"x>y": 1.0}, {"fr>other": 1.0}, {"klingon>fr": 1.0}, {"fr": 1.0}):
        with pytest.raises(InputError, match="two known languages, as es>it"):
            contamination_matrix(rates(cells))


def test_the_language_that_spilled_is_found() -> None:
    assert (spilled_language(FR_IT), spilled_language(IT_FR)) == ("it", "fr")


def test_languages_are_ordered_from_relatives_to_strangers_and_the_rest_last() -> None:
    assert by_family_distance(["unknown", "zh", "de", "it", "es", "other"], "it") == [
        "it",
        "es",
        "de",
        "zh",
        "other",
        "unknown",
    ]


def test_a_baseline_is_subtracted_cell_by_cell() -> None:
    left = differences(FR_IT, IT_FR)
    assert left.cells["es", "it"].rate == 39
    assert set(left.cells) == set(FR_IT.cells) & set(IT_FR.cells)


def test_a_mirrored_condition_is_read_with_both_languages_swapped() -> None:
    found = asymmetries(FR_IT, "it", IT_FR, "fr")
    assert {directive: share.rate for directive, share in found.items()} == {"fr": 12, "es": 0, "it": 4}


SHARES = st.lists(st.floats(0, 100), min_size=3, max_size=3).map(sorted)


@given(SHARES, SHARES)
def test_the_interval_of_a_difference_holds_it_and_is_as_wide_as_one_of_both(
    one: list[float], other: list[float]
) -> None:
    (low, rate, high), (other_low, other_rate, other_high) = one, other
    found = difference(Share(rate, low, high), Share(other_rate, other_low, other_high))
    assert found.low <= found.rate <= found.high
    assert found.high - found.low >= max(high - low, other_high - other_low) - 1e-9


@pytest.mark.parametrize(
    ("cells", "metric", "message"),
    [
        (rates({"1": 50}, probe="semantic"), None, "expected a run of the language probe with measured rates"),
        (rates({"es>it": 1}), "x", "--metric: expected one of m"),
        (rates({"es>it": 1}) + rates({"es>it": 1}, metric="n"), None, "--metric: expected one of m, n"),
    ],
)
def test_rates_that_are_no_matrix_are_refused(cells: list[LeakRate], metric: str | None, message: str) -> None:
    with pytest.raises(InputError, match=message):
        contamination_matrix(cells, metric)


def test_kappa_is_the_agreement_beyond_chance() -> None:
    # Cohen's own kind of table: 20 and 15 agreed of 50, margins 25/25 and 30/20.
    one = ["yes"] * 25 + ["no"] * 25
    other = ["yes"] * 20 + ["no"] * 5 + ["yes"] * 10 + ["no"] * 15
    assert cohen_kappa(one, other) == pytest.approx(0.4)


@given(st.lists(st.sampled_from(["es", "it", "unknown"]), min_size=2))
def test_a_rater_agrees_with_itself(labels: list[str]) -> None:
    assert cohen_kappa(labels, labels) == (None if len(set(labels)) == 1 else pytest.approx(1))
