"""Reads the cells of an Excel workbook (.xlsx) as Excel shows them, by openpyxl, in memory that is bounded here."""

import warnings
from collections.abc import Mapping, Set
from contextlib import suppress
from datetime import date, time, timedelta
from pathlib import Path
from typing import IO, Any
from xml.parsers import expat
from zipfile import ZipFile

from openpyxl import Workbook, load_workbook
from openpyxl.styles.numbers import is_date_format
from openpyxl.utils.datetime import CALENDAR_MAC_1904, to_excel
from openpyxl.utils.escape import unescape
from openpyxl.worksheet.cell_range import CellRange
from openpyxl.worksheet.worksheet import Worksheet

from seep.characters import joined_characters
from seep.errors import InputError
from seep.suites.number_formats import BUILT_IN, shown
from seep.suites.sheet import Cell, Sheet, Unreadable

ROWS, COLUMNS = 1_048_576, 16_384
LARGEST = 256 << 20
OLD = bytes.fromhex("d0cf11e0a1b11ae1")
MOST_ELEMENTS = 2_000_000
# openpyxl makes a cell of each place that such an element refers to.
RANGES = ("mergeCell", "hyperlink", "comment")
# The first number of the formats that a workbook defines for itself.
OWN_FORMATS = 164
Place = tuple[int, int]


def read_sheet(path: Path, name: str | None) -> Sheet:
    """Return the sheet of this name, else the first that is not hidden.

    InputError names the file and what was expected; OSError where it cannot be opened.
    """
    with path.open("rb") as file:
        try:
            _refuse_old(file)
            with ZipFile(file) as archive:
                _refuse_unbounded(archive)
            # openpyxl keeps a formula or its value, not both, so that one without a value looks like an empty cell.
            formulas = {sheet.title: _formulas(sheet) for sheet in _loaded(file, data_only=False).worksheets}
            book = _loaded(file, data_only=True)
            chosen = _chosen(book, path, name)
            return _sheet(book, chosen, formulas[chosen.title])
        except InputError:
            raise
        except Exception as error:  # of a damaged file openpyxl raises whatever came up
            reason = " ".join(str(error.__cause__ or error).split())
            raise InputError(f"{path}: expected an Excel workbook (.xlsx): {reason}") from error


def _refuse_old(file: IO[bytes]) -> None:
    """Refuse the container of old workbooks, and of those with a password; ValueError says what to do."""
    if file.read(len(OLD)) == OLD:
        raise ValueError("it has a password or is an old .xls: save it as .xlsx without a password")


def _refuse_unbounded(archive: ZipFile) -> None:
    """Refuse what openpyxl would unpack, or make cells of, beyond measure; ValueError says what."""
    if sum(part.file_size for part in archive.infolist()) > LARGEST:
        raise ValueError(f"unpacked it has more than {LARGEST >> 20} MiB")
    count = 0

    def start(name: str, attributes: Mapping[str, str]) -> None:
        nonlocal count
        count += 1
        if name.endswith(RANGES) and "ref" in attributes:
            size = CellRange(attributes["ref"]).size
            count += size["rows"] * size["columns"]
        if count > MOST_ELEMENTS:
            raise ValueError(f"cells and other elements: expected at most {MOST_ELEMENTS}")

    def doctype(*declared: object) -> None:
        raise ValueError("a document type, which no workbook has")

    for part in archive.infolist():
        parser = expat.ParserCreate()
        parser.StartElementHandler, parser.StartDoctypeDeclHandler = start, doctype
        # Pictures are no XML. Where a document breaks off, openpyxl breaks off too.
        with archive.open(part) as stream, suppress(expat.ExpatError):
            parser.ParseFile(stream)


def _loaded(file: IO[bytes], *, data_only: bool) -> Workbook:
    with warnings.catch_warnings():
        # They tell what would be lost if the workbook were written again.
        warnings.simplefilter("ignore")
        book = load_workbook(file, data_only=data_only, keep_links=False)
    if not book.worksheets:
        raise ValueError("there is no sheet in it")
    if any(sheet.max_row > ROWS or sheet.max_column > COLUMNS for sheet in book.worksheets):
        raise ValueError("a cell beyond the last row or column that a sheet has")
    return book


def _existing(sheet: Worksheet) -> Mapping[Place, Any]:
    """The cells that are in the file; all else that openpyxl offers makes a cell of every place up to the last."""
    return sheet._cells


def _formulas(sheet: Worksheet) -> Set[Place]:
    return {place for place, cell in _existing(sheet).items() if cell.data_type == "f"}


def _chosen(book: Workbook, path: Path, name: str | None) -> Worksheet:
    for sheet in book.worksheets:
        if sheet.sheet_state == "visible" if name is None else sheet.title == name:
            return sheet
    names = ", ".join(sheet.title for sheet in book.worksheets)
    if name is None:
        raise InputError(f"{path}: expected a sheet that is not hidden; --sheet NAME takes a hidden one: {names}")
    raise InputError(f"{path}: expected a sheet {name}, found {names}")


def _sheet(book: Workbook, sheet: Worksheet, formulas: Set[Place]) -> Sheet:
    cells: dict[int, dict[int, Cell]] = {}
    for (row, column), cell in _existing(sheet).items():
        value = _shown(cell, is_formula=(row, column) in formulas)
        if value:
            cells.setdefault(row, {})[column] = value
    others = (other for other in book.worksheets if other is not sheet)
    return Sheet(
        name=sheet.title,
        hidden=_is_hidden(sheet),
        others=tuple(f"{other.title}{' (hidden)' if _is_hidden(other) else ''}" for other in others),
        cells=cells,
        hidden_rows=[number for number, row in sheet.row_dimensions.items() if row.hidden],
        hidden_columns=[(group.min or 0, group.max or 0) for group in sheet.column_dimensions.values() if group.hidden],
        merged=sorted(sheet.merged_cells.ranges, key=lambda block: (block.min_row, block.min_col)),
    )


def _is_hidden(sheet: Worksheet) -> bool:
    return bool(sheet.sheet_state != "visible")


def _shown(cell: Any, *, is_formula: bool) -> Cell | None:
    """What Excel shows; None for an empty cell."""
    if cell.value is None:
        # Only a formula's text may be empty and a value all the same.
        without = is_formula and cell.data_type != "str"
        return Unreadable("a formula without a value: open the file in Excel and save it") if without else None
    match cell.data_type:
        case "s":
            return _unescaped(cell.value)
        case "b":
            return Unreadable("TRUE" if cell.value else "FALSE")
        case "e":
            return Unreadable(f"the error {cell.value}")
    return _number(cell)


def _number(cell: Any) -> Cell:
    number, book = cell.value, cell.parent.parent
    # By its number: of what depends on the region that Excel is set to, openpyxl tells a format all the same.
    style = cell._style.numFmtId
    code = cell.number_format if style >= OWN_FORMATS else BUILT_IN.get(style)
    if isinstance(number, date | time | timedelta):
        number = to_excel(number, book.epoch)  # type: ignore[no-untyped-call]
        # Written as a date, not as a number of days; what Excel shows of it in another format nobody says.
        code = code if is_date_format(code) else None
    written = f"{number:.15g}" if isinstance(number, float) else str(number)
    text = None if code is None else shown(written, code, from_1904=book.epoch == CALENDAR_MAC_1904)
    return text or Unreadable(f"{written[:40]}, in a format that is not known here: make the cell a text")


def _unescaped(text: str) -> str:
    """The text with what XML cannot hold in its place, and with line breaks as Unix has them."""
    # Half a character is written as such an escape too; two halves make one.
    text = joined_characters(unescape(text))
    return text.replace("\r\n", "\n").replace("\r", "\n")
