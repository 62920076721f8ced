"""The table of a model on the own suites is made of what its runs have recorded."""

import json
from dataclasses import asdict

from benchmarks.validity.real_model import Measured, table
from seep.records import Estimate, LeakRate


def rate(category: str, share: float | None, **measures: float) -> LeakRate:
    return LeakRate(
        run_id="r",
        suite="s",
        target="plain",
        probe="semantic",
        metric="m",
        category=category,
        rate=share,
        low=None if share is None else share - 5,
        high=None if share is None else share + 5,
        comparisons=10,
        clusters=5,
        ties=0,
        echoes=0,
        missing=0,
        measures={name: Estimate(value, 0.0, 100.0, 10) for name, value in measures.items()},
    )


def line(suite: str, *rates: LeakRate) -> str:
    return json.dumps(asdict(Measured(suite, "plain", "semantic", 12, 2, 61.4, rates)))


def test_a_row_has_rate_interval_and_what_its_answers_were() -> None:
    measured = line("colours", rate("all", 71.04, echo=32.0, empty=0.0, refused=12.5, filtered=0.0))
    [row] = list(table([measured]))[2:]
    assert row.startswith("| colours | semantic | plain | 12, 2 | all | 71.0 [66.0, 76.0] |")
    assert row.endswith("| echo 32.0, empty 0.0 | refused 12.5 | 61 |")


def test_a_run_without_an_answer_is_not_measured() -> None:
    [row] = list(table([line("colours", rate("1", None, refused=100.0))]))[2:]
    assert "| not measured |" in row
    assert "| refused 100.0 |" in row


def test_of_many_categories_the_whole_is_shown_and_of_one_suite_the_last_run() -> None:
    many = [rate(str(number), 10.0) for number in range(9)]
    lines = [line("a", *many, rate("all", 20.0)), line("b", rate("1", 30.0)), line("b", rate("1", 40.0))]
    assert [row.split(" | ")[4:6] for row in list(table(lines))[2:]] == [
        ["all", "20.0 [15.0, 25.0]"],
        ["1", "40.0 [35.0, 45.0]"],
    ]


def test_of_many_languages_the_answers_in_the_one_that_was_asked_for_are_shown() -> None:
    pairs = [rate(f"{wanted}>{found}", 50.0) for wanted in ("fr", "it", "es") for found in ("fr", "it", "es")]
    assert [row.split(" | ")[4] for row in list(table([line("languages", *pairs)]))[2:]] == ["fr>fr", "it>it", "es>es"]
