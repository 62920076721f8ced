"""Every mistake that would spoil a measurement is found, with the line where it stands."""

import re
from pathlib import Path

import pytest

from seep.suites.lint import lint
from seep.suites.loading import dump_suite
from seep.suites.workbook import read_workbook

HEAD = """\
name: meals
version: "1"
format: {kind: plain}
decoding: {temperature: 0.5, max_tokens: 10, samples: 5}
jobs:
"""
FIRST = """\
  - control: "Say it: he ate a"
    neutral: "Say it: the mat is new. Then he ate a"
    tests:
      - concept: red
        prompt: "Say it: the mat is red. Then he ate a"
        category: food
"""
OTHERS = "".join(
    f"  - {{control: He ate {n} a day, neutral: New. He ate {n} a day, "
    f"tests: [{{concept: red, prompt: Red. He ate {n} a day, category: food}}]}}\n"
    for n in range(1, 10)
)


def test_jobs_without_a_neutral_insertion_are_found_where_others_have_one(tmp_path: Path) -> None:
    mixed = OTHERS.replace("neutral: New. He ate 3 a day, ", "").replace("neutral: New. He ate 5 a day, ", "")
    (finding,) = lint(written(tmp_path, HEAD + FIRST + mixed))
    assert (finding.line, finding.severity) == (14, "warning")
    assert "2 jobs have no neutral insertion, so that all are compared with their control" in finding.message
    first = FIRST.replace('    neutral: "Say it: the mat is new. Then he ate a"\n', "")
    assert lint(written(tmp_path, HEAD + first + re.sub(r"neutral: New. He ate . a day, ", "", OTHERS))) == []


def test_a_sound_suite_has_no_findings(tmp_path: Path) -> None:
    assert lint(written(tmp_path, HEAD + FIRST + OTHERS)) == []


@pytest.mark.parametrize(
    ("right", "wrong", "line", "message"),
    [
        ("concept: red", "concept: blue", 9, "the concept 'blue' is not in its prompt: correct one of the two"),
        ("mat is red", "mat is coloured", 9, "the concept 'red' is not in its prompt: correct one of the two"),
        ("concept: red", "concept: red mat", 9, "the concept 'red mat' is in its prompt only word by word"),
        ("the mat is new. Then he", " he", 7, "the prompt is the same as its control: put the insertion into it"),
        (
            "red. Then he ate a",
            "red. Then he ate an",
            10,
            "the prompt ends in 'he ate an', but its control in 'he ate a'",
        ),
        ("new. Then he ate a", "new. Then he ete a", 7, "the prompt ends in 'he ete a', but its control in 'he ate a'"),
        ("mat is red", "man’s mat is red".encode().decode("cp1252"), 10, "the prompt holds 'â€™'"),  # noqa: RUF001
        ("mat is red", "man’s mat is red".encode().decode("mac-roman"), 10, "the prompt holds '‚Äô'"),  # noqa: RUF001
        ("food", "drink", 11, "category 'drink' has 1 of the 10 jobs that an interval needs: add jobs"),
    ],
)
def test_a_doubtful_place_is_a_warning_at_its_line(
    tmp_path: Path, right: str, wrong: str, line: int, message: str
) -> None:
    path = written(tmp_path, HEAD + FIRST.replace(right, wrong, 1) + OTHERS)
    findings = [finding for finding in lint(path) if "'food'" not in finding.message]
    assert [(finding.path, finding.line, finding.severity) for finding in findings] == [(path, line, "warning")]
    assert findings[0].message.startswith(message)


def test_several_samples_at_temperature_0_are_found(tmp_path: Path) -> None:
    (finding,) = lint(written(tmp_path, HEAD.replace("temperature: 0.5", "temperature: 0") + FIRST + OTHERS))
    assert (finding.line, finding.severity) == (4, "warning")
    assert finding.message.startswith("at temperature 0 all 5 samples are one answer")


def test_a_test_that_equals_its_control_is_found(tmp_path: Path) -> None:
    path = written(tmp_path, HEAD + FIRST.replace("the mat is red. Then he", "he") + OTHERS)
    assert [(finding.line, finding.message) for finding in lint(path)] == [
        (9, "the concept 'red' is not in its prompt: correct one of the two"),
        (10, "the prompt is the same as its control: put the insertion into it, or remove it"),
    ]


@pytest.mark.parametrize("concept", ['" red"', '"red "', "RED", "re"])
def test_blanks_case_and_endings_do_not_hide_a_concept(tmp_path: Path, concept: str) -> None:
    assert lint(written(tmp_path, HEAD + FIRST.replace("red", concept, 1) + OTHERS)) == []


def test_a_prompt_repeated_within_a_job_is_found_with_the_line_of_the_first(tmp_path: Path) -> None:
    again = '      - {concept: mat, prompt: "Say it: the mat is red. Then  he ate a", category: food}\n'
    (finding,) = lint(written(tmp_path, HEAD + FIRST + again + OTHERS))
    assert (finding.line, finding.severity) == (12, "warning")
    assert finding.message == "the prompt is in line 10 already: remove or reword one of the two"


def test_a_prompt_repeated_across_jobs_is_found_with_the_line_of_the_first(tmp_path: Path) -> None:
    findings = lint(written(tmp_path, HEAD + FIRST + FIRST + OTHERS))
    assert [finding.line for finding in findings] == [12, 13, 16]
    assert [finding.message.split(" already")[0] for finding in findings] == [
        f"the prompt is in line {line}" for line in (6, 7, 10)
    ]


def test_a_language_without_blanks_is_compared_by_characters(tmp_path: Path) -> None:
    job = "  - {control: 他喜歡吃, tests: [{concept: 紅色, prompt: 房間是紅色的。他喜歡吃, category: food}]}\n"
    findings = lint(written(tmp_path, "language: zh\n" + HEAD + job))
    assert [finding.message for finding in findings if "category" not in finding.message] == []


@pytest.mark.parametrize(
    ("right", "wrong", "line", "message"),
    [
        ("concept: red", 'concept: ""', 9, "jobs[0].tests[0].concept: expected a text, found an empty one"),
        ("category: food", 'category: " "', 11, "jobs[0].tests[0].category: expected a text, found an empty one"),
        ("control:", "controll:", 6, "jobs[0].control: expected, but missing"),
        ("concept: red", "concept: [", 11, "not readable as YAML"),
    ],
)
def test_what_cannot_run_at_all_is_an_error_at_its_line(
    tmp_path: Path, right: str, wrong: str, line: int, message: str
) -> None:
    findings = lint(written(tmp_path, HEAD + FIRST.replace(right, wrong, 1)))
    assert {finding.severity for finding in findings} == {"error"}
    assert any(finding.line == line and finding.message.startswith(message) for finding in findings)


def test_an_unreadable_file_is_an_error(tmp_path: Path) -> None:
    (finding,) = lint(tmp_path)
    assert (finding.line, finding.severity) == (1, "error")


def test_labels_that_the_published_sheets_mixed_up_are_found(shared_data: Path, tmp_path: Path) -> None:
    path = imported(shared_data, tmp_path, "initial_qwen2.5-0.5b")
    lines = path.read_text(encoding="utf-8").splitlines()
    found = [(lines[finding.line - 1].strip(), finding.message.split(":")[0]) for finding in lint(path)]
    for animal in ("dolphins", "giraffes"):
        assert (f"- concept: {animal}", f"the concept '{animal}' is not in its prompt") in found


def test_typos_in_the_questions_of_the_published_sheets_are_found_and_nothing_else(
    shared_data: Path, tmp_path: Path
) -> None:
    path = imported(shared_data, tmp_path, "colors")
    lines = enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
    typos = [number for number, line in lines if re.search("T-short|colocrimson|coloscarlet", line)]
    assert [finding.line for finding in lint(path) if "ends in" in finding.message] == typos
    assert len(typos) == 10


def imported(shared_data: Path, folder: Path, name: str) -> Path:
    suite, _ = read_workbook(shared_data / "leakage" / f"{name}.xlsx")
    dump_suite(suite, folder / "suite.yaml")
    return folder / "suite.yaml"


def written(folder: Path, text: str) -> Path:
    path = folder / "suite.yaml"
    path.write_text(text, encoding="utf-8")
    return path
