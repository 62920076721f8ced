"""The `seep` command: mounts the commands, and turns bad input into one line and exit code 2."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from cli import (
    agreement,
    baseline,
    calibrate,
    compare,
    deadletters,
    heatmap,
    plan,
    push,
    results,
    retention,
    run,
    schedule,
    suites,
    watch,
)
from seep.errors import InputError, Unavailable

app = typer.Typer(
    help="Watch language models for semantic leakage.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(suites.suites_app, name="suites")
app.add_typer(push.topics_app, name="topics")
app.add_typer(baseline.baseline_app, name="baseline")
app.add_typer(deadletters.deadletter_app, name="deadletter")
app.add_typer(retention.retention_app, name="retention")
app.command("import")(suites.import_file)
app.command()(run.run)
app.command()(push.push)
app.command()(push.cancel)
app.command()(schedule.schedule)
app.command()(watch.watch)
app.command()(results.rates)
app.command()(results.runs)
app.command()(compare.compare)
app.command()(plan.plan)
app.command()(results.examples)
app.command()(heatmap.heatmap)
app.command()(agreement.agreement)
app.command()(calibrate.calibrate)


@app.callback()
def configure(
    config: Annotated[
        Path | None, typer.Option(help="The configuration (default: SEEP_CONFIG, else ./seep.yaml where it is there).")
    ] = None,
) -> None:
    """Watch language models for semantic leakage."""
    if config is not None:
        os.environ["SEEP_CONFIG"] = str(config)


def main() -> None:
    """Runs a command; bad input and a broker or database that does not answer are one line and exit code 2."""
    try:
        app()
    except (InputError, Unavailable) as error:
        print(f"seep: {error}", file=sys.stderr)
        sys.exit(2)
