"""The import of tables and completions, as a person meets it."""

import json
from pathlib import Path

import openpyxl
import pytest

from seep.suites.loading import load_suite
from seep.suites.recorded import read_recorded
from tests.commands import Command

PROMPTS = "prompt,n_control,concept\nHe ate,,\nRed. He ate,0,red\n"


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_import_writes_a_suite_and_its_recorded_answers_and_says_how_many(command: Command) -> None:
    out = ("--suite-out", "s.yaml", "--recorded-out", "r.jsonl")
    _, printed, complaint = command("import", a_workbook(generations=True), *out)
    assert (printed + complaint).splitlines() == [
        "b.xlsx, sheet Sheet: 3 rows, 5 columns taken: prompt, n_control, concept, generation_1, generation_2",
        "put in: system message 'You must complete the sentence with no more than five words.', template"
        " '{prompt} {your_answer}\\nYour answer:', temperature 0.5, 10 tokens, 2 samples; change them in the suite",
        "s.yaml: 1 test on 1 control (uncategorised: 1)",
        "0 neutral arms; 1 rows belong to no job and were left out of the suite",
        "r.jsonl: 3 prompts with 2 generations each",
        "empty answers among them: 1",
    ]
    (job,) = load_suite(Path("s.yaml")).jobs
    assert job.control is not None
    recorded = read_recorded(Path("r.jsonl"))
    assert recorded[job.control, None] == ("rice", "bread")
    assert recorded[job.tests[0].prompt, None] == ("beets", "")
    assert json.loads(Path("r.jsonl").read_text().splitlines()[0])["prompt"] == "He ate"


ENDED = "prompt,n_control,concept,generation_1,ended_1,generation_2,ended_2\nHe ate,,,rice,,bread,length\n"


def test_import_takes_how_answers_ended_and_says_how_many_are_none(command: Command) -> None:
    Path("t.csv").write_text(ENDED + "Red. He ate,0,red,red cabbage,stop,I cannot say.,refusal\n")
    _, printed, _ = command("import", "t.csv", "--suite-out", "s.yaml", "--recorded-out", "r.jsonl")
    assert printed.splitlines()[-2:] == ["r.jsonl: 2 prompts with 2 generations each", "refused answers among them: 1"]
    lines = [json.loads(line) for line in Path("r.jsonl").read_text().splitlines()]
    assert [line["ended"] for line in lines] == [["stop", "length"], ["stop", "refusal"]]


def test_import_takes_a_row_whose_answers_were_all_refused(command: Command) -> None:
    Path("t.csv").write_text(ENDED + "Red. He ate,0,red,,refusal,,filtered\n")
    code, printed, _ = command("import", "t.csv", "--suite-out", "s.yaml", "--recorded-out", "r.jsonl")
    assert code == 0
    assert printed.splitlines()[-2:] == ["refused answers among them: 1", "filtered answers among them: 1"]


def test_import_refuses_an_ending_that_it_does_not_know(command: Command) -> None:
    Path("t.csv").write_text(ENDED + "Red. He ate,0,red,beets,content_filter,ham,\n")
    code, _, complaint = command("import", "t.csv", "--suite-out", "s.yaml", "--recorded-out", "r.jsonl")
    assert code == 2
    assert "row 3, column ended_1: expected one of stop, length, refusal, filtered, " in complaint
    assert not Path("s.yaml").exists()


def test_import_takes_name_samples_and_system_message_from_its_options(command: Command) -> None:
    out = ("--suite-out", "s.yaml", "--recorded-out", "r.jsonl")
    code, printed, _ = command(
        "import", a_workbook(generations=True), *out, "--name", "meals", "--samples", "1", "--system", "Be brief."
    )
    suite = load_suite(Path("s.yaml"))
    assert (code, suite.name, suite.decoding.samples, suite.format.system) == (0, "meals", 1, "Be brief.")
    assert "system message 'Be brief.'" in printed
    assert "r.jsonl: 3 prompts with 2 generations each" in printed
    command("import", "b.xlsx", "--suite-out", "t.yaml", "--system", "")
    assert load_suite(Path("t.yaml")).format.system == ""


@pytest.mark.parametrize(
    ("option", "value", "reason"),
    [
        ("--name", "My Meals", "--name: expected a name of at most 40 lower-case letters"),
        ("--samples", "3", "--samples 3: the file has 2 answers to a prompt"),
        ("--samples", "0", "--samples"),
    ],
)
def test_import_refuses_an_option_that_the_suite_cannot_have(
    command: Command, option: str, value: str, reason: str
) -> None:
    code, printed, complaint = command("import", a_workbook(generations=True), "--suite-out", "s.yaml", option, value)
    assert (code, printed, Path("s.yaml").exists()) == (2, "", False)
    assert reason in complaint


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


def test_import_writes_over_nothing_unless_it_is_told_to(command: Command) -> None:
    Path("p.csv").write_text(PROMPTS)
    Path("s.yaml").write_text("mine\n")
    out = ("import", "p.csv", "--suite-out", "s.yaml")
    assert command(*out) == (2, "", "seep: s.yaml: is there already; --force writes over it\n")
    assert Path("s.yaml").read_text() == "mine\n"
    assert command(*out, "--force")[0] == 0
    assert load_suite(Path("s.yaml")).jobs[0].control == "He ate"


def test_import_names_columns_that_it_leaves_out_and_the_ones_that_may_be_meant(command: Command) -> None:
    Path("p.csv").write_text("prompt,n_control,concept,Category,gen1,notes\nHe ate,,,,,\nRed. He ate,0,red,1,x,y\n")
    _, output, _ = command("import", "p.csv", "--suite-out", "s.yaml")
    assert "columns left out: Category (is category meant?), gen1 (is generation_1 meant?), notes\n" in output
    assert "(uncategorised: 1)" in output


def test_import_tells_what_of_a_workbook_is_left_out_and_what_cannot_be_seen(command: Command) -> None:
    book = openpyxl.load_workbook(a_workbook(generations=True))
    book.worksheets[0].row_dimensions[4].hidden = True
    book.worksheets[0].column_dimensions["C"].hidden = True
    book.create_sheet("old").sheet_state = "hidden"
    book.create_sheet("notes")
    book.save("b.xlsx")
    lines = command("import", "b.xlsx", "--suite-out", "s.yaml")[1].splitlines()
    assert lines[1:4] == [
        "sheets left out: old (hidden), notes",
        "hidden rows taken too: 1",
        "hidden columns taken too: concept",
    ]


def test_import_says_what_it_puts_into_a_suite_of_completions(command: Command) -> None:
    rows = [
        {"directive": f"Answer in {name}.", "directive_language": name, "sample": 0, "completion": text}
        for name, text in (("German", "Ja."), ("French", "Oui."))
    ]
    Path("c.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    _, output, _ = command("import", "c.jsonl", "--suite-out", "s.yaml")
    assert "put in: no system message, template '{prompt}', temperature 1, 256 tokens, 1 sample;" in output
    complaint = command("import", "c.jsonl", "--suite-out", "other.yaml", "--sheet", "x")[2]
    assert complaint == "seep: c.jsonl: expected a workbook (.xlsx) with --sheet\n"


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


def test_import_tells_of_answers_that_read_like_a_missing_value(command: Command) -> None:
    Path("p.csv").write_text("prompt,n_control,concept,generation_1\nHe ate,,,None\nRed. He ate,0,red,NA\n")
    code, printed, _ = command("import", "p.csv", "--suite-out", "s.yaml", "--recorded-out", "r.jsonl")
    assert code == 0
    assert printed.splitlines()[-1] == "answers that read like a missing value, and are taken as words: None 1, NA 1"
