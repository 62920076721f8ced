"""The help of all commands, in the form in which Typer prints the others: its own imports a Markdown parser first."""

from collections.abc import Iterable, Mapping

from rich import box
from rich.console import Console
from rich.padding import Padding
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

Lines = Iterable[tuple[str, str]]


def print_help(usage: str, text: str, panels: Mapping[str, Lines]) -> None:
    """Prints a usage line, what it is for, and a panel of names and meanings under each title."""
    console = Console(highlight=False)
    console.print(Padding(Text(usage, style="bold"), 1))
    console.print(Padding(Text(text), (0, 1, 1, 1)))
    widest = max(len(name) for lines in panels.values() for name, _ in lines)
    for title, lines in panels.items():
        table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 1, 0, 0), expand=True)
        table.add_column(style="bold cyan", width=widest + 1, no_wrap=True)
        table.add_column(ratio=1)
        for name, meaning in lines:
            table.add_row(Text(name), Text(meaning))
        console.print(Panel(table, title=title, title_align="left", border_style="dim", box=box.ROUNDED))
