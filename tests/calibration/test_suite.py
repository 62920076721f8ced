from pathlib import Path

import yaml

from calibration.grammar import CATEGORIES, PLANTED, answers
from calibration.suite import CONCEPTS_PER_FRAME, MAX_TOKENS, calibration_suite
from seep.suites.lint import lint
from seep.suites.schema import Suite


def test_the_suite_is_a_draw_that_its_seed_fixes() -> None:
    assert calibration_suite(seed=5) == calibration_suite(seed=5)
    assert calibration_suite(seed=5) != calibration_suite(seed=6)


def test_the_linter_finds_nothing(tmp_path: Path) -> None:
    path = tmp_path / "suite.yaml"
    path.write_text(yaml.safe_dump(calibration_suite()))
    assert lint(path) == []


def test_every_question_is_one_job_with_a_neutral_arm() -> None:
    suite = Suite.model_validate(calibration_suite())
    assert len(suite.jobs) == len(CATEGORIES)
    for job in suite.jobs:
        assert job.neutral is not None
        assert len({test.concept for test in job.tests}) == CONCEPTS_PER_FRAME
        assert len({test.category for test in job.tests}) == 1
    assert {test.category for job in suite.jobs for test in job.tests} == set(PLANTED)


def test_the_grammars_answers_end_before_the_token_limit() -> None:
    assert max(map(len, answers("drew the", "yellow"))) < MAX_TOKENS + 1
