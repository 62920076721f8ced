"""The commands that read results: rates and examples."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated

import typer

from cli import exit_codes
from cli.arguments import JsonOption, PoolOption, RunArgument, RunsArgument, pools_of
from cli.database import open_database
from cli.lookups import find_run
from cli.rendering.examples import print_examples
from cli.rendering.losses import print_prompt_lengths
from cli.rendering.output import echo, echo_json
from cli.rendering.rates import is_measured, print_pooled_rates, print_rates, print_rates_json
from cli.times import format_time
from results.pooled_runs import check_poolable, pooled_rates
from results.rates import ALL
from results.storage import comparisons, dead_jobs
from results.storage import rates as kept_rates
from results.storage.comparisons import Only
from results.storage.database import Connection
from seep.errors import InputError
from seep.records import LeakRate
from seep.settings import load_settings


def rates(
    run_ids: RunsArgument,
    pool: PoolOption = None,
    by: Annotated[str | None, typer.Option(help="`concept`: a rate per concept instead of per category.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Print the leak rates of a run with their 95 % intervals.

    Exit code 0, also if the run is not whole; 4 if nothing is measured.

    Several runs are seeds of one condition, and are pooled: each is then a cluster of its own.

    Missing comparisons are counted by category: with --by concept the table leaves them out, and the JSON has 0.
    """
    if by not in (None, "concept"):
        raise InputError(f"--by {by}: expected concept")
    pools = pools_of(pool)
    if by and pools:
        raise InputError("--pool: pools categories, which --by concept does not show")
    settings = load_settings()
    with open_database(settings) as database, database.snapshot() as connection:
        summaries = [find_run(connection, run_id, settings) for run_id in run_ids]
        check_poolable(summaries)
        found = pooled_rates([_rates(connection, summary.run_id, by, pools) for summary in summaries])
        first = summaries[0].run_id
        alone = len(summaries) == 1 and not by
        reach = kept_rates.reaches_of(connection, summaries[0], found) if alone else [None] * len(found)
        dead, lengths = dead_jobs.reasons(connection, first), dead_jobs.prompt_lengths(connection, first)
    if as_json:
        print_rates_json(found, reach)
    elif len(summaries) > 1:
        print_pooled_rates(summaries, found, first_column=by or "category")
    else:
        print_rates(summaries[0], found, dead, reach, first_column=by or "category")
        print_prompt_lengths(lengths)
    if not is_measured(found):
        raise typer.Exit(exit_codes.NOT_MEASURED)


def _rates(connection: Connection, run_id: str, by: str | None, pools: Sequence[Sequence[str]]) -> list[LeakRate]:
    found = kept_rates.by_concept(connection, run_id) if by else kept_rates.of_run(connection, run_id)
    return found + kept_rates.of_pools(connection, run_id, pools)


def examples(
    run_id: RunArgument,
    category: Annotated[str | None, typer.Option(help="Only this category.")] = None,
    metric: Annotated[str | None, typer.Option(help="Only what this metric scored.")] = None,
    leaks: Annotated[bool, typer.Option("--leaks", help="Only comparisons that leak.")] = False,
    ties: Annotated[bool, typer.Option("--ties", help="Only comparisons that tie.")] = False,
    lost: Annotated[bool, typer.Option("--lost", help="Only comparisons without an answer.")] = False,
    limit: Annotated[int, typer.Option(min=1, help="How many at most.")] = 20,
    as_json: JsonOption = False,
) -> None:
    """Show what a model said: concept, test's and control's generation, and their similarities.

    Exit code 4 if nothing is measured.
    """
    chosen: dict[Only, bool] = {"leaks": leaks, "ties": ties, "lost": lost}
    wanted = [name for name, is_wanted in chosen.items() if is_wanted]
    if len(wanted) > 1:
        raise InputError(f"{', '.join(f'--{name}' for name in wanted)}: expected one of them")
    only = wanted[0] if wanted else None
    settings = load_settings()
    with open_database(settings) as database, database.snapshot() as connection:
        summary = find_run(connection, run_id, settings)
        run_id = summary.run_id
        found_rates = kept_rates.of_run(connection, run_id)
        _refuse_unknown(found_rates, run_id, category, metric)
        found = comparisons.page(connection, run_id, category, metric, only, limit)
    if summary.texts_deleted_at is not None:
        # On stderr, so that what reads JSON is not disturbed.
        gone = (
            f"run {run_id}: the texts of what was recorded before {format_time(summary.texts_deleted_at)} are deleted"
        )
        echo(f"{gone} (retention.texts_days); its rates are not", err=True)
    if as_json:
        echo_json([asdict(comparison) for comparison in found], ascii_only=False)
    else:
        print_examples(found, found_rates)
    if not is_measured(found_rates):
        raise typer.Exit(exit_codes.NOT_MEASURED)


def _refuse_unknown(rates: Sequence[LeakRate], run_id: str, category: str | None, metric: str | None) -> None:
    """Raises InputError for a category or a metric that a run with these rates does not have."""
    known = {
        "--category": (category, {rate.category for rate in rates} - {ALL}),
        "--metric": (metric, {rate.metric for rate in rates}),
    }
    for option, (name, names) in known.items():
        if rates and name is not None and name not in names:
            raise InputError(f"{option} {name}: expected one of run {run_id}'s, {', '.join(sorted(names))}")
