"""The list of words finds what it forbids, and nothing else."""

import pytest

from checks.words import EVERYWHERE, find_words, names


def found(file: str, text: str) -> list[int]:
    """The lines at which something is found."""
    return [finding.line for finding in find_words(file, text)]


@pytest.mark.parametrize(
    "line",
    [
        "the run is judged",
        "class Judgement:",
        "the flaws of a message",
        "jobs that were given up",
        "trouble = 3",
        "seep plan colours --detect 5",
        "topic seep.deadletter",
        "GET /v1/deadletters",
        "catch_up_seconds: 60",
        "alert: SeepBlind",
        "seep_monitor_measured == 0",
        "pip install 'seep[parquet]'",
    ],
)
def test_a_word_that_went_is_found(line: str) -> None:
    assert found("docs/some.md", f"fine\n{line}\n")[0] == 2


@pytest.mark.parametrize(
    "line", ["a dead letter", "seep dead-letters list", "the verdict of a comparison", "it tells them apart, as asked"]
)
def test_other_words_are_not(line: str) -> None:
    assert found("docs/some.md", line) == []


def test_plain_english_is_forbidden_as_a_name_only() -> None:
    source = "def told(of):\n    # as asked\n    asked = of\n    return asked\n"
    assert found("seep/some.py", source) == [1, 1, 3]


def test_a_name_is_whatever_python_names() -> None:
    source = (
        "class One:\n    def two(self, three, *four, **five):\n        six = three\n        for seven in six: pass\n"
    )
    assert {name for _, name in names(source)} == {"One", "two", "self", "three", "four", "five", "six", "seven"}


def test_a_word_is_allowed_where_it_means_something_else() -> None:
    assert found("seep/suites/spill.py", "# the judge's label") == []
    assert found("seep/suites/table.py", "# the judge's label") == [1]


def test_every_word_says_what_to_write_instead() -> None:
    assert all(word.instead for word in EVERYWHERE)
