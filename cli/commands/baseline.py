"""The commands about baselines: the runs that others are compared with, by name."""

import re
from dataclasses import asdict
from typing import Annotated

import typer

from cli.arguments import JsonOption
from cli.database import open_database
from cli.lookups import check_monitor, find_baseline, find_run, find_run_id
from cli.rendering.output import DataTable, echo, echo_json
from cli.rendering.rates import print_rates
from cli.rendering.tables import print_table
from cli.times import format_time
from results.baselines import weaknesses
from results.comparison import differences, refuse_incomparable
from results.storage import baselines, dead_jobs, rates
from results.storage import runs as kept_runs
from results.storage.database import Connection
from seep.errors import InputError
from seep.settings import Settings, load_settings

baseline_app = typer.Typer(help="Name the runs that others are compared with.", no_args_is_help=True)

NameArgument = Annotated[str, typer.Argument(help="The baseline's name.", metavar="NAME")]


@baseline_app.command("set")
def set_baseline(
    runs: Annotated[
        list[str] | None,
        typer.Argument(help="One finished run, or several of one state of the model.", metavar="RUN..."),
    ] = None,
    name: Annotated[
        str | None, typer.Option(help="The baseline's name: a-z, 0-9 and -, at most 40 (default: the monitor's).")
    ] = None,
    monitor: Annotated[str | None, typer.Option(help="Take this monitor's own runs.")] = None,
    last: Annotated[int | None, typer.Option(min=1, help="With --monitor: how many, up to its newest.")] = None,
) -> None:
    """Name finished runs as a baseline. Monitors that use it start their tests again.

    Take a monitor's own runs, one after the other, up to the newest. It warns where they were sent in one go, and where
    they are one or very many.

    For example: seep baseline set --monitor nightly --last 14
    """
    if bool(runs) == (monitor is not None) or (monitor is None) != (last is None):
        raise InputError("baseline set: expected RUN... --name N, or --monitor NAME --last N")
    settings = load_settings()
    name = name or _baseline_of(settings, monitor)
    if not re.fullmatch(r"[a-z0-9-]{1,40}", name):
        raise InputError(f"--name {name}: expected 1 to 40 of the characters a-z 0-9 -")
    with open_database(settings) as database, database.transaction() as connection:
        unique = list(dict.fromkeys(find_run_id(connection, run) for run in runs or ()))
        unique += _last_of(connection, settings, monitor, last) if monitor and last else []
        _refuse_differing(connection, unique, settings)
        baselines.set_baseline(connection, name, unique)
        sent_at = baselines.sent_at(connection, [name]).get(name, [])
    between = f", {unique[0]} to {unique[-1]}" if monitor else ""
    echo(f"{name}: {len(unique)} {'run' if len(unique) == 1 else 'runs'}{between}")
    for line in _warnings(settings, name, sent_at):
        echo(f"warning: {line}", err=True)


def _baseline_of(settings: Settings, monitor: str | None) -> str:
    """The name of the baseline that the monitor wants; raises InputError where it wants none."""
    if monitor is None:
        raise InputError("baseline set: expected --name N")
    check_monitor(settings, monitor)
    wanted = settings.monitors[monitor].baseline
    if wanted is None:
        raise InputError(f"--monitor {monitor}: it has no baseline in the configuration; say with --name which to set")
    return wanted


def _last_of(connection: Connection, settings: Settings, monitor: str, last: int) -> list[str]:
    """The ids of the monitor's newest finished runs; raises InputError where there are fewer."""
    found = kept_runs.finished_of_monitor(connection, monitor, last, settings.aggregation.stalled_after_seconds)
    if len(found) < last:
        raise InputError(f"--last {last}: monitor {monitor} has {len(found)} finished runs")
    return [summary.run_id for summary in found]


@baseline_app.command("list")
def list_baselines(as_json: JsonOption = False) -> None:
    """List the baselines."""
    with open_database(load_settings()) as database, database.snapshot() as connection:
        found = baselines.page(connection)
    if as_json:
        echo_json([asdict(baseline) for baseline in found])
        return
    if not found:
        echo("no baselines", err=True)
        return
    table = DataTable("name", "runs", "set")
    for baseline in found:
        table.add_row(baseline.name, str(len(baseline.runs)), format_time(baseline.set_at))
    print_table(table)


@baseline_app.command()
def show(name: NameArgument) -> None:
    """Show a baseline's runs with their rates."""
    settings = load_settings()
    with open_database(settings) as database, database.snapshot() as connection:
        for run_id in find_baseline(connection, name).runs:
            summary = find_run(connection, run_id, settings)
            print_rates(summary, rates.of_run(connection, run_id), dead_jobs.reasons(connection, run_id))
            echo()


@baseline_app.command()
def remove(name: NameArgument) -> None:
    """Forget a baseline. Its runs stay; monitors that use it are not tested until it is set again."""
    with open_database(load_settings()) as database, database.transaction() as connection:
        find_baseline(connection, name)
        baselines.remove(connection, name)
    echo(f"{name}: removed")


def _warnings(settings: Settings, name: str, sent_at: list[float]) -> list[str]:
    """Why the runs may be no baseline for the monitors that use it, whose schedules say how often they run."""
    schedules = {monitor.schedule for monitor in settings.monitors.values() if monitor.baseline == name}
    found = (line for schedule in sorted(schedules or {None}, key=str) for line in weaknesses(sent_at, schedule))
    return list(dict.fromkeys(found))


def _refuse_differing(connection: Connection, run_ids: list[str], settings: Settings) -> None:
    """Raises InputError if the runs cannot stand for one state of one model."""
    first, *others = [find_run(connection, run_id, settings) for run_id in run_ids]
    for summary in (first, *others):
        refuse_incomparable(summary)
        if summary.state == "cancelled":
            raise InputError(f"run {summary.run_id}: it was cancelled, and cannot be a baseline")
        if not summary.measured:
            raise InputError(f"run {summary.run_id}: nothing of it was measured")
    for other in others:
        different = differences(other, first)
        if different:
            raise InputError(f"run {other.run_id}: it differs from {first.run_id} in {', '.join(different)}")
