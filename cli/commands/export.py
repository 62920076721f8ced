"""The command that writes the rates of runs for other tools."""

import time
from collections.abc import Iterator, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from cli.arguments import RUN_HELP, PoolOption, pools_of
from cli.database import open_database
from cli.lookups import find_run
from cli.rendering.output import echo, echo_content
from results.runs import RunSummary
from results.storage import comparisons, rates
from results.storage.database import Connection
from results.sums import Comparison, Place
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
    INSPECT = "inspect"


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
OF_ONE_RUN = {Format.EVERY_EVAL_EVER: "a record", Format.INSPECT: "a log"}
FORMAT_HELP = "As --out ends, else csv; eee is a record of Every Eval Ever, inspect a log of inspect_ai."
PAGE = 2000


def export(
    run_ids: Annotated[list[str], typer.Argument(help=RUN_HELP, metavar="RUN...")],
    out: Annotated[Path | None, typer.Option(help="The file (default: print it).")] = None,
    form: Annotated[Format | None, typer.Option("--format", help=FORMAT_HELP)] = None,
    pool: PoolOption = None,
    to: Annotated[
        Tool | None, typer.Option(help="Send them there instead; the server is that of MLFLOW_TRACKING_URI.")
    ] = None,
) -> None:
    """Write the rates of runs for other tools: a table, a paper, Every Eval Ever, or a log of inspect_ai.

    For example: seep export latest latest~1 --out rates.csv

    csv, jsonl and parquet have a row for each run, metric and category, with all that was measured, unrounded.
    markdown and latex have models by categories. A log of inspect_ai has the answers, too.
    """
    if to is not None and (out is not None or form is not None):
        raise InputError("--to: expected without --out and --format")
    chosen = form or _format_of(out)
    _check_name(chosen, out)
    if chosen in OF_ONE_RUN and len(run_ids) > 1:
        raise InputError(f"--format {chosen}: {OF_ONE_RUN[chosen]} is of one run; expected one RUN")
    settings = load_settings()
    pools = pools_of(pool)
    said: list[Comparison] = []
    with open_database(settings) as database, database.snapshot() as connection:
        runs = []
        for name in run_ids:
            summary = find_run(connection, name, settings)
            found = rates.of_run(connection, summary.run_id) + rates.of_pools(connection, summary.run_id, pools)
            runs.append((summary, found))
        if chosen is Format.INSPECT:
            said = list(_comparisons(connection, runs[0][0].run_id))
    if to is not None:
        try:
            from cli.exports import mlflow
        except ImportError as error:
            raise InputError("--to mlflow: needs httpx: pip install httpx") from error

        for line in mlflow.send(runs):
            echo(line)
        return
    content = _written(chosen, runs, said)
    if out is not None:
        write_files({out: content})
    elif isinstance(content, str):
        echo_content(content)


def _check_name(form: Format, out: Path | None) -> None:
    if form is Format.PARQUET and out is None:
        raise InputError("--format parquet: it is no text; expected --out FILE")
    if form is Format.INSPECT and out is not None and out.suffix != ".json":
        # inspect_ai goes by the ending, and takes .eval for an archive.
        raise InputError(f"--out {out}: expected a name that ends in .json, which inspect_ai reads as such a log")


def _format_of(out: Path | None) -> Format:
    """As the file's name ends; raises InputError for another ending, under which nobody looks for a table of text."""
    if out is None:
        return Format.CSV
    if out.suffix not in ENDINGS:
        raise InputError(f"--out {out}: expected a name that ends in {', '.join(ENDINGS)}, or --format")
    return ENDINGS[out.suffix]


def _comparisons(connection: Connection, run_id: str) -> Iterator[Comparison]:
    """All of a run, with their texts."""
    after: Place | None = None
    while found := comparisons.page(connection, run_id, limit=PAGE, after=after):
        yield from found
        last = found[-1]
        after = Place(last.sample, last.job_id, last.test, last.category)


def _written(
    form: Format, runs: Sequence[tuple[RunSummary, Sequence[LeakRate]]], said: Sequence[Comparison]
) -> str | bytes:
    from cli.exports import every_eval_ever, inspect_log, papers, rows

    if form is Format.INSPECT:
        return inspect_log.as_log(*runs[0], said)
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
