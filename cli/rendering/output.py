"""The one way from data to the terminal: names and texts of others are data, and stay on their line."""

import json
import sys
from collections.abc import Callable
from typing import Any

import typer
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from results.statistics.level import LEVEL
from seep.characters import UNSEEN, visible
from seep.shares import beside


def counted(number: int, noun: str) -> str:
    """How many there are of what a regular noun names."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def p_value(p: float, digits: int = 4) -> str:
    """A p-value with so many decimals, more just below 0.05: never 0, which no p-value is."""
    least = 10.0**-digits
    return f"<{least:.{digits}f}" if p < least else beside(p, LEVEL, digits)


def echo(line: object = "", *, err: bool = False) -> None:
    """Prints one line, with escapes for what a terminal would obey; on stderr where what reads the output is not to be
    disturbed."""
    typer.echo(visible(str(line)), err=err)


def echo_json(value: object, default: Callable[[Any], object] | None = None, *, ascii_only: bool = True) -> None:
    """Prints a value as JSON that holds no control character and no mark that turns the direction of writing."""
    text = json.dumps(value, indent=1, ensure_ascii=ascii_only, default=default)
    for line in text.split("\n"):
        typer.echo(UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", line))


def echo_content(content: str) -> None:
    """Prints the content of a file: to another program as it is, to a terminal line by line as `echo` does."""
    if not sys.stdout.isatty():
        # With `color`, which takes nothing out.
        typer.echo(content, nl=False, color=True)
        return
    for line in content.split("\n")[: -1 if content.endswith("\n") else None]:
        echo(line)


class DataTable(Table):
    """A table whose headings, cells and title are plain text on one line."""

    def __init__(self, *headings: str, title: str | None = None, pad_edge: bool = True) -> None:
        shown = None if title is None else Text(visible(title))
        super().__init__(box=None, title=shown, title_justify="left", pad_edge=pad_edge)
        for heading in headings:
            self.add_column(heading)

    def add_column(self, header: RenderableType = "", *args: Any, **how: Any) -> None:
        """A column under this heading."""
        super().add_column(_plain(header), *args, **how)

    def add_row(self, *cells: RenderableType | None, **how: Any) -> None:
        """A row of these cells."""
        super().add_row(*map(_plain, cells), **how)


def _plain(cell: RenderableType | None) -> RenderableType:
    """A cell's text without markup; what is a Text already keeps its style."""
    if isinstance(cell, Text):
        cell.plain = visible(cell.plain)
        return cell
    return Text(visible(cell)) if isinstance(cell, str) else cell or ""
