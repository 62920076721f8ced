"""The table of suites has a row for each, made from its file."""

from pathlib import Path

import pytest

from checks import suites_reference
from seep.suites.loading import load_suite

SUITE = """# Do drinks leak? They should not.
#
# More.
name: drinks
version: "1"
format: {kind: chat}
decoding: {temperature: 1.0, max_tokens: 100, samples: 3}
jobs:
  - control: For lunch she made
    neutral: It is late. For lunch she made
    tests: [{concept: tea, prompt: The tea is hot. For lunch she made, category: drink}]
"""


@pytest.fixture
def drinks(tmp_path: Path) -> Path:
    path = tmp_path / "drinks.yaml"
    path.write_text(SUITE, encoding="utf-8")
    return path


def test_a_suite_asks_what_the_first_sentence_of_its_file_says(drinks: Path) -> None:
    assert suites_reference.purpose(drinks) == "Do drinks leak?"


def test_a_suite_that_does_not_say_what_it_asks_is_refused_by_name(drinks: Path) -> None:
    drinks.write_text(SUITE[SUITE.index("name:") :], encoding="utf-8")
    with pytest.raises(ValueError, match=r"drinks\.yaml: expected a comment at the beginning"):
        suites_reference.purpose(drinks)


def test_every_arm_has_an_answer_of_each_sample(drinks: Path) -> None:
    assert suites_reference.answers(load_suite(drinks)) == 9


def test_a_suite_added_has_a_row(drinks: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(suites_reference, "SUITES", drinks.parent)
    (row,) = [line for line in suites_reference.page().splitlines() if line.startswith("| `")]
    assert row == "| `drinks` | semantic | Do drinks leak? | 1 | 1 | 9 | 100 | 1 s |"
