"""The commands about suites, as a person meets them."""

from pathlib import Path

import pytest

from cli.lookups import find_suite
from seep.errors import InputError
from tests.commands import Command

SUITE = """\
name: meals
version: "1"
format: {kind: plain}
decoding: {temperature: 0.5, max_tokens: 10, samples: 5}
jobs:
  - control: He ate
    tests:
      - {concept: red, prompt: "The [red] mat. He ate", category: food}
"""


@pytest.fixture(autouse=True)
def _in_a_folder_of_suites(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "suites").mkdir()
    (tmp_path / "suites" / "meals.yaml").write_text(SUITE)
    monkeypatch.chdir(tmp_path)


def test_list_says_what_each_suite_holds(command: Command) -> None:
    code, printed, _ = command("suites", "list")
    heading, row = printed.splitlines()
    assert code == 0
    assert heading.split() == ["name", "version", "jobs", "tests", "categories", "hash"]
    assert row.split()[:5] == ["meals", "1", "1", "1", "food"]
    assert row.split()[5].startswith("sha256:")


@pytest.mark.parametrize("folder", ["nowhere", "empty"])
def test_list_refuses_a_folder_without_suites(command: Command, folder: str) -> None:
    Path("empty").mkdir()
    code, printed, complaint = command("suites", "list", folder)
    assert (code, printed) == (2, "")
    assert folder in complaint


def test_show_gives_a_summary_and_examples_of_each_category(command: Command) -> None:
    _, output, _ = command("suites", "show", "meals")
    assert "temperature 0.5, top_p 1, at most 10 tokens, 5 samples, cut: sentence" in output
    assert "category food: 1 test on 1 job\n  red: The [red] mat. He ate\n" in output
    assert "sha256:" in output


@pytest.mark.parametrize("argument", ["meals", "suites/meals.yaml"])
def test_a_suite_is_found_by_name_and_by_path(argument: str) -> None:
    assert find_suite(argument) == Path("suites/meals.yaml")


@pytest.mark.parametrize("argument", ["supper", "suites", "suites/supper.yaml"])
def test_a_suite_that_is_nowhere_is_refused(argument: str) -> None:
    with pytest.raises(InputError, match=f"suite {argument}: expected a YAML file, or the name of one in suites/"):
        find_suite(argument)


@pytest.mark.parametrize(("argument", "meant"), [("colors", "colours"), ("Colours.yaml", "colours"), ("meal", "meals")])
def test_a_name_that_is_nearly_a_suites_is_answered_with_it(argument: str, meant: str) -> None:
    with pytest.raises(InputError, match=rf"; did you mean {meant}\?$"):
        find_suite(argument)


def test_lint_reports_file_line_severity_and_what_to_do(command: Command) -> None:
    line = "suites/meals.yaml:8: warning: category 'food' has 1 of the 10 jobs that an interval needs: add jobs\n"
    assert command("suites", "lint", "meals", "suites/meals.yaml") == (0, line * 2, "")


def test_lint_exits_with_2_where_any_suite_cannot_run(command: Command) -> None:
    Path("broken.yaml").write_text(SUITE.replace("control", "controll"))
    code, printed, _ = command("suites", "lint", "broken.yaml", "meals")
    assert code == 2
    assert "broken.yaml:6: error: jobs[0].control: expected, but missing\n" in printed
    assert "suites/meals.yaml:8: warning: " in printed


def test_lint_says_so_where_there_is_nothing_to_say(command: Command) -> None:
    jobs = SUITE[SUITE.index("  - control") :]
    Path("sound.yaml").write_text(
        SUITE + "".join(jobs.replace("He ate", f"Person {number} ate") for number in range(9))
    )
    assert command("suites", "lint", "sound.yaml") == (0, "no findings\n", "")
