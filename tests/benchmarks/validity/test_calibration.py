"""The calibration's own arithmetic, on pools of a few answers: its runs tend to the rate that it computes of them."""

import numpy as np
import pytest

from benchmarks.validity.calibration import (
    ARMS,
    CONCEPTS,
    Pools,
    one_run,
    pool_rates,
    population,
    print_coverage,
    print_dropped,
)
from calibration.answers import Distribution
from calibration.grammar import CATEGORIES, FRAMES
from calibration.suite import CONCEPTS_PER_FRAME, SAMPLES

FRAMES_PER_CATEGORY = 12


def pools() -> Pools:
    draw = np.random.default_rng(1)
    categories = [category for category in ("low", "high") for _ in range(FRAMES_PER_CATEGORY)]
    high = np.array([category == "high" for category in categories])
    answers = 6  # the later, the nearer to any concept; some are equally near
    return Pools(
        categories=categories,
        tests=draw.integers(0, answers - 2, size=(len(categories), len(CONCEPTS), 4)) + 2 * high[:, None, None],
        arms={
            "neutral": draw.integers(0, answers - 1, size=(len(categories), 8)),
            "control": draw.integers(0, answers - 1, size=(len(categories), 8)),
        },
        similarity={"m": np.repeat([[0.0, 0.1, 0.2, 0.2, 0.3, 0.4]], len(CONCEPTS), axis=0)},
    )


@pytest.mark.parametrize("arm", ARMS)
def test_the_rate_of_the_pools_is_that_of_every_answer_against_every_one_of_the_arm(arm: str) -> None:
    of_pools, made = pool_rates(pools(), "m", arm), pools()
    similarity = made.similarity["m"][0]
    scores = [
        0.5 if similarity[test] == similarity[other] else float(similarity[test] > similarity[other])
        for frame in range(FRAMES_PER_CATEGORY)
        for of_concept in made.tests[frame]
        for test in of_concept
        for other in made.arms[arm][frame]
    ]
    assert of_pools["low"] == pytest.approx(100 * np.mean(scores))
    assert of_pools["all"] == pytest.approx((of_pools["low"] + of_pools["high"]) / 2)
    assert of_pools["low"] < 50 < of_pools["high"]


def test_runs_measure_the_rate_of_the_pools_in_the_mean() -> None:
    draw, made = np.random.default_rng(2), pools()
    runs = [one_run(made, "m", "neutral", draw) for _ in range(300)]
    size = CONCEPTS_PER_FRAME * SAMPLES
    for category, rate in pool_rates(made, "m", "neutral").items():
        if category != "all":
            measured = np.array([run[category].mean() / size for run in runs])
            assert 100 * measured.mean() == pytest.approx(rate, abs=400 * measured.std() / np.sqrt(300))


def test_the_table_has_the_truth_and_the_rate_of_the_pools(capsys: pytest.CaptureFixture[str]) -> None:
    made = pools()
    print_coverage(made, {("m", arm): pool_rates(made, "m", arm) for arm in ARMS}, runs=20)
    head, _, *rows, _ = capsys.readouterr().out.splitlines()
    assert head.startswith("| metric | against | category | true rate | of the pools | mean measured |")
    cells = [[cell.strip() for cell in row.split("|")] for row in rows]
    assert [row[1:4] for row in cells] == [["m", arm, category] for arm in ARMS for category in ("low", "high", "all")]
    assert all(row[4] == row[5] for row in cells)


def test_what_was_not_enumerated_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    print_dropped({"a": Distribution({}, 0.001), "b": Distribution({}, 0.003)})
    assert capsys.readouterr().out == "answers not enumerated: 0.200 % of a prompt's in the mean, at most 0.300 %\n"


def test_a_smaller_population_has_frames_of_every_category() -> None:
    few = [CATEGORIES[frame.question] for frame in population(2)]
    assert {category: few.count(category) for category in few} == dict.fromkeys(dict.fromkeys(CATEGORIES.values()), 2)
    assert sorted(map(repr, population(None))) == sorted(map(repr, FRAMES))
