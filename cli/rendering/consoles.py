"""The consoles that tables and progress bars are printed on."""

import io
import os
import sys
from typing import TYPE_CHECKING

from rich.console import Console

if TYPE_CHECKING:
    from rich.progress import Progress


def forgive_encoding() -> None:
    """Has the output escape what its encoding cannot say, so that no command fails for it."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def can_show_boxes() -> bool:
    """Whether the terminal may be trusted to show lines of boxes; of an encoding without them `rich` knows itself."""
    # Where LANG says C, Python itself sets LC_CTYPE so, to write UTF-8 all the same.
    names = (os.environ.get(name, "") for name in ("LC_ALL", "LC_CTYPE", "LANG"))
    locale = next((name for name in names if name not in ("", "C.UTF-8")), "utf-8")
    return os.environ.get("TERM") != "dumb" and "utf" in locale.lower()


def wide_console() -> Console:
    """A console that never folds a table where nobody looks: piped output is as wide as it needs to be."""
    console = Console(markup=False, highlight=False)
    return console if console.is_terminal else Console(markup=False, highlight=False, width=200)


def progress_bars() -> "Progress":
    """Bars with counts and time, on stderr, so that what reads the output is not disturbed."""
    # Every command loads this module, and few of them draw bars.
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    bars = [BarColumn()] if can_show_boxes() else []
    columns = (TextColumn("{task.description}", markup=False), *bars, MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=Console(stderr=True))
