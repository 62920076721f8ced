"""The command that shows several runs in one table."""

from dataclasses import asdict
from typing import Annotated

import typer

from cli import exit_codes
from cli.arguments import RUN_HELP, JsonOption, PoolOption, pools_of
from cli.database import open_database
from cli.lookups import find_run
from cli.rendering.output import echo_json
from cli.rendering.side_by_side import print_side_by_side
from results.comparison import refuse_incomparable
from results.statistics.verdicts import DELTA_POINTS
from results.storage.side_by_side import table_rows
from seep.errors import InputError
from seep.settings import load_settings


def table(
    run_ids: Annotated[
        list[str], typer.Argument(help=f"{RUN_HELP} The others are compared with the first.", metavar="RUN...")
    ],
    pool: PoolOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the rates of several runs side by side, model by model, and how far each is from the first.

    For example: seep table base tuned larger --pool 1,2

    Exit code 0, whatever the differences; 4 if nothing is measured.
    """
    settings = load_settings()
    pools = pools_of(pool)
    with open_database(settings) as database, database.snapshot() as connection:
        summaries = [find_run(connection, run_id, settings) for run_id in run_ids]
        ids = [summary.run_id for summary in summaries]
        if len(set(ids)) < len(ids):
            raise InputError(f"runs {', '.join(ids)}: expected each once")
        for summary in summaries:
            refuse_incomparable(summary)
        rows = table_rows(connection, summaries, pools, DELTA_POINTS)
    if as_json:
        echo_json(rows, default=asdict)
    else:
        print_side_by_side(summaries, rows)
    if not any(row.rate.rate is not None for row in rows):
        raise typer.Exit(exit_codes.NOT_MEASURED)
