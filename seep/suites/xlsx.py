"""Reads the cells of an Excel workbook (.xlsx) as Excel shows them, in memory that its unpacked size bounds.

openpyxl is not used: in bounded memory it keeps no trace of what has to be refused or told here, as formulas without a
value, hidden rows and merged cells, and it cannot tell an escape from a text that looks like one.
"""

import re
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple
from xml.parsers import expat
from zipfile import BadZipFile, ZipFile

from seep.errors import InputError
from seep.suites.number_formats import shown
from seep.suites.xlsx_parts import Entry, Event, entries, events, formats, related, strings, unescaped

ROWS, COLUMNS = 1_048_576, 16_384
YES = ("1", "true")
PLACE = re.compile(r"([A-Z]{1,3})([1-9][0-9]{0,6})")
# What reading a damaged archive or document may raise.
DAMAGES = (BadZipFile, RuntimeError, EOFError, zlib.error, expat.ExpatError, KeyError, IndexError, ValueError)


@dataclass(frozen=True)
class Unreadable:
    """A cell whose text nobody can tell: what was found in it."""

    found: str


Cell = str | Unreadable


@dataclass(frozen=True)
class Range:
    """A block of cells: first and last row and column, from 1."""

    top: int
    left: int
    bottom: int
    right: int


@dataclass(frozen=True)
class Sheet:
    """A sheet's cells by row and column, from 1, and what of them cannot be seen or is merged."""

    name: str
    hidden: bool
    others: tuple[str, ...]
    cells: dict[int, dict[int, Cell]]
    hidden_rows: list[int]
    hidden_columns: list[tuple[int, int]]
    merged: list[Range]


def read_sheet(path: Path, name: str | None) -> Sheet:
    """Return the sheet of this name, else the first that is not hidden.

    InputError names the file and what was expected.
    """
    try:
        with path.open("rb") as file, ZipFile(file) as archive:
            return _sheet(archive, path, name)
    except DAMAGES as error:
        reason = " ".join(str(error).split())
        raise InputError(f"{path}: expected an Excel workbook (.xlsx): {reason}") from error


def _sheet(archive: ZipFile, path: Path, name: str | None) -> Sheet:
    book = next(iter(related(archive, "", "/officeDocument")), None)
    if book is None:
        raise ValueError("there is no workbook in it")
    listed, from_1904 = entries(archive, book)
    entry = _chosen(listed, path, name)
    shared = [text for part in related(archive, book, "/sharedStrings") for text in strings(archive, part)]
    codes = [code for part in related(archive, book, "/styles") for code in formats(archive, part)]
    others = tuple(f"{other.name}{' (hidden)' if other.hidden else ''}" for other in listed if other != entry)
    sheet = Sheet(entry.name, entry.hidden, others, {}, [], [], [])
    for found in _found(archive, entry.part):
        match found:
            case _Content():
                _add(sheet.cells, found, _shown(found, shared, codes, from_1904))
            case Range():
                sheet.merged.append(found)
            case _HiddenRow(row):
                sheet.hidden_rows.append(row)
            case _HiddenColumns(first, last):
                sheet.hidden_columns.append((first, last))
    return sheet


def _add(cells: dict[int, dict[int, Cell]], content: "_Content", value: Cell | None) -> None:
    if value and cells.setdefault(content.row, {}).setdefault(content.column, value) is not value:
        raise ValueError(f"two cells in row {content.row}, column {content.column}")


def _chosen(listed: Sequence[Entry], path: Path, name: str | None) -> Entry:
    wanted = [entry for entry in listed if (not entry.hidden if name is None else entry.name == name)]
    if wanted:
        return wanted[0]
    names = ", ".join(entry.name for entry in listed) or "none"
    if name is None:
        raise InputError(f"{path}: expected a sheet that is not hidden; --sheet NAME takes a hidden one: {names}")
    raise InputError(f"{path}: expected a sheet {name}, found {names}")


class _Content(NamedTuple):
    """A cell as it is written; `text` is None where it has no value."""

    row: int
    column: int
    kind: str
    style: int
    is_formula: bool
    text: str | None


class _HiddenRow(NamedTuple):
    row: int


class _HiddenColumns(NamedTuple):
    first: int
    last: int


def _found(archive: ZipFile, part: str) -> Iterator[_Content | _HiddenRow | _HiddenColumns | Range]:
    """The cells of a sheet, and what of it is hidden or merged, in the order of the document."""
    row = column = style = 0
    kind, is_formula = "n", False
    texts: list[str] | None = None
    for event in events(archive, part):
        match event.kind, event.name:
            case "start", "row":
                row, column = int(event.attributes.get("r", row + 1)), 0
                if event.attributes.get("hidden") in YES:
                    yield _HiddenRow(row)
            case "start", "c":
                row, column = _placed(event.attributes.get("r"), row, column)
                kind, style = event.attributes.get("t", "n"), int(event.attributes.get("s", "0"))
                is_formula, texts = False, None
            case "start", "f":
                is_formula = True
            case "start", "v" | "t":
                texts = texts or []
            case "text", "v" | "t" if texts is not None:
                texts.append(event.text)
            case "end", "c" if is_formula or texts:
                yield _Content(row, column, kind, style, is_formula, None if texts is None else "".join(texts))
            case "start", "col" | "mergeCell":
                yield from _layout(event)


def _layout(event: Event) -> Iterator[_HiddenColumns | Range]:
    if event.name == "col" and event.attributes.get("hidden") in YES:
        yield _HiddenColumns(int(event.attributes["min"]), int(event.attributes["max"]))
    if event.name == "mergeCell":
        first, _, last = event.attributes["ref"].partition(":")
        yield Range(*_placed(first), *_placed(last or first))


def _placed(reference: str | None, row: int = 0, column: int = 0) -> tuple[int, int]:
    """Row and column, from 1, of a reference as B12; without one those of the cell after the last."""
    if reference is None:
        row, column = row, column + 1
    else:
        found = PLACE.fullmatch(reference)
        if found is None:
            raise ValueError(f"a cell {reference[:20]}, which no sheet has")
        row, column = int(found[2]), 0
        for letter in found[1]:
            column = 26 * column + ord(letter) - ord("A") + 1
    if row > ROWS or column > COLUMNS:
        raise ValueError(f"a cell in row {row}, column {column}, which no sheet has")
    return row, column


def _shown(cell: _Content, shared: Sequence[str], codes: Sequence[str | None], from_1904: bool) -> Cell | None:
    """What Excel shows; None for an empty cell."""
    # Only a formula's text may be empty and a value all the same.
    if cell.is_formula and (cell.text is None or (not cell.text and cell.kind != "str")):
        return Unreadable("a formula without a value: open the file in Excel and save it")
    if not cell.text:
        return None
    match cell.kind:
        case "s":
            return shared[int(cell.text)]
        case "str" | "inlineStr":
            return unescaped(cell.text)
        case "b":
            return Unreadable("TRUE" if cell.text == "1" else "FALSE")
        case "e":
            return Unreadable(f"the error {cell.text}")
        case "n":
            code = codes[cell.style] if codes else "General"
            text = None if code is None else shown(cell.text, code, from_1904=from_1904)
            return text or Unreadable(f"{cell.text[:40]}, in a format that is not known here: make the cell a text")
    return Unreadable(f"{cell.text[:40]}, a date: make the cell a text")
