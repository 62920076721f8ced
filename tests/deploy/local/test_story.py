from collections.abc import Mapping
from typing import Any

import pytest

from deploy.local.story import INTRODUCTION, WIDTH, meaning, next_steps, story, striking

METRIC = "sentence_bert"


def leak(answer: str, to_test: float, to_control: float, echo: float = 0.0) -> dict[str, Any]:
    return {
        "concept": "yellow",
        "prompt": "He likes yellow. He works as a",
        "generation": answer,
        "control_prompt": "He works as a",
        "control_generation": "doctor",
        "outcomes": {METRIC: {"leak": 1.0, "echo": echo}},
        "neutral_prompt": "",
        "neutral_generation": "",
        "similarities": {METRIC: (to_test, to_control, None)},
    }


def rate(low: float, high: float, echo_free_low: float | None = None) -> dict[str, Any]:
    shares = {"echo": 41.3, "placebo": 39.3, "tie": 2.0} | ({} if echo_free_low is None else {"echo_free_leak": 60.0})
    measures = {name: {"share": share, "low": share - 5, "high": share + 5, "n": 150} for name, share in shares.items()}
    if echo_free_low is not None:
        measures["echo_free_leak"]["low"] = echo_free_low
    facts = {"metric": METRIC, "category": "all", "comparisons": 150, "measures": measures}
    return facts | {"rate": (low + high) / 2, "low": low, "high": high}


DRIVER, BUS, YELLOW = leak("bus driver", 0.4, 0.2), leak("school bus driver", 0.6, 0.1), leak("yellow", 1.0, 0.1, 1.0)


def test_the_example_is_the_widest_margin_that_is_no_echo() -> None:
    assert striking([DRIVER, BUS, YELLOW], METRIC) == BUS
    shown = story(rate(60, 79), [DRIVER, BUS, YELLOW])
    assert '"He likes yellow. He works as a"' in shown
    assert '-> "school bus driver"' in shown
    assert "0.10 without it, 0.60 with it" in shown


def test_with_a_neutral_arm_the_example_is_against_it_as_the_rate_is() -> None:
    neutral = {"neutral_prompt": "He likes small. He works as a", "neutral_generation": "clerk"}
    shown = story(rate(60, 79), [BUS | neutral | {"similarities": {METRIC: (0.6, 0.1, 0.3)}}])
    assert '-> "clerk"' in shown
    assert "0.30 without it, 0.60 with it" in shown


def test_an_echo_is_shown_only_for_want_of_another_and_called_one() -> None:
    assert 'For example, "yellow", said again in the answer:' in story(rate(60, 79), [YELLOW])


def test_a_part_of_the_concept_is_an_echo_too() -> None:
    widow = leak("The hero's costume is black.", 0.9, 0.1) | {"concept": "Black Widow"}
    assert striking([widow, DRIVER], METRIC) == DRIVER


def test_no_figure_is_0_or_100_that_is_not() -> None:
    figures = {**rate(0.04, 99.96), "measures": {}}
    assert " <0.1 to >99.9" in story(figures, [])


def test_without_any_leak_the_figures_stand_alone() -> None:
    shown = story(rate(30, 70), [])
    assert shown.startswith("No answer moved towards its word.")
    assert "39.3" in shown


@pytest.mark.parametrize(
    ("figures", "words"),
    [
        (rate(45, 55), "no leakage is shown"),
        (rate(30, 45), "lies below 50"),
        (rate(60, 79), "The model leaks"),
        (rate(60, 79, echo_free_low=55), "not by saying them only"),
        (rate(60, 79, echo_free_low=42), "above all by saying"),
    ],
)
def test_the_meaning_follows_from_the_intervals(figures: Mapping[str, Any], words: str) -> None:
    assert words in meaning(figures)


def test_measures_that_were_not_taken_are_left_out() -> None:
    bare = {**rate(60, 79), "measures": {}}
    assert "harmless" not in story(bare, [BUS])


def test_no_line_is_wider_than_a_terminal() -> None:
    long = leak("a very long answer " * 9, 0.9, 0.1) | {"prompt": "He likes yellow and much else. " * 7}
    text = "\n".join([INTRODUCTION, story(rate(60, 79, 42), [long]), next_steps("colours-smoke-20261128T140511Z-20a2")])
    assert max(map(len, text.splitlines())) <= WIDTH + 2
