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
        ("p.csv", 'prompt,n_control,concept\n"He ate', r"p\.csv: expected values separated by commas"),
        ("p.csv", "\nprompt,n_control,concept\n", r"p\.csv, row 1: expected the names of the columns, found an empty"),
        ("p.csv", "prompt,prompt,n_control,concept\n", "column prompt: expected once, found again"),
        ("p.jsonl", '{"prompt": "He ate"}\n[]\n', r"p\.jsonl, row 2: expected a JSON object"),
        ("p.jsonl", "{\n", r"p\.jsonl, row 1: expected a JSON object"),
        ("p.jsonl", '{"prompt": "a", "prompt": "b"}\n', r"p\.jsonl, row 1: prompt: expected once, found again"),
        ("p.jsonl", "[" * 100_000, r"p\.jsonl, row 1: expected a JSON object, found lists or objects in each other"),
        ("p.jsonl", "", r"p\.jsonl, row 1: expected a JSON object"),
        (
            "p.csv",
            "a;b\n1;2\n",
            r"p\.csv, row 1, column prompt: expected, .* are a, b; separated by semicolons$",
        ),
        (
            "p.csv",
            "Prompt,n_control\n",
            r"column prompt: expected, .* the columns are Prompt \(is prompt meant\?\)",
        ),
        ("p.txt", "", r"p\.txt: expected a file in \.xlsx, \.csv, \.tsv, \.jsonl"),
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


@pytest.mark.parametrize("name", ["p.csv", "p.tsv"])
@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_a_separated_file_is_read_as_other_programs_write_it(
    tmp_path: Path, name: str, separator: str, encoding: str
) -> None:
    rows = [("prompt", "n_control", "concept"), ("Er aß", "", ""), ('Grün, "rot"; blau. Er aß', "0", "Grün")]
    with (tmp_path / name).open("w", encoding=encoding, newline="") as file:
        csv.writer(file, delimiter=separator, quoting=csv.QUOTE_ALL).writerows(rows)
    suite, found = read_workbook(tmp_path / name)
    assert [prompt for prompt, _ in found] == [rows[1][0], rows[2][0]]
    assert suite.jobs[0].tests[0].concept == "Grün"


@pytest.mark.parametrize(("said", "separator"), [("sep=;", ";"), ('"sep=,"', ","), ("SEP=\t", "\t"), ("sep=:", ":")])
def test_excels_line_for_the_separator_is_no_header(tmp_path: Path, said: str, separator: str) -> None:
    rows = ["prompt,n_control,concept", "He ate,,", "Red. He ate,0,red", "Blue. He ate,x,blue"]
    text = "\r\n".join([said, *(row.replace(",", separator) for row in rows)])
    (tmp_path / "p.csv").write_text(text, newline="")
    with pytest.raises(InputError, match="row 5, column n_control: expected the whole number of a data row"):
        read_workbook(tmp_path / "p.csv")


@pytest.mark.parametrize("text", ["nan", "NaN", "<NA>", "NaT"])
@pytest.mark.parametrize("column", ["prompt", "concept", "category", "generation_1"])
def test_what_pandas_writes_for_no_value_is_neither_an_answer_nor_a_category(
    tmp_path: Path, column: str, text: str
) -> None:
    row = {"prompt": "Red. He ate", "n_control": "0", "concept": "red", "category": "1", "generation_1": "rice"}
    names = ",".join(row)
    (tmp_path / "p.csv").write_text(f"{names}\nHe ate,,,,rice\n{','.join((row | {column: text}).values())}\n")
    with pytest.raises(InputError, match=f"row 3, column {column}: expected text, found {text}, which stands for no"):
        read_workbook(tmp_path / "p.csv")


@pytest.mark.parametrize("text", ["none", "NA", "n/a", "NULL"])
def test_a_test_without_a_concept_is_refused_whatever_the_word_for_it(tmp_path: Path, text: str) -> None:
    (tmp_path / "p.csv").write_text(f"prompt,n_control,concept,category\nHe ate,,,\nRed. He ate,0,{text},1\n")
    with pytest.raises(InputError, match="row 3, column concept: expected the concept of a test"):
        read_workbook(tmp_path / "p.csv")


@pytest.mark.parametrize("row", ["Red. He ate,0", "Red. He ate", "Red. He ate,0,red,"])
def test_a_row_with_fewer_or_more_cells_than_the_header_is_refused(tmp_path: Path, row: str) -> None:
    (tmp_path / "p.csv").write_text(f"prompt,n_control,concept\nHe ate,,\n{row}\n")
    with pytest.raises(InputError, match="row 3: expected 3 cells, as the header has"):
        read_workbook(tmp_path / "p.csv")


def test_a_table_of_thousands_of_columns_is_refused_in_few_words(tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text(",".join(f"column {number}" for number in range(5000)))
    with pytest.raises(InputError, match="and 4980 more") as raised:
        read_workbook(tmp_path / "p.csv")
    assert len(str(raised.value)) < 1000


def test_the_separator_that_was_found_is_told(tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text("prompt;n_control;concept\nHe ate;;\n")
    assert read_table(tmp_path / "p.csv").notes == ("separated by semicolons",)
    (tmp_path / "p.csv").write_text("prompt;n_control;concept\nHe ate;;;;\n")
    with pytest.raises(InputError, match=r"row 2: expected 3 cells, .* found 5, separated by semicolons"):
        read_table(tmp_path / "p.csv")


@pytest.mark.parametrize("encoding", ["utf-16-le", "latin-1"])
def test_a_file_in_an_encoding_that_nobody_names_is_refused(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "p.csv").write_bytes("prompt,n_control,concept\nCafé,,\n".encode(encoding))
    with pytest.raises(InputError, match=r"p\.csv:\d: expected text in UTF-8"):
        read_table(tmp_path / "p.csv")


NAN, INFINITY = float("nan"), float("inf")


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("generation_1", NAN, "expected text, found NaN"),
        ("generation_1", INFINITY, "expected text, found Infinity"),
        ("generation_1", ["a"], 'expected text, found ["a"]'),
        ("generation_1", True, "expected text, found true"),
        ("prompt", NAN, "expected text, found NaN"),
        ("prompt", ["a"], 'expected text, found ["a"]'),
        ("prompt", {"a": 1}, 'expected text, found {"a": 1}'),
        ("prompt", "a\0", "expected text without NUL characters and halves of characters"),
        ("prompt", "\ud83d", "expected text without NUL characters and halves of characters"),
        ("concept", NAN, "expected text, found NaN"),
        ("category", NAN, "expected text, found NaN"),
        ("template_id", NAN, "expected text, found NaN"),
        ("category", "\udc00", "expected text without NUL characters and halves of characters"),
        ("n_control", NAN, "expected text, found NaN"),
        ("n_control", INFINITY, "expected text, found Infinity"),
        ("n_control", 10**900, "expected the whole number of a data row or none, found 1000"),
        ("n_control", "9" * 5000, "expected the whole number of a data row or none, found 9999"),
        ("n_control", "\u0660", "expected the whole number of a data row or none, found \u0660"),
    ],
)
def test_a_value_that_is_no_text_is_refused_with_row_and_column(
    tmp_path: Path, column: str, value: object, message: str
) -> None:
    control = {"prompt": "He ate", "generation_1": "rice"}
    test = {"prompt": "Red. He ate", "n_control": 0, "concept": "red", "generation_1": "beets", column: value}
    path = tmp_path / "p.jsonl"
    path.write_text(f"{json.dumps(control)}\n{json.dumps(test)}\n", encoding="utf-8")
    with pytest.raises(InputError) as raised:
        read_workbook(path)
    assert str(raised.value).startswith(f"{path}, row 2, column {column}: {message}")
    assert len(str(raised.value)) < len(str(path)) + 200


def test_numbers_in_json_lines_are_texts_as_they_stand_there(tmp_path: Path) -> None:
    control = {"prompt": "He ate", "generation_1": 123456789012345678901234567890, "generation_2": 0.1}
    test = {"prompt": "Red. He ate", "n_control": 0.0, "concept": 7, "generation_1": 1.5, "generation_2": -3}
    path = tmp_path / "p.jsonl"
    path.write_text(f"{json.dumps(control)}\n{json.dumps(test)}\n", encoding="utf-8")
    suite, rows = read_workbook(path)
    assert [list(texts) for _, texts in rows] == [["123456789012345678901234567890", "0.1"], ["1.5", "-3"]]
    assert suite.jobs[0].tests[0].concept == "7"


def test_half_a_character_in_an_answer_is_mended(tmp_path: Path) -> None:
    control = {"prompt": "He ate", "generation_1": "rice \ud83c"}
    test = {"prompt": "Red. He ate", "n_control": 0, "concept": "red", "generation_1": "beets"}
    path = tmp_path / "p.jsonl"
    path.write_text(f"{json.dumps(control)}\n{json.dumps(test)}\n", encoding="utf-8-sig")
    assert read_workbook(path)[1][0] == ("He ate", ["rice \ufffd"])


@pytest.mark.parametrize(
    "error", ["#N/A", "#DIV/0!", "#REF!", " #VALUE! ", "#n/a", "#NV", "#¡VALOR!", "#NOM?", "#ERROR!", "#GETTING_DATA"]
)
def test_an_error_that_a_spreadsheet_wrote_is_no_text(tmp_path: Path, error: str) -> None:
    path = tmp_path / "p.csv"
    path.write_text(f"prompt,n_control,concept,notes\nHe ate,,,{error}\nRed. He ate,0,{error},\n")
    with pytest.raises(InputError, match=r"row 3, column concept: expected text, found the error #"):
        read_workbook(path)
