"""The command that deletes what is kept for a time only."""

import typer

from cli.database import open_database
from cli.rendering.output import counted, echo
from results.storage.comparisons import delete_texts
from seep.settings import load_settings

retention_app = typer.Typer(help="Delete texts that are older than configured.", no_args_is_help=True)


@retention_app.callback()
def _retention() -> None:
    """Delete texts that are older than configured."""


@retention_app.command("apply")
def apply_retention() -> None:
    """Delete prompts and generations of runs older than retention.texts_days; rates stay. Safe to run again."""
    settings = load_settings()
    runs = comparisons = 0
    with open_database(settings) as database:
        for _, deleted in delete_texts(database, settings.retention.texts_days):
            runs += 1
            comparisons += deleted
    echo(f"deleted the texts of {counted(runs, 'run')}, {counted(comparisons, 'comparison')}")
