"""Published workbooks become suites with their pairing kept, and broken ones are refused with row and column."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from seep.errors import InputError
from seep.suites.jobs import prompt_jobs
from seep.suites.loading import dump_suite, load_suite
from seep.suites.schema import suite_hash
from seep.suites.workbook import read_workbook

HEADER = (None, "template_id", "prompt", "n_control", "concept", "category", "generation_1", "generation_2")
SHEET = (
    (0, 1, "He ate", None, "none", 1, "rice", "bread"),
    (1, 1, "The mat is new. He ate", None, "new", 1, "soup", "soup"),
    (2, 1, "The mat is red. He ate", 0, " red", 1, "beets", None),
    (3, 2, "She sat on a", "none", None, None, "chair", "bench"),
    (4, 2, "The mat is blue. She sat on a", 3, "blue", None, "wave", 7),
    (5, 1, "The mat is pink. He ate", 0.0, "pink", 2.0, "ham", " ham"),
)
Row = Sequence[Any]

PUBLISHED = {
    "colors": ({"1": 330, "2": 330, "uncategorised": 49}, 27, 22, 5, 0),
    "colors_qwen2.5-0.5b": ({"1": 330, "2": 330, "3": 49}, 27, 22, 5, 5),
    "colors_qwen2.5-1.5b": ({"1": 330, "2": 330, "3": 49}, 27, 22, 5, 5),
    "initial_qwen2.5-0.5b": ({"uncategorised": 109}, 31, 0, 1, 1),
    "initial_qwen2.5-1.5b": ({"uncategorised": 109}, 31, 0, 1, 1),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_published_workbook_has_the_published_counts(shared_data: Path, name: str) -> None:
    categories, controls, neutral, samples, generations = PUBLISHED[name]
    suite, rows = read_workbook(shared_data / "leakage" / f"{name}.xlsx")
    assert Counter(test.category for job in suite.jobs for test in job.tests) == categories
    assert len(suite.jobs) == controls
    assert sum(job.neutral is not None for job in suite.jobs) == neutral
    assert suite.decoding.samples == samples
    assert {len(texts) for _, texts in rows} == {generations}


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_pairing_of_a_published_workbook_is_kept_exactly(shared_data: Path, tmp_path: Path, name: str) -> None:
    path = shared_data / "leakage" / f"{name}.xlsx"
    header, *rows = openpyxl.load_workbook(path).worksheets[0].iter_rows(values_only=True)
    prompt, n_control, concept = (header.index(column) for column in ("prompt", "n_control", "concept"))
    expected = {
        (rows[int(str(row[n_control]))][prompt], row[concept], row[prompt])
        for row in rows
        if row[n_control] not in (None, "none")
    }
    suite, _ = read_workbook(path)
    dump_suite(suite, tmp_path / "suite.yaml")
    jobs = prompt_jobs(load_suite(tmp_path / "suite.yaml"), run_id="r", target="t")
    assert {(job.control, test.concept, test.prompt) for job in jobs for test in job.tests} == expected
    assert len(expected) == sum(len(job.tests) for job in jobs)


def test_both_models_answered_the_same_colour_suite(shared_data: Path) -> None:
    small, large = (
        read_workbook(shared_data / "leakage" / f"colors_qwen2.5-{size}.xlsx")[0] for size in ("0.5b", "1.5b")
    )
    assert suite_hash(small) == suite_hash(large)


def test_the_protocol_of_the_paper_comes_with_its_prompts(tmp_path: Path) -> None:
    suite, _ = read_workbook(workbook(tmp_path, HEADER, *SHEET))
    assert (suite.name, suite.cut, suite.format.kind) == ("my-sheet-2", "sentence", "chat")
    assert suite.format.system == "You must complete the sentence with no more than five words."
    assert suite.format.user == "{prompt} {your_answer}\nYour answer:"
    assert (suite.decoding.temperature, suite.decoding.max_tokens, suite.decoding.samples) == (0.5, 10, 2)


def test_controls_tests_and_neutral_arms_are_told_apart(tmp_path: Path) -> None:
    suite, _ = read_workbook(workbook(tmp_path, HEADER, *SHEET))
    assert [(job.control, job.neutral) for job in suite.jobs] == [
        ("He ate", "The mat is new. He ate"),
        ("She sat on a", None),
    ]
    assert [[(test.concept, test.category) for test in job.tests] for job in suite.jobs] == [
        [(" red", "1"), ("pink", "2")],
        [("blue", "uncategorised")],
    ]


def test_generations_are_taken_as_they_are_and_an_empty_cell_is_an_empty_answer(tmp_path: Path) -> None:
    _, rows = read_workbook(workbook(tmp_path, HEADER, *SHEET))
    assert dict(rows)["The mat is red. He ate"] == ["beets", ""]
    assert dict(rows)["The mat is blue. She sat on a"] == ["wave", "7"]
    assert dict(rows)["The mat is pink. He ate"] == ["ham", " ham"]


def test_a_control_may_have_a_concept_of_its_own(tmp_path: Path) -> None:
    suite, _ = read_workbook(changed(tmp_path, 2, "concept", "plain"))
    assert suite.jobs[0].control == "He ate"


def test_a_row_in_no_pair_is_left_out_where_its_template_has_several_controls(tmp_path: Path) -> None:
    suite, rows = read_workbook(changed(tmp_path, 5, "template_id", 1))
    assert [job.neutral for job in suite.jobs] == [None, None]
    assert len(rows) == len(SHEET)


def test_only_the_needed_columns_are_needed(tmp_path: Path) -> None:
    sheet = [("concept", "n_control", "prompt"), (None, None, "He ate"), ("red", 0, "Red. He ate")]
    suite, rows = read_workbook(workbook(tmp_path, *sheet))
    assert (len(suite.jobs), suite.decoding.samples) == (1, 5)
    assert rows == [("He ate", []), ("Red. He ate", [])]


def test_empty_rows_at_the_end_and_further_sheets_do_not_count(tmp_path: Path) -> None:
    path = workbook(tmp_path, HEADER, *SHEET)
    book = openpyxl.load_workbook(path)
    book.worksheets[0].cell(12, 3).value = "x"
    book.worksheets[0].cell(12, 3).value = None
    book.create_sheet("notes")["A1"] = "nothing of interest"
    book.save(path)
    _, rows = read_workbook(path)
    assert len(rows) == len(SHEET)


@pytest.mark.parametrize(
    ("row", "column", "value", "message"),
    [
        (1, "prompt", "text", "expected, but missing"),
        (1, "n_control", None, "expected, but missing"),
        (1, "concept", "", "expected, but missing"),
        (1, "prompt", "concept", "expected, but missing"),
        (4, "n_control", "first", "expected the whole number of a data row or none, found first"),
        (4, "n_control", 0.5, "expected the whole number of a data row or none, found 0.5"),
        (4, "n_control", -1, "expected the whole number of a data row or none, found -1"),
        (4, "n_control", True, "expected text, found TRUE"),
        (4, "n_control", 6, "expected a data row, 0 to 5, found 6"),
        (4, "n_control", 2, "expected the row of a control, found the test's own, 2"),
        (4, "n_control", 4, "expected the row of a control, but 4 is itself a test"),
        (4, "concept", None, "expected the concept of a test, found none"),
        (4, "concept", "none", "expected the concept of a test, found none"),
        (4, "concept", True, "expected text, found TRUE"),
        (4, "category", "all", "expected a category other than 'all'"),
        (3, "prompt", None, "expected a prompt, found an empty cell"),
        (4, "prompt", "  ", "expected a prompt, found an empty cell"),
        (4, "prompt", "He ate", "the prompt of row 2 again, with other generations"),
    ],
)
def test_a_broken_sheet_is_refused_with_sheet_row_and_column(
    tmp_path: Path, row: int, column: str, value: object, message: str
) -> None:
    path = changed(tmp_path, row, column, value)
    with pytest.raises(InputError) as raised:
        read_workbook(path)
    assert str(raised.value).startswith(f"{path}, sheet Prompts, row {row}, column {column}: {message}")
    assert "\n" not in str(raised.value)


def test_a_column_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="sheet Prompts, row 1, column generation_1: expected once, found again"):
        read_workbook(changed(tmp_path, 1, "generation_2", "generation_1"))


def test_a_row_without_any_generation_is_refused(tmp_path: Path) -> None:
    silent = (*SHEET[3][:6], None, "")
    path = workbook(tmp_path, HEADER, *SHEET[:3], silent, *SHEET[4:])
    with pytest.raises(InputError, match="row 5, column generation_1: expected text in at least one of generation_1, "):
        read_workbook(path)


def test_a_sheet_without_any_test_is_refused(tmp_path: Path) -> None:
    path = workbook(tmp_path, ("prompt", "n_control", "concept"), ("He ate", None, None))
    with pytest.raises(InputError, match="sheet Prompts, column n_control: expected the row of a control in some row"):
        read_workbook(path)


def test_an_empty_sheet_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="row 1, column prompt: expected, but missing"):
        read_workbook(workbook(tmp_path))


def test_a_file_that_is_no_workbook_is_refused_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "prompts.xlsx"
    path.write_text("prompt,n_control,concept\n")
    with pytest.raises(InputError, match=r"prompts\.xlsx: expected an Excel workbook \(\.xlsx\)"):
        read_workbook(path)


def test_a_file_that_is_not_there_is_refused_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.xlsx: cannot be read: No such file"):
        read_workbook(tmp_path / "none.xlsx")


def workbook(folder: Path, *rows: Row) -> Path:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.title = "Prompts"
    for row in rows:
        sheet.append(list(row))
    path = folder / "My sheet_2.xlsx"
    book.save(path)
    return path


def changed(folder: Path, row: int, column: str, value: object) -> Path:
    """The sheet with one cell changed; `row` as Excel counts."""
    rows: list[list[Any]] = [list(HEADER), *map(list, SHEET)]
    rows[row - 1][HEADER.index(column)] = value
    return workbook(folder, *rows)
