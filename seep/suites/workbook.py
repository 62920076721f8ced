"""Reads a published workbook of prompts, with or without generations, as a suite and recorded answers."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from openpyxl import load_workbook
from openpyxl.worksheet.worksheet import Worksheet
from pydantic import ValidationError

from seep.errors import InputError
from seep.suites.schema import Suite, SuiteDecoding, SuiteFormat, SuiteJob, SuiteTest

REQUIRED_COLUMNS = ("prompt", "n_control", "concept")
UNCATEGORISED = "uncategorised"

# The protocol of arXiv 2501.06638. Its "{your_answer}" is text, not a place to fill.
FORMAT = SuiteFormat(
    kind="chat",
    system="You must complete the sentence with no more than five words.",
    user="{prompt} {your_answer}\nYour answer:",
)
TEMPERATURE = 0.5
MAX_TOKENS = 10
SAMPLES = 5


@dataclass(frozen=True)
class _Sheet:
    """The cells of a sheet by row and column name, rows from 0: row 0 is row 2 in Excel's count."""

    place: str
    rows: tuple[Mapping[str, object], ...]
    generation_columns: tuple[str, ...]

    def mistake(self, row: int, column: str, what: str) -> InputError:
        return InputError(f"{self.place}, row {row + 2}, column {column}: {what}")

    def text(self, row: int, column: str) -> str:
        """The cell's text exactly as it is, a number as Excel shows it, an empty cell as ""."""
        value = self.rows[row].get(column)
        if value is None or isinstance(value, str):
            return value or ""
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.mistake(row, column, f"expected text, found {value}")
        return f"{value:.15g}"


def read_workbook(path: Path) -> tuple[Suite, list[tuple[str, list[str]]]]:
    """Return a workbook's suite, and each row's prompt with its generations (empty where the workbook has none).

    Only the first sheet counts. A row that other rows' `n_control` names is the control of a job, a row with an
    `n_control` is one of its tests; any other row is the neutral arm of its template's control where the template has
    just one control, and else is in no job. InputError names the sheet, row and column of a mistake.
    """
    sheet = _read_sheet(path)
    rows = [(_prompt(sheet, row), _generations(sheet, row)) for row in range(len(sheet.rows))]
    _refuse_repeated_prompts(sheet, rows)
    return _suite(sheet, path), rows


def _read_sheet(path: Path) -> _Sheet:
    try:
        with path.open("rb") as file:
            worksheets = load_workbook(file).worksheets
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error
    except Exception as error:  # the library raises whatever its parsing trips over
        raise InputError(f"{path}: expected an Excel workbook (.xlsx): {' '.join(str(error).split())}") from error
    if not worksheets:
        raise InputError(f"{path}: expected a workbook with a sheet")
    return _named_cells(worksheets[0], f"{path}, sheet {worksheets[0].title}")


def _named_cells(worksheet: Worksheet, place: str) -> _Sheet:
    header, *rows = list(worksheet.iter_rows(values_only=True)) or [()]
    while rows and not any(value is not None for value in rows[-1]):
        rows.pop()
    names = ["" if name is None else str(name).strip() for name in header]
    generations = sorted((n for n in names if re.fullmatch(r"generation_\d+", n)), key=lambda n: int(n[11:]))
    cells = tuple(dict(zip(names, values, strict=True)) for values in rows)
    sheet = _Sheet(place, cells, tuple(generations))
    for column in (*REQUIRED_COLUMNS, *generations, "category", "template_id"):
        if column in REQUIRED_COLUMNS and column not in names:
            raise sheet.mistake(-1, column, "expected, but missing")
        if names.count(column) > 1:
            raise sheet.mistake(-1, column, "expected once, found again")
    return sheet


def _prompt(sheet: _Sheet, row: int) -> str:
    prompt = sheet.text(row, "prompt")
    if not prompt.strip():
        raise sheet.mistake(row, "prompt", "expected a prompt, found an empty cell")
    return prompt


def _generations(sheet: _Sheet, row: int) -> list[str]:
    columns = sheet.generation_columns
    texts = [sheet.text(row, column) for column in columns]
    if columns and not any(text.strip() for text in texts):
        raise sheet.mistake(row, columns[0], f"expected text in at least one of {', '.join(columns)}")
    return texts


def _refuse_repeated_prompts(sheet: _Sheet, rows: list[tuple[str, list[str]]]) -> None:
    """Recorded answers are looked up by their prompt, so that one prompt cannot have two sets of them."""
    first: dict[str, int] = {}
    for row, (prompt, generations) in enumerate(rows):
        earlier = first.setdefault(prompt, row)
        if rows[earlier][1] != generations:
            raise sheet.mistake(row, "prompt", f"the prompt of row {earlier + 2} again, with other generations")


def _suite(sheet: _Sheet, path: Path) -> Suite:
    control_rows = _control_rows(sheet)
    tests: dict[int, list[SuiteTest]] = defaultdict(list)
    for row, control in control_rows.items():
        tests[control].append(_test(sheet, row))
    if not tests:
        raise InputError(f"{sheet.place}, column n_control: expected the row of a control in some row, found none")
    neutral = dict(_neutral_rows(sheet, set(tests), set(control_rows)))
    return Suite(
        name=re.sub(r"[^a-z0-9]+", "-", path.stem.lower()).strip("-")[:40] or "imported",
        version="1",
        format=FORMAT,
        decoding=SuiteDecoding(
            temperature=TEMPERATURE, max_tokens=MAX_TOKENS, samples=len(sheet.generation_columns) or SAMPLES
        ),
        jobs=tuple(
            SuiteJob(
                control=_prompt(sheet, control),
                neutral=_prompt(sheet, neutral[control]) if control in neutral else None,
                tests=tuple(tests[control]),
            )
            for control in sorted(tests)
        ),
    )


def _control_rows(sheet: _Sheet) -> dict[int, int]:
    """Return the row of its control for every row that is a test."""
    found = {row: _n_control(sheet, row) for row in range(len(sheet.rows))}
    controls = {row: control for row, control in found.items() if control is not None}
    for row, control in controls.items():
        if control == row:
            raise sheet.mistake(row, "n_control", f"expected the row of a control, found the test's own, {row}")
        if control >= len(sheet.rows):
            last = len(sheet.rows) - 1
            raise sheet.mistake(row, "n_control", f"expected a data row, 0 to {last}, found {control}")
        if control in controls:
            raise sheet.mistake(row, "n_control", f"expected the row of a control, but {control} is itself a test")
    return controls


def _n_control(sheet: _Sheet, row: int) -> int | None:
    value = sheet.rows[row]["n_control"]
    text = "" if value is None else str(value).strip()
    if text.lower() in ("", "none"):
        return None
    if not re.fullmatch(r"[0-9]+(\.0)?", text):  # a column with empty cells may hold 35.0
        raise sheet.mistake(row, "n_control", f"expected the whole number of a data row or none, found {text}")
    return int(text.removesuffix(".0"))


def _test(sheet: _Sheet, row: int) -> SuiteTest:
    concept = sheet.text(row, "concept")
    if concept.strip().lower() in ("", "none"):
        raise sheet.mistake(row, "concept", "expected the concept of a test, found none")
    category = sheet.text(row, "category").strip() or UNCATEGORISED
    try:
        return SuiteTest(concept=concept, prompt=_prompt(sheet, row), category=category)
    except ValidationError as error:
        found = error.errors()[0]
        raise sheet.mistake(row, str(found["loc"][0]), found["msg"].removeprefix("Value error, ")) from error


def _neutral_rows(sheet: _Sheet, controls: set[int], tests: set[int]) -> Iterator[tuple[int, int]]:
    """Yield control and neutral row of each template that has one control and a row that is in no pair."""
    templates = [sheet.text(row, "template_id").strip() for row in range(len(sheet.rows))]
    for row, template in enumerate(templates):
        if row in controls or row in tests or not template:
            continue
        candidates = [control for control in controls if templates[control] == template]
        if len(candidates) == 1:
            yield candidates[0], row
