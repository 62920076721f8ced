"""The command that follows a run to its end."""

import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Annotated

import typer

from cli import exit_codes
from cli.arguments import JsonOption, RunArgument
from cli.database import open_database
from cli.lookups import find_run_id
from cli.rendering.consoles import progress_bars
from cli.rendering.rates import is_measured, print_rates, print_rates_json
from results.dead_jobs import DeadReason
from results.runs import FINISHED, RunSummary, Wait
from results.storage import dead_jobs, rates, runs
from results.storage.database import Database
from seep.characters import visible
from seep.errors import InputError
from seep.settings import Settings, load_settings

LOOK_SECONDS = 0.5
# A run that makes no progress for so long waits for something.
QUIET_SECONDS = 60.0
MOST_REASONS = 5


def watch(
    run_id: RunArgument,
    wait: Annotated[float, typer.Option(min=0, help="Seconds to wait for the run to be heard of.")] = 120.0,
    as_json: JsonOption = False,
) -> None:
    """Follow a run to its end and print its rates.

    Exit code 0: complete; 3: not whole; 4: not measured.
    """
    settings = load_settings()
    with open_database(settings) as database:
        run_id = _id_if_known(database, run_id)
        summary = _follow(database, run_id, wait, settings)
        with database.snapshot() as connection:
            found = rates.of_run(connection, run_id)
            reach = rates.reaches_of(connection, summary, found)
            dead = dead_jobs.reasons(connection, run_id)
    if as_json:
        print_rates_json(found, reach)
    else:
        print_rates(summary, found, dead, reach)
    raise typer.Exit(exit_codes.of_run(summary.state, is_measured(found)))


def _id_if_known(database: Database, name: str) -> str:
    """The id that the argument means; the argument itself where no run is called so yet."""
    with database.snapshot() as connection, suppress(InputError):
        return find_run_id(connection, name)
    return name


def _follow(database: Database, run_id: str, wait: float, settings: Settings) -> RunSummary:
    """The run's summary once it is finished or stalled; on the way, why jobs fail.

    Raises InputError if nothing is heard of it in time.
    """
    deadline = time.monotonic() + wait
    shown: set[str] = set()
    waiting: dict[str, str] = {}
    with progress_bars() as progress:
        task = progress.add_task(visible(f"{run_id}: not heard of yet"), total=None)
        while True:
            with database.snapshot() as connection:
                summary = runs.one(connection, run_id, settings.aggregation.stalled_after_seconds)
                dead = dead_jobs.reasons(connection, run_id) if summary and summary.dead else []
            waits = _waits_lines(summary.waits if summary else (), waiting)
            for line in [*_new_reasons(dead, shown), *waits]:
                progress.console.print(visible(line), markup=False, highlight=False, soft_wrap=True)
            if summary is not None:
                done = summary.recorded + summary.dead
                progress.update(task, description=visible(_state(summary)), completed=done, total=summary.job_count)
                if summary.state in FINISHED or summary.state == "stalled":
                    return summary
            elif time.monotonic() > deadline:
                raise InputError(f"run {run_id}: nothing was heard of it in {wait:g} s; is the aggregator running?")
            time.sleep(LOOK_SECONDS)


def _new_reasons(dead: Sequence[DeadReason], shown: set[str]) -> list[str]:
    """Why jobs fail, each reason once and the first few only; the end of the run counts them all."""
    lines = [f"failed in the {group.stage}: {group.reason}" for group in dead]
    new = [line for line in dict.fromkeys(lines) if line not in shown][: MOST_REASONS - len(shown)]
    shown.update(new)
    return new


def _waits_lines(waits: Sequence[Wait], shown: dict[str, str]) -> list[str]:
    """What is new of why the run waits, by stage, and that it goes on; notes it as shown."""
    now = {wait.stage: wait.reason for wait in waits}
    lines = [f"waits in the {stage}: {reason}" for stage, reason in now.items() if shown.get(stage) != reason]
    lines += [f"goes on in the {stage}" for stage in shown if stage not in now]
    shown.clear()
    shown.update(now)
    return lines


def _state(summary: RunSummary) -> str:
    quiet = time.time() - summary.progress_at
    waits = summary.state == "running" and quiet > QUIET_SECONDS
    why = "see above" if summary.waits else "the generator's and the scorer's logs say why"
    says = f"; nothing for {quiet:.0f} s, {why}" if waits else ""
    return f"{summary.run_id}: {summary.state}{says}"
