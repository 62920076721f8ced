"""The command that writes the rates of runs for other tools."""

import time
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from cli.arguments import RUN_HELP, PoolOption, pools_of
from cli.database import open_database
from cli.lookups import find_run
from cli.rendering.output import echo, echo_content
from results.runs import RunSummary
from results.storage import rates
from seep.errors import InputError
from seep.records import LeakRate
from seep.settings import load_settings
from seep.suites.writing import write_files


class Format(StrEnum):
    """What a file of rates may be."""

    CSV = "csv"
    JSON_LINES = "jsonl"
    PARQUET = "parquet"
    MARKDOWN = "markdown"
    LATEX = "latex"
    EVERY_EVAL_EVER = "eee"


class Tool(StrEnum):
    """Who may be given rates."""

    MLFLOW = "mlflow"


ENDINGS = {
    ".csv": Format.CSV,
    ".jsonl": Format.JSON_LINES,
    ".parquet": Format.PARQUET,
    ".md": Format.MARKDOWN,
    ".tex": Format.LATEX,
}
FORMAT_HELP = "As --out ends, else csv; eee is a record of Every Eval Ever."


def export(
    run_ids: Annotated[list[str], typer.Argument(help=RUN_HELP, metavar="RUN...")],
    out: Annotated[Path | None, typer.Option(help="The file (default: print it).")] = None,
    form: Annotated[Format | None, typer.Option("--format", help=FORMAT_HELP)] = None,
    pool: PoolOption = None,
    to: Annotated[
        Tool | None, typer.Option(help="Send them there instead; the server is that of MLFLOW_TRACKING_URI.")
    ] = None,
) -> None:
    """Write the rates of runs for other tools: a table, a paper, or a record of Every Eval Ever.

    For example: seep export latest latest~1 --out rates.csv

    csv, jsonl and parquet have a row for each run, metric and category, with all that was measured, unrounded.
    markdown and latex have models by categories.
    """
    if to is not None and (out is not None or form is not None):
        raise InputError("--to: expected without --out and --format")
    chosen = form or ENDINGS.get(out.suffix if out else "", Format.CSV)
    if chosen is Format.PARQUET and out is None:
        raise InputError("--format parquet: it is no text; expected --out FILE")
    if chosen is Format.EVERY_EVAL_EVER and len(run_ids) > 1:
        raise InputError("--format eee: a record is of one run; expected one RUN")
    settings = load_settings()
    pools = pools_of(pool)
    with open_database(settings) as database, database.snapshot() as connection:
        runs = []
        for name in run_ids:
            summary = find_run(connection, name, settings)
            found = rates.of_run(connection, summary.run_id) + rates.of_pools(connection, summary.run_id, pools)
            runs.append((summary, found))
    if to is not None:
        try:
            from cli.exports import mlflow
        except ImportError as error:
            raise InputError("--to mlflow: needs httpx: pip install httpx") from error

        for line in mlflow.send(runs):
            echo(line)
        return
    content = _written(chosen, runs)
    if out is not None:
        write_files({out: content})
    elif isinstance(content, str):
        echo_content(content)


def _written(form: Format, runs: Sequence[tuple[RunSummary, Sequence[LeakRate]]]) -> str | bytes:
    from cli.exports import every_eval_ever, papers, rows

    if form is Format.MARKDOWN:
        return papers.as_markdown(runs)
    if form is Format.LATEX:
        return papers.as_latex(runs)
    if form is Format.EVERY_EVAL_EVER:
        return every_eval_ever.as_record(*runs[0], time.time())
    table = rows.rows_of(runs)
    if form is Format.PARQUET:
        return rows.as_parquet(table)
    return rows.as_csv(table) if form is Format.CSV else rows.as_json_lines(table)
