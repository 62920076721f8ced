"""The project's own suites are fit for use."""

from collections import Counter
from pathlib import Path

import pytest

from seep.suites.lint import lint
from seep.suites.loading import load_suite

SUITES = sorted((Path(__file__).parents[1] / "suites").glob("*.yaml"))


@pytest.mark.parametrize("path", SUITES, ids=lambda path: path.stem)
def test_lint_finds_nothing(path: Path) -> None:
    assert lint(path) == []


@pytest.mark.parametrize("path", SUITES, ids=lambda path: path.stem)
def test_the_file_bears_the_name_of_its_suite_and_names_its_licence(path: Path) -> None:
    assert load_suite(path).name == path.stem
    assert "Apache-2.0" in path.read_text(encoding="utf-8").split("name:")[0]


def test_the_colour_suite_has_enough_of_everything() -> None:
    (path,) = [path for path in SUITES if path.stem == "colours"]
    suite = load_suite(path)
    tests, jobs = Counter[str](), Counter[str]()
    for job in suite.jobs:
        assert job.neutral is not None
        (category,) = {test.category for test in job.tests}
        jobs[category] += 1
        tests[category] += len(job.tests)
    assert set(jobs) == {"1", "2", "3"}
    assert min(jobs.values()) >= 12
    assert sum(tests.values()) >= 60


def test_each_prompt_of_the_colour_suite_is_a_sentence_put_before_its_control() -> None:
    for job in load_suite(next(path for path in SUITES if path.stem == "colours")).jobs:
        for prompt in (job.neutral or "", *(test.prompt for test in job.tests)):
            sentence = prompt.removesuffix(f" {job.control}")
            assert sentence != prompt
            assert sentence.endswith(".")
            assert sentence.count(".") == 1
