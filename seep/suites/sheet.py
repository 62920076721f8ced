"""A sheet of a workbook as Excel shows it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from openpyxl.worksheet.cell_range import CellRange


@dataclass(frozen=True)
class Unreadable:
    """A cell whose text nobody can tell: what was found in it."""

    found: str


Cell = str | Unreadable


@dataclass(frozen=True)
class Sheet:
    """A sheet's cells by row and column, from 1, and what of them cannot be seen or is merged."""

    name: str
    hidden: bool
    others: tuple[str, ...]
    cells: Mapping[int, Mapping[int, Cell]]
    hidden_rows: Sequence[int]
    hidden_columns: Sequence[tuple[int, int]]
    merged: Sequence["CellRange"]
