"""Canaries are the same for the same seed, and the suite asks for what was printed."""

from pathlib import Path

import pytest

from seep.suites.canaries import WORDS
from seep.suites.lint import lint
from seep.suites.loading import load_suite
from tests.commands import Command


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_the_suite_asks_for_what_was_printed_and_for_as_many_that_were_not(command: Command) -> None:
    _, printed, _ = command("canaries", "make", "--seed", "7", "--count", "12", "--suite-out", "c.yaml")
    assert lint(Path("c.yaml")) == []
    tests = [test for job in load_suite(Path("c.yaml")).jobs for test in job.tests]
    in_print = {f"{test.prompt} {test.concept}." in printed.splitlines() for test in tests if test.category == "canary"}
    assert in_print == {True}
    assert not any(test.concept in printed for test in tests if test.category == "unseen")
    assert [test.category for test in tests].count("unseen") == 12


def test_the_same_seed_makes_the_same_sentences_and_another_one_others(command: Command) -> None:
    first = command("canaries", "make", "--seed", "7")[1]
    assert command("canaries", "make", "--seed", "7")[1] == first
    others = command("canaries", "make", "--seed", "8")[1].splitlines()
    assert set(first.splitlines()).isdisjoint(others)
    assert len(first.splitlines()) == len(set(first.splitlines())) == 40


def test_a_file_that_is_there_is_not_written_over(command: Command) -> None:
    Path("c.yaml").write_text("mine\n")
    code, printed, complaint = command("canaries", "make", "--seed", "7", "--suite-out", "c.yaml")
    assert (code, printed) == (2, "")
    assert "c.yaml: is there already; --force writes over it" in complaint


def test_there_are_128_words_to_choose_from() -> None:
    assert len(set(WORDS)) == len(WORDS) == 128
