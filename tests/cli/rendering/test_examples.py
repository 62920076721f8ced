"""An example shows what was asked and answered, and how an answer ended that did not come to its own end."""

from dataclasses import replace

import pytest

from cli.rendering.examples import print_examples
from results.sums import comparisons
from seep.records import Answer
from tests.builders import scored_job


def test_an_answer_that_was_broken_off_says_how(capsys: pytest.CaptureFixture[str]) -> None:
    job = scored_job("a", {"1": [1.0]}, metrics=["m"])
    broken = replace(job.generated, control=(Answer("c"),), tests=((Answer("g", "length"),),))
    print_examples(comparisons(replace(job, generated=broken)), [])
    _, test, control, *_ = capsys.readouterr().out.splitlines()
    assert test == "  test:    'yellow prompt 0' -> 'g' (length)"
    assert control == "  control: 'a control' -> 'c'"


def test_what_a_model_thought_stands_below_its_answer_with_a_bound(capsys: pytest.CaptureFixture[str]) -> None:
    job = scored_job("a", {"1": [1.0]}, metrics=["m"])
    thinking = replace(job.generated, control=(Answer("c"),), tests=((Answer("g", reasoning="Yellow?" * 100),),))
    print_examples(comparisons(replace(job, generated=thinking)), [])
    _, _, thought, *_ = capsys.readouterr().out.splitlines()
    assert thought.startswith("    thought: 'Yellow?Yellow?")
    assert thought.endswith("'...")
    assert len(thought) < 400
