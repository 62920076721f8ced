"""The commands about baselines: the runs that others are compared with, by name."""

import json
import re
from dataclasses import asdict
from typing import Annotated

import typer
from rich.table import Table

from cli.arguments import JsonOption
from cli.database import open_store
from cli.lookups import find_baseline, find_run
from cli.rendering.consoles import wide_console
from cli.rendering.rates import print_rates
from cli.times import format_time
from results.comparison import differences, refuse_unjudgeable
from results.storage.judgements import Judgements
from results.storage.store import Store
from seep.errors import InputError
from seep.settings import load_settings

baseline_app = typer.Typer(help="Name the runs that others are compared with.", no_args_is_help=True)

NameArgument = Annotated[str, typer.Argument(help="The baseline's name.", metavar="NAME")]


@baseline_app.command("set")
def set_baseline(
    runs: Annotated[
        list[str], typer.Argument(help="One finished run, or several of one state of the model.", metavar="RUN...")
    ],
    name: Annotated[str, typer.Option(help="The baseline's name: a-z, 0-9 and -, at most 40.")],
) -> None:
    """Name finished runs as a baseline; monitors that use it start their tests again."""
    if not re.fullmatch(r"[a-z0-9-]{1,40}", name):
        raise InputError(f"--name {name}: expected 1 to 40 of the characters a-z 0-9 -")
    unique = list(dict.fromkeys(runs))
    with open_store(load_settings()) as store:
        _refuse_differing(store, unique)
        Judgements(store).set_baseline(name, unique)
    typer.echo(f"{name}: {len(unique)} {'run' if len(unique) == 1 else 'runs'}")


@baseline_app.command("list")
def list_baselines(as_json: JsonOption = False) -> None:
    """List the baselines."""
    with open_store(load_settings()) as store:
        found = Judgements(store).baselines()
    if as_json:
        typer.echo(json.dumps([asdict(baseline) for baseline in found], indent=1))
        return
    table = Table("name", "runs", "set", box=None)
    for baseline in found:
        table.add_row(baseline.name, str(len(baseline.runs)), format_time(baseline.set_at))
    wide_console().print(table)


@baseline_app.command()
def show(name: NameArgument) -> None:
    """Show a baseline's runs with their rates."""
    with open_store(load_settings()) as store:
        for run in find_baseline(store, name).runs:
            print_rates(find_run(store, run), store.rates(run), store.dead_reasons(run))
            typer.echo()


@baseline_app.command()
def remove(name: NameArgument) -> None:
    """Forget a baseline; its runs stay, and monitors that use it are not tested until it is set again."""
    with open_store(load_settings()) as store:
        find_baseline(store, name)
        Judgements(store).remove_baseline(name)
    typer.echo(f"{name}: removed")


def _refuse_differing(store: Store, runs: list[str]) -> None:
    """Raises InputError where the runs cannot stand for one state of one model."""
    first, *others = [find_run(store, run) for run in runs]
    for summary in (first, *others):
        refuse_unjudgeable(summary)
        if summary.state == "cancelled":
            raise InputError(f"run {summary.run_id}: it was cancelled, and cannot be a baseline")
        if summary.recorded == 0:
            raise InputError(f"run {summary.run_id}: nothing of it was measured")
    for other in others:
        different = differences(other, first)
        if different:
            raise InputError(f"run {other.run_id}: it differs from {first.run_id} in {', '.join(different)}")
