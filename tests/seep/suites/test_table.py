"""The same prompts from Excel, CSV and JSON lines are the same suite, and broken files are refused with their place."""

import csv
import json
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest

from seep.errors import InputError
from seep.suites.table import read_table
from seep.suites.workbook import read_workbook

HEADER = ("prompt", "n_control", "concept", "category", "generation_1", "generation_2")
ROWS = (
    ("He ate", None, None, None, "rice", 'a "big" loaf'),
    ("The mat is red. He ate", 0, "red", "food", "beets,\nraw", None),
    ("The mat is blue. He ate", 0, "blue", "food", "plums", "ham"),
)


def a_workbook(folder: Path) -> Path:
    book = openpyxl.Workbook()
    for row in (HEADER, *ROWS):
        book.worksheets[0].append(row)
    book.save(folder / "meals.xlsx")
    return folder / "meals.xlsx"


def a_csv_file(folder: Path) -> Path:
    with (folder / "meals.csv").open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerows([HEADER, *ROWS])
    return folder / "meals.csv"


def a_json_lines_file(folder: Path) -> Path:
    named = [dict(zip(HEADER, row, strict=True)) for row in ROWS]
    lines = [json.dumps(row | {"generation_2": row["generation_2"] or ""}) for row in named]
    (folder / "meals.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder / "meals.jsonl"


@pytest.mark.parametrize("written", [a_csv_file, a_json_lines_file])
def test_every_form_says_the_same(tmp_path: Path, written: Callable[[Path], Path]) -> None:
    assert read_workbook(written(tmp_path)) == read_workbook(a_workbook(tmp_path))


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("p.csv", "prompt,concept\nHe ate,\n", r"p\.csv, row 1, column n_control: expected, but missing"),
        ("p.csv", "prompt,n_control,concept\nHe ate,,,rice\n", r"p\.csv, row 2: expected 3 cells"),
        ("p.csv", 'prompt,n_control,concept\n"He ate', r"p\.csv: expected comma-separated values"),
        ("p.csv", "prompt,prompt,n_control,concept\n", "column prompt: expected once, found again"),
        ("p.jsonl", '{"prompt": "He ate"}\n[]\n', r"p\.jsonl, row 2: expected a JSON object"),
        ("p.jsonl", "{\n", r"p\.jsonl, row 1: expected a JSON object"),
        ("p.txt", "", r"p\.txt: expected a file in \.xlsx, \.csv, \.jsonl"),
    ],
)
def test_a_broken_file_is_refused_with_its_place(tmp_path: Path, name: str, text: str, message: str) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=message):
        read_workbook(tmp_path / name)


@pytest.mark.parametrize("second", [{"generation_2": None}, {}])
def test_a_generation_that_failed_is_no_empty_answer(tmp_path: Path, second: dict[str, None]) -> None:
    control = {"prompt": "He ate", "generation_1": "rice", "generation_2": ""}
    test = {"prompt": "Red. He ate", "n_control": 0, "concept": "red", "generation_1": "beets"} | second
    path = tmp_path / "p.jsonl"
    path.write_text(f"{json.dumps(control)}\n{json.dumps(test)}\n", encoding="utf-8")
    with pytest.raises(InputError) as raised:
        read_workbook(path)
    assert str(raised.value) == f'{path}, row 2, column generation_2: expected text, found none; an empty answer is ""'


def test_a_row_is_counted_as_its_file_counts_it(tmp_path: Path) -> None:
    assert str(read_table(a_json_lines_file(tmp_path)).mistake(1, "concept", "x")).endswith("row 2, column concept: x")
    assert str(read_table(a_csv_file(tmp_path)).mistake(1, "concept", "x")).endswith("row 3, column concept: x")
