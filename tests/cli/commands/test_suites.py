"""The commands about suites, as a person meets them."""

import json
from pathlib import Path

import openpyxl
import pytest

from cli.lookups import find_suite
from seep.errors import InputError
from seep.suites.loading import load_suite
from seep.suites.recorded import read_recorded
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
    assert "category food: 1 tests on 1 jobs\n  red: The [red] mat. He ate\n" in output
    assert "sha256:" in output


@pytest.mark.parametrize("argument", ["meals", "suites/meals.yaml"])
def test_a_suite_is_found_by_name_and_by_path(argument: str) -> None:
    assert find_suite(argument) == Path("suites/meals.yaml")


@pytest.mark.parametrize("argument", ["supper", "suites", "suites/supper.yaml"])
def test_a_suite_that_is_nowhere_is_refused(argument: str) -> None:
    with pytest.raises(InputError, match=f"suite {argument}: expected a YAML file or the name of one in suites/"):
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


def test_import_writes_a_suite_and_its_recorded_answers_and_says_how_many(command: Command) -> None:
    out = ("--suite-out", "s.yaml", "--recorded-out", "r.jsonl")
    _, printed, complaint = command("import", a_workbook(generations=True), *out)
    assert (printed + complaint).splitlines() == [
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


def test_import_needs_no_recorded_file(command: Command) -> None:
    code, _, _ = command("import", a_workbook(generations=False), "--suite-out", "s.yaml")
    assert code == 0
    assert load_suite(Path("s.yaml")).jobs[0].control == "He ate"


def test_import_refuses_to_record_what_a_workbook_does_not_hold_and_writes_nothing(command: Command) -> None:
    out = ("--suite-out", "s.yaml", "--recorded-out", "r.jsonl")
    code, _, complaint = command("import", a_workbook(generations=False), *out)
    assert code == 2
    assert "no columns generation_1 to generation_5: leave --recorded-out away" in complaint
    assert not Path("s.yaml").exists()


def test_import_writes_nothing_where_one_of_its_files_cannot_be_written(command: Command) -> None:
    out = ("--suite-out", "s.yaml", "--recorded-out", "nowhere/r.jsonl")
    code, _, complaint = command("import", a_workbook(generations=True), *out)
    assert code == 2
    assert "nowhere/r.jsonl: cannot be written" in complaint
    assert not Path("s.yaml").exists()


@pytest.mark.parametrize("outputs", [("b.xlsx", "r.jsonl"), ("same", "same"), ("s.yaml", "./b.xlsx")])
def test_import_does_not_write_over_its_own_files(command: Command, outputs: tuple[str, str]) -> None:
    workbook = a_workbook(generations=True)
    before = Path(workbook).read_bytes()
    code, _, complaint = command("import", workbook, "--suite-out", outputs[0], "--recorded-out", outputs[1])
    assert code == 2
    assert "expected different files" in complaint
    assert Path(workbook).read_bytes() == before


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
