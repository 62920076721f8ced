"""The consoles that tables and progress bars are printed on."""

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn


def wide_console() -> Console:
    """A console that never folds a table where nobody looks: piped output is as wide as it needs to be."""
    console = Console(markup=False, highlight=False)
    return console if console.is_terminal else Console(markup=False, highlight=False, width=200)


def progress_bars() -> Progress:
    """Bars with counts and time, on stderr, so that what reads the output is not disturbed."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=Console(stderr=True))
