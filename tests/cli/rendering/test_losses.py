"""What is said of jobs that failed."""

import pytest

from cli.rendering.losses import print_prompt_lengths
from results.dead_jobs import PromptLengths, prompt_characters
from tests.builders import prompt_job

SHORT = tuple(range(20, 40))


@pytest.mark.parametrize(
    ("dead", "said"),
    [
        ((900, 1000, 950, 980), "have 958 characters in the mean, the others' 30: they differ (p <0.001)"),
        ((25, 30, 35), "have 30 characters in the mean, the others' 30: no more than by chance"),
        ((), ""),
    ],
)
def test_whether_failed_jobs_have_prompts_of_another_length_is_said(
    dead: tuple[int, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    print_prompt_lengths(PromptLengths(dead, SHORT))
    printed = capsys.readouterr().out
    assert said in printed
    assert bool(printed) == bool(said)


def test_a_jobs_length_is_the_mean_of_its_prompts() -> None:
    assert prompt_characters(prompt_job(control="a" * 10, neutral="b" * 30)) == round((10 + 30 + len("a test")) / 3)
    assert prompt_characters(prompt_job(control=None)) == len("a test")
