"""An example shows what was asked and answered, and how an answer ended that did not come to its own end."""

from dataclasses import replace

import pytest

from cli.rendering.examples import print_examples
from results.sums import Comparison

EXAMPLE = Comparison(
    run_id="run-1",
    job_id="a",
    test="t0",
    sample=0,
    category="1",
    concept="yellow",
    prompt="yellow prompt 0",
    generation="g",
    ended="stop",
    reasoning="",
    model="",
    control_prompt="a control",
    control_generation="c",
    control_ended="stop",
    control_reasoning="",
    control_model="",
    neutral_prompt="",
    neutral_generation="",
    neutral_ended="",
    neutral_reasoning="",
    neutral_model="",
    outcomes={"m": {"leak": 1.0, "tie": 0.0, "echo": 0.0}},
    similarities={"m": [0.75, 0.25, None]},
)


def test_an_answer_that_was_broken_off_says_how(capsys: pytest.CaptureFixture[str]) -> None:
    print_examples([replace(EXAMPLE, ended="length")], [])
    _, test, control, *_ = capsys.readouterr().out.splitlines()
    assert test == "  test:    'yellow prompt 0' -> 'g' (length)"
    assert control == "  control: 'a control' -> 'c'"


def test_what_a_model_thought_stands_below_its_answer_with_a_bound(capsys: pytest.CaptureFixture[str]) -> None:
    print_examples([replace(EXAMPLE, reasoning="Yellow?" * 100)], [])
    _, _, thought, *_ = capsys.readouterr().out.splitlines()
    assert thought.startswith("    thought: 'Yellow?Yellow?")
    assert thought.endswith("'...")
    assert len(thought) < 400
