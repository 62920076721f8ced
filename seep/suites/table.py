"""Reads a table of prompts from an Excel sheet, a CSV file or JSON lines; knows nothing of what its columns mean."""

import csv
import io
import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import get_args

from seep.characters import HALF, whole_characters
from seep.errors import InputError
from seep.records import Ended
from seep.suites.json_texts import parse_json
from seep.suites.sheet import Sheet, Unreadable
from seep.text_files import read_text

READABLE = (".xlsx", ".csv", ".tsv", ".jsonl")
SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
# What spreadsheets show, and write into CSV files, in the place of a value that they could not compute: Excel in
# English, German, French, Spanish, Italian and Portuguese, Google's and LibreOffice's.
SHOWN_ERRORS = (
    "#N/A #NULL! #DIV/0! #VALUE! #REF! #NAME? #NUM! #SPILL! #CALC! #FIELD! #BLOCKED! #CONNECT! #UNKNOWN! "
    "#BUSY! #PYTHON! #EXTERNAL! #GETTING_DATA #ERROR! #NV #WERT! #BEZUG! #ZAHL! #ÜBERLAUF! #VALEUR! #NOM? "
    "#NOMBRE! #NUL! #¡VALOR! #¡REF! #¿NOMBRE? #¡NUM! #¡DIV/0! #¡NULO! #N/D #VALORE! #RIF! #NOME? #VALOR!"
)
ERRORS = frozenset(SHOWN_ERRORS.split())
ERROR_NUMBER = re.compile(r"Err:[0-9]{3}")
# What pandas writes where there is no value. "None", "NA" and "null" may be words of an answer.
NO_VALUES = frozenset({"nan", "NaN", "<NA>", "NaT"})
LIKE_NO_VALUE = frozenset({"none", "na", "n/a", "null", "nil", "nan", "<na>"})
# Excel's first line for the separator of a CSV file.
SEPARATOR_LINE = re.compile(r'"?sep=([^\w\s"])"?[^\S\n]*\r?\n|"?sep=(\t)"?[^\S\n]*\r?\n', re.IGNORECASE)
LONGEST_SHOWN = 40
ENDINGS: Mapping[str, Ended] = {ended: ended for ended in get_args(Ended)}


@dataclass(frozen=True)
class Table:
    """Cells by row and column name, rows from 0; `first_row` is the place of row 0 in the file's own count.

    `tells_none`: whether the file tells a cell without a value from an empty text. `notes` say what of the file was
    left out, or is taken though it cannot be seen.
    """

    path: Path
    place: str
    first_row: int
    rows: Sequence[Mapping[str, object]]
    columns: tuple[str, ...]
    tells_none: bool = False
    notes: tuple[str, ...] = ()

    def mistake(self, row: int, column: str, what: str) -> InputError:
        """The error that names the place of a cell; row -1 is the header."""
        return InputError(f"{self.place}, row {max(1, row + self.first_row)}, column {column}: {what}")

    def text(self, row: int, column: str) -> str:
        """The cell's text exactly as it is, a number as it is shown, an empty cell as ""."""
        text = self._any_text(row, column)
        if "\0" in text or HALF.search(text):
            raise self.mistake(row, column, "expected text without NUL characters and halves of characters")
        return text

    def generation(self, row: int, column: str) -> str:
        """The cell's text as an answer: half a character is mended; what the file says is none enters no rate."""
        if self.tells_none and self.rows[row].get(column) is None:
            raise self.mistake(row, column, 'expected text, found none; an empty answer is ""')
        return whole_characters(self._any_text(row, column))

    def _any_text(self, row: int, column: str) -> str:
        value = self.rows[row].get(column)
        if value is None or isinstance(value, str):
            return value or ""
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        if isinstance(value, float) and math.isfinite(value):
            return f"{value:.15g}"
        found = value.found if isinstance(value, Unreadable) else json.dumps(value)
        shown = found if len(found) <= 2 * LONGEST_SHOWN else f"{found[:LONGEST_SHOWN]}..."
        raise self.mistake(row, column, f"expected text, found {shown}")

    def endings(self, row: int) -> tuple[Ended, ...]:
        """How each answer of a row ended, by the columns `ended_1` and so on; an empty cell: it came to its own end.

        Empty where the table has no such column.
        """
        if not self.ended_columns:
            return ()
        return tuple(self._ending(row, name.replace("generation", "ended")) for name in self.generation_columns)

    def _ending(self, row: int, column: str) -> Ended:
        text = self.text(row, column).strip() or "stop"
        if text not in ENDINGS:
            raise self.mistake(row, column, f"expected one of {', '.join(ENDINGS)}, found {text[:LONGEST_SHOWN]}")
        return ENDINGS[text]

    @cached_property
    def ended_columns(self) -> list[str]:
        """Those of `ended_1` and so on that the table has beside an answer."""
        columns = set(self.columns)
        names = (name.replace("generation", "ended") for name in self.generation_columns)
        return [name for name in names if name in columns]

    @property
    def filled_rows(self) -> list[int]:
        """The rows with something in them: spreadsheets are written with empty ones between."""
        return [number for number, row in enumerate(self.rows) if any(not _is_empty(cell) for cell in row.values())]

    def lower_columns(self) -> "Table":
        """The same with its columns in lower case, so that `Prefix` is `prefix`."""
        rows = [{name.lower(): cell for name, cell in row.items()} for row in self.rows]
        return replace(self, rows=rows, columns=tuple(name.lower() for name in self.columns))

    @cached_property
    def generation_columns(self) -> list[str]:
        """`generation_1`, `generation_2` and so on, in the order of their numbers."""
        found = (name for name in self.columns if re.fullmatch(r"generation_[0-9]{1,6}", name))
        return sorted(found, key=lambda name: int(name.removeprefix("generation_")))


def _is_empty(cell: object) -> bool:
    return cell is None or (isinstance(cell, str) and not cell.strip())


def suite_name(path: Path) -> str:
    """What a suite is called that is made of this file."""
    return re.sub(r"[^a-z0-9]+", "-", path.stem.lower()).strip("-")[:40] or "imported"


def read_table(path: Path, sheet: str | None = None) -> Table:
    """Return the table in a .xlsx, .csv, .tsv or .jsonl file, without empty rows at its end.

    Of a workbook it is the sheet of this name, else the first that is not hidden. InputError names the file and what
    was expected.
    """
    kind = path.suffix.lower()
    if kind not in READABLE:
        raise InputError(f"{path}: expected a file in {', '.join(READABLE)}")
    if kind != ".xlsx" and sheet is not None:
        raise InputError(f"{path}: expected a workbook (.xlsx) with --sheet")
    if kind == ".jsonl":
        return _read_json_lines(path)
    if kind != ".xlsx":
        return _read_separated(path)
    # Only here, since openpyxl takes long to import.
    from seep.suites.xlsx import read_sheet

    try:
        return _of_sheet(path, read_sheet(path, sheet))
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error


def _of_sheet(path: Path, sheet: Sheet) -> Table:
    header = sheet.cells.get(1, {})
    names = {column: name.strip() for column, name in header.items() if isinstance(name, str) and name.strip()}
    place = f"{path}, sheet {sheet.name}"
    rows = {
        number: {names[column]: _value(cell) for column, cell in row.items() if column in names}
        for number, row in sheet.cells.items()
        if number > 1
    }
    last = max((number for number, row in rows.items() if row), default=1)
    for block in sheet.merged:
        taken = [names[column] for column in sorted(names) if block.min_col <= column <= block.max_col]
        if taken and block.min_row <= last:
            what = "expected a value in each cell, found merged cells"
            raise InputError(f"{place}, row {block.min_row}, column {taken[0]}: {what}")
    nothing: Mapping[str, object] = {}
    columns = tuple(names[column] for column in sorted(names))
    return Table(
        path, place, 2, [rows.get(number, nothing) for number in range(2, last + 1)], columns, notes=_notes(sheet, last)
    )


def _notes(sheet: Sheet, last: int) -> tuple[str, ...]:
    rows = sum(1 < row <= last for row in sheet.hidden_rows)
    names = [
        name
        for column, name in sorted(sheet.cells.get(1, {}).items())
        if isinstance(name, str) and any(first <= column <= until for first, until in sheet.hidden_columns)
    ]
    return tuple(
        note
        for note, is_so in (
            (f"sheet {sheet.name} is hidden, and taken as --sheet says", sheet.hidden),
            (f"sheets left out: {', '.join(sheet.others)}", sheet.others),
            (f"hidden rows taken too: {rows}", rows),
            (f"hidden columns taken too: {', '.join(names)}", names),
        )
        if is_so
    )


def _read_separated(path: Path) -> Table:
    text = read_text(path)
    said = SEPARATOR_LINE.match(text)
    text, first_row = (text[said.end() :], 3) if said else (text, 2)
    separator = said[1] or said[2] if said else _separator(text)
    words = SEPARATORS.get(separator, separator)
    try:
        lines = [
            [cell or None for cell in line]
            for line in csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
        ]
    except csv.Error as error:
        raise InputError(f"{path}: expected values separated by {words}: {error}") from error
    header, *rows = lines or [[]]
    if rows and not any(header):
        raise InputError(f"{path}, row {first_row - 1}: expected the names of the columns, found an empty line")
    for number, row in enumerate(rows, start=first_row):
        if len(row) not in (0, len(header)):
            found = f"expected {len(header)} cells, as the header has, found {len(row)}"
            raise InputError(f"{path}, row {number}: {found}, separated by {words}")
    while rows and not any(rows[-1]):
        rows.pop()
    names = tuple((name or "").strip() for name in header)
    table = [{name: _value(cell) for name, cell in zip(names, row, strict=False)} for row in rows]
    notes = () if separator == "," else (f"separated by {words}",)
    return Table(path, str(path), first_row, table, names, notes=notes)


def _separator(text: str) -> str:
    """The separator that the header has; a comma before all others, and where it has none."""
    header = re.sub(r'"[^"]*"', "", text.partition("\n")[0])
    found = [separator for separator in SEPARATORS if separator in header]
    return found[0] if found else ","


def _value(cell: object) -> object:
    if not isinstance(cell, str):
        return cell
    text = cell.strip()
    if text.upper() in ERRORS or ERROR_NUMBER.fullmatch(text):
        return Unreadable(f"the error {text}")
    return Unreadable(f"{text}, which stands for no value") if text in NO_VALUES else cell


def _read_json_lines(path: Path) -> Table:
    rows: list[Mapping[str, object]] = []
    for number, line in enumerate(read_text(path).rstrip().split("\n"), start=1):
        row = parse_json(line, f"{path}, row {number}")
        if not isinstance(row, dict):
            raise InputError(f"{path}, row {number}: expected a JSON object of named columns")
        rows.append(row)
    columns = tuple(dict.fromkeys(name for row in rows for name in row))
    return Table(path, str(path), 1, rows, columns, tells_none=True)
