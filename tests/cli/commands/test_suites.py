"""The commands about suites, as a person meets them."""

import json
from pathlib import Path

import openpyxl
import pytest
import typer
from typer.testing import CliRunner, Result

from cli.commands.suites import import_file, suites_app
from cli.lookups import find_suite
from seep.errors import InputError
from seep.suites.loading import load_suite
from seep.suites.recorded import read_recorded

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


def test_list_says_what_each_suite_holds() -> None:
    heading, row = call("list").output.splitlines()
    assert heading.split() == ["name", "version", "jobs", "tests", "categories", "hash"]
    assert row.split()[:5] == ["meals", "1", "1", "1", "food"]
    assert row.split()[5].startswith("sha256:")


@pytest.mark.parametrize("folder", ["nowhere", "empty"])
def test_list_refuses_a_folder_without_suites(folder: str) -> None:
    Path("empty").mkdir()
    with pytest.raises(InputError, match=folder):
        call("list", folder)


def test_show_gives_a_summary_and_examples_of_each_category() -> None:
    output = call("show", "meals").output
    assert "temperature 0.5, top_p 1, at most 10 tokens, 5 samples, cut: sentence" in output
    assert "category food: 1 tests on 1 jobs\n  red: The [red] mat. He ate\n" in output
    assert "sha256:" in output


@pytest.mark.parametrize("argument", ["meals", "suites/meals.yaml"])
def test_a_suite_is_found_by_name_and_by_path(argument: str) -> None:
    assert find_suite(argument) == Path("suites/meals.yaml")


@pytest.mark.parametrize("argument", ["supper", "suites", "suites/supper.yaml"])
def test_a_suite_that_is_nowhere_is_refused(argument: str) -> None:
    with pytest.raises(InputError, match=f"suite {argument}: expected a YAML file or the name of one in suites/"):
        find_suite(argument)


def test_lint_reports_file_line_severity_and_what_to_do() -> None:
    result = call("lint", "meals", "suites/meals.yaml")
    line = "suites/meals.yaml:8: warning: category 'food' has 1 of the 10 jobs that an interval needs: add jobs\n"
    assert (result.output, result.exit_code) == (line * 2, 0)


def test_lint_exits_with_2_where_any_suite_cannot_run() -> None:
    Path("broken.yaml").write_text(SUITE.replace("control", "controll"))
    result = call("lint", "broken.yaml", "meals")
    assert result.exit_code == 2
    assert "broken.yaml:6: error: jobs[0].control: expected, but missing\n" in result.output
    assert "suites/meals.yaml:8: warning: " in result.output


def test_lint_says_so_where_there_is_nothing_to_say() -> None:
    jobs = SUITE[SUITE.index("  - control") :]
    Path("sound.yaml").write_text(
        SUITE + "".join(jobs.replace("He ate", f"Person {number} ate") for number in range(9))
    )
    result = call("lint", "sound.yaml")
    assert (result.output, result.exit_code) == ("no findings\n", 0)


def test_import_writes_a_suite_and_its_recorded_answers_and_says_how_many() -> None:
    result = imported(a_workbook(generations=True), "--suite-out", "s.yaml", "--recorded-out", "r.jsonl")
    assert result.output.splitlines() == [
        "s.yaml: 1 tests on 1 controls (uncategorised: 1)",
        "0 neutral arms; 1 rows belong to no job and were left out of the suite",
        "r.jsonl: 3 prompts with 2 generations each",
        "empty answers among them: 1",
    ]
    (job,) = load_suite(Path("s.yaml")).jobs
    assert job.control is not None
    recorded = read_recorded(Path("r.jsonl"))
    assert recorded[job.control] == ("rice", "bread")
    assert recorded[job.tests[0].prompt] == ("beets", "")
    assert json.loads(Path("r.jsonl").read_text().splitlines()[0])["prompt"] == "He ate"


def test_import_needs_no_recorded_file() -> None:
    result = imported(a_workbook(generations=False), "--suite-out", "s.yaml")
    assert result.exit_code == 0
    assert load_suite(Path("s.yaml")).jobs[0].control == "He ate"


def test_import_refuses_to_record_what_a_workbook_does_not_hold_and_writes_nothing() -> None:
    with pytest.raises(InputError, match="no columns generation_1 to generation_5: leave --recorded-out away"):
        imported(a_workbook(generations=False), "--suite-out", "s.yaml", "--recorded-out", "r.jsonl")
    assert not Path("s.yaml").exists()


def test_import_writes_nothing_where_one_of_its_files_cannot_be_written() -> None:
    with pytest.raises(InputError, match=r"nowhere/r\.jsonl: cannot be written"):
        imported(a_workbook(generations=True), "--suite-out", "s.yaml", "--recorded-out", "nowhere/r.jsonl")
    assert not Path("s.yaml").exists()


@pytest.mark.parametrize("outputs", [("b.xlsx", "r.jsonl"), ("same", "same"), ("s.yaml", "./b.xlsx")])
def test_import_does_not_write_over_its_own_files(outputs: tuple[str, str]) -> None:
    workbook = a_workbook(generations=True)
    before = Path(workbook).read_bytes()
    with pytest.raises(InputError, match="expected different files"):
        imported(workbook, "--suite-out", outputs[0], "--recorded-out", outputs[1])
    assert Path(workbook).read_bytes() == before


def call(*arguments: str) -> Result:
    result = CliRunner().invoke(suites_app, arguments)
    if isinstance(result.exception, InputError):
        raise result.exception
    return result


def imported(*arguments: str) -> Result:
    app = typer.Typer()
    app.command()(import_file)
    result = CliRunner().invoke(app, arguments)
    if isinstance(result.exception, InputError):
        raise result.exception
    return result


def a_workbook(*, generations: bool) -> str:
    header: list[str | int | None] = ["prompt", "n_control", "concept", "generation_1", "generation_2"]
    rows: list[list[str | int | None]] = [
        ["He ate", None, None, "rice", "bread"],
        ["Red. He ate", 0, "red", "beets", None],
        ["She sat", None, None, "down", "up"],
    ]
    book = openpyxl.Workbook()
    for row in [header, *rows]:
        book.worksheets[0].append(row if generations else row[:3])
    book.save("b.xlsx")
    return "b.xlsx"
