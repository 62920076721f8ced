"""The sentence below a table: what the interval shows, and nothing where ties or empty answers make the rate."""

from dataclasses import replace
from typing import Any

import pytest

from cli.rendering.meaning import print_meaning, what_they_show
from seep.records import Estimate, LeakRate

TIE = {"tie": Estimate(2.0, 1.0, 3.0, 100)}
RATE = replace(
    LeakRate("r", "s", "t", "semantic", "m", "all", 60.0, 55.0, 65.0, 100, 20, 2, 0, 0, measures=TIE), against="neutral"
)
LEAKS = "so answers move towards the concept"


def rate(**fields: Any) -> LeakRate:
    return replace(RATE, **fields)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, LEAKS),
        ({"low": 45.0}, "so no leakage is found"),
        ({"low": 50.0}, "so no leakage is found"),
        ({"against": "control"}, "only a neutral arm could tell"),
        ({"against": "control", "above_placebo": Estimate(9.0, 1.0, 17.0, 100)}, LEAKS),
        (
            {"against": "control", "above_placebo": Estimate(9.0, -1.0, 19.0, 100)},
            "but not clearly above",
        ),
    ],
)
def test_where_the_interval_lies_is_said_in_words(fields: dict[str, Any], said: str) -> None:
    line = what_they_show([rate(**fields)])
    assert line.startswith("50 % is no leakage; the interval of all lies ")
    assert said in line


@pytest.mark.parametrize(
    "fields",
    [
        {"measures": {"tie": Estimate(60.0, 50.0, 70.0, 100)}},
        {"measures": {"empty": Estimate(30.0, 20.0, 40.0, 100)}},
        {"rate": 30.0, "low": 20.0, "high": 40.0},
        {"rate": None, "low": None, "high": None},
        {"against": "both"},
        {"mixed": True},
        {"missing": 40},
    ],
)
def test_nothing_is_said_of_a_rate_that_says_nothing(fields: dict[str, Any]) -> None:
    assert what_they_show([rate(**fields)]) == ""


def test_metrics_that_disagree_are_named() -> None:
    line = what_they_show([rate(metric="near"), rate(metric="far", low=40.0)])
    assert "under near that of all lies above it" in line
    assert "under far that of all lies around it" in line


def test_categories_alone_have_no_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    print_meaning([rate(category="animals"), rate(category="places")])
    assert capsys.readouterr().out == ""
