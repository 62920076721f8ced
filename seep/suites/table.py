"""Reads a table of prompts from an Excel sheet, a CSV file or JSON lines; knows nothing of what its columns mean."""

import csv
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from seep.errors import InputError


@dataclass(frozen=True)
class Table:
    """Cells by row and column name, rows from 0; `first_row` is the place of row 0 in the file's own count.

    `tells_none`: whether the file tells a cell without a value from an empty text.
    """

    place: str
    first_row: int
    rows: tuple[Mapping[str, object], ...]
    columns: tuple[str, ...]
    tells_none: bool = False

    def mistake(self, row: int, column: str, what: str) -> InputError:
        """The error that names the place of a cell; row -1 is the header."""
        return InputError(f"{self.place}, row {max(1, row + self.first_row)}, column {column}: {what}")

    def text(self, row: int, column: str) -> str:
        """The cell's text exactly as it is, a number as Excel shows it, an empty cell as ""."""
        value = self.rows[row].get(column)
        if value is None or isinstance(value, str):
            return value or ""
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.mistake(row, column, f"expected text, found {value}")
        return f"{value:.15g}"

    def generation(self, row: int, column: str) -> str:
        """The cell's text as an answer: what the file says is none is a failed generation, which may enter no rate."""
        if self.tells_none and self.rows[row].get(column) is None:
            raise self.mistake(row, column, 'expected text, found none; an empty answer is ""')
        return self.text(row, column)

    @property
    def generation_columns(self) -> list[str]:
        """`generation_1`, `generation_2` and so on, in the order of their numbers."""
        return sorted((n for n in self.columns if re.fullmatch(r"generation_\d+", n)), key=lambda n: int(n[11:]))


def read_table(path: Path) -> Table:
    """Return the table in a .xlsx (its first sheet), .csv or .jsonl file, without empty rows at its end.

    InputError names the file and what was expected.
    """
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise InputError(f"{path}: expected a file in {', '.join(READERS)}")
    try:
        return reader(path)
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: expected text in UTF-8") from error


def _read_excel(path: Path) -> Table:
    # Not above: every command would wait for it, and one needs it.
    from openpyxl import load_workbook

    try:
        with path.open("rb") as file:
            worksheets = load_workbook(file).worksheets
    except OSError:
        raise
    except Exception as error:  # the library raises whatever its parsing trips over
        raise InputError(f"{path}: expected an Excel workbook (.xlsx): {' '.join(str(error).split())}") from error
    if not worksheets:
        raise InputError(f"{path}: expected a workbook with a sheet")
    return _with_header(f"{path}, sheet {worksheets[0].title}", worksheets[0].iter_rows(values_only=True))


def _read_csv(path: Path) -> Table:
    with path.open(encoding="utf-8-sig", newline="") as file:
        try:
            rows = [[cell or None for cell in row] for row in csv.reader(file, strict=True)]
        except csv.Error as error:
            raise InputError(f"{path}: expected comma-separated values: {error}") from error
    width = len(rows[0]) if rows else 0
    for number, row in enumerate(rows, start=1):
        if len(row) > width:
            raise InputError(f"{path}, row {number}: expected {width} cells, as the header has, found {len(row)}")
    return _with_header(str(path), ([*row, *[None] * (width - len(row))] for row in rows))


def _read_json_lines(path: Path) -> Table:
    rows: list[Mapping[str, object]] = []
    for number, line in enumerate(path.read_text(encoding="utf-8-sig").rstrip().split("\n"), start=1):
        try:
            row = json.loads(line)
        except json.JSONDecodeError as error:
            raise InputError(f"{path}, row {number}: expected a JSON object: {error.msg}") from error
        if not isinstance(row, dict):
            raise InputError(f"{path}, row {number}: expected a JSON object of named columns")
        rows.append(row)
    columns = tuple(dict.fromkeys(name for row in rows for name in row))
    return Table(str(path), 1, tuple(rows), columns, tells_none=True)


def _with_header(place: str, lines: Iterable[Sequence[object]]) -> Table:
    header, *rows = list(lines) or [()]
    while rows and not any(value is not None for value in rows[-1]):
        rows.pop()
    names = tuple("" if name is None else str(name).strip() for name in header)
    return Table(place, 2, tuple(dict(zip(names, values, strict=True)) for values in rows), names)


READERS: Mapping[str, Callable[[Path], Table]] = {
    ".xlsx": _read_excel,
    ".csv": _read_csv,
    ".jsonl": _read_json_lines,
}
