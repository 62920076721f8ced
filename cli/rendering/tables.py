"""Prints tables so that no name, interval or verdict is cut, however narrow the terminal is."""

import textwrap
from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.measure import Measurement
from rich.text import Text

from cli.rendering.consoles import wide_console
from cli.rendering.output import DataTable

UNLIMITED = 100_000
NO_BREAK = "\u00a0"


def print_table(table: DataTable) -> None:
    """Prints a table; where it is too wide, with its headings on several lines, or else as a few lines for each row."""
    console = wide_console()
    if not console.is_terminal:
        console.width = max(console.width, _width(console, table))
    if _width(console, table) > console.width:
        for column in table.columns:
            cells = [line for cell in column.cells for line in str(cell).split("\n")]
            column.header = Text("\n".join(_heading_lines(str(column.header), cells)))
    if _width(console, table) <= console.width:
        console.print(table)
        return
    for line in _as_blocks(table, console.width):
        console.print(Text(line), soft_wrap=True)


def _width(console: Console, table: DataTable) -> int:
    return Measurement.get(console, console.options.update(width=UNLIMITED), table).maximum


def _heading_lines(heading: str, cells: Sequence[str]) -> list[str]:
    words = heading.split()
    return textwrap.wrap(" ".join(words), max(map(len, [*words, *cells]), default=1), break_long_words=False)


def _as_blocks(table: DataTable, width: int) -> Iterator[str]:
    """Lines of a table that has no room: its title, and each row with its first cell above the others."""
    if table.title:
        yield str(table.title)
    headings = [" ".join(str(column.header).split()) for column in table.columns]
    for head, *cells in zip(*([str(cell) for cell in column.cells] for column in table.columns), strict=True):
        yield head
        # A value stays on one line with its name.
        named = [f"{name} {cell}" for name, cell in zip(headings[1:], cells, strict=True) if cell]
        text = ", ".join(each.replace(" ", NO_BREAK) for each in named)
        for line in textwrap.wrap(text, width - 2, break_long_words=False, break_on_hyphens=False):
            yield f"  {line}".replace(NO_BREAK, " ")
