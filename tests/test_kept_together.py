"""Tests that load the same costly things are scheduled as one, and what a group names is there."""

from pathlib import Path

import pytest

from tests.kept_together import GROUPS, group_of, rank_of

PROJECT = Path(__file__).parents[1]


@pytest.mark.parametrize("pattern", [pattern for patterns in GROUPS.values() for pattern in patterns])
def test_a_group_names_tests_that_there_are(pattern: str) -> None:
    assert list(PROJECT.glob(f"{pattern.removesuffix('*').removesuffix('.py')}*"))


def test_files_of_a_group_are_one_and_first_and_others_are_none() -> None:
    assert group_of("tests/services/scorer/test_echo.py::test_it[a::b]") == group_of(
        "tests/test_own_suites.py::test_it"
    )
    assert group_of("tests/calibration/test_model.py::test_it") == "vLLM"
    assert group_of("tests/test_makefile.py::test_it") is None
    assert rank_of("tests/calibration/test_model.py::test_it") < rank_of("tests/docs/test_exit_codes.py::test_it")
    assert rank_of("tests/docs/test_exit_codes.py::test_it") < rank_of("tests/test_makefile.py::test_it")
