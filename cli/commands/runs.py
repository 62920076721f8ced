"""The command that lists runs."""

from dataclasses import asdict
from typing import Annotated

import typer

from cli.arguments import JsonOption
from cli.database import announce_database, open_database
from cli.rendering.output import DataTable, echo, echo_json
from cli.rendering.tables import print_table
from cli.times import format_time
from results.runs import RunState
from results.storage import runs as kept_runs
from seep.settings import Settings, load_settings


def runs(
    limit: Annotated[int, typer.Option(min=1, help="How many, the newest first.")] = 20,
    target: Annotated[str | None, typer.Option(help="Only this target's.")] = None,
    suite: Annotated[str | None, typer.Option(help="Only of the suite of this name.")] = None,
    monitor: Annotated[str | None, typer.Option(help="Only this monitor's.")] = None,
    label: Annotated[str | None, typer.Option(help="Only with this label.")] = None,
    state: Annotated[RunState | None, typer.Option(help="Only in this state.")] = None,
    text: Annotated[
        str | None, typer.Option(help="Only with this in its id, target, suite, monitor or labels.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """List the latest runs with their states."""
    settings = load_settings()
    stalled_after = settings.aggregation.stalled_after_seconds
    filters = {"target": target, "suite": suite, "monitor": monitor, "label": label, "text": text}
    with open_database(settings) as database, database.snapshot() as connection:
        found = kept_runs.newest(connection, limit, stalled_after, state=state, since=None, until=None, **filters)
    if as_json:
        echo_json([asdict(summary) for summary in found])
        return
    if not found:
        _say_that_there_is_none(settings, filtered=state is not None or any(filters.values()))
        return
    labelled = ["labels"] if any(summary.labels for summary in found) else []
    table = DataTable("run", "target", "suite", "state", "jobs", "dead", "missing", "sent", *labelled)
    for summary in found:
        jobs = f"{summary.recorded}/{'?' if summary.job_count is None else summary.job_count}"
        named = [summary.run_id, summary.target, summary.suite, summary.state + (" (mixed)" if summary.mixed else "")]
        counts = [jobs, str(summary.dead), str(summary.missing)]
        labels = [", ".join(summary.labels) for _ in labelled]
        table.add_row(*named, *counts, format_time(summary.created_at), *labels)
    print_table(table)
    for summary in found:
        if summary.reason:
            echo(f"{summary.run_id} ended early: {summary.reason}")


def _say_that_there_is_none(settings: Settings, *, filtered: bool) -> None:
    announce_database(settings)
    echo("no run is like that" if filtered else "no runs yet; seep run SUITE --target TARGET makes one", err=True)
