"""The command that compares a run with another, or with a baseline."""

from typing import Annotated

import typer

from cli import exit_codes
from cli.arguments import JsonOption, PoolOption, RunArgument, pools_of
from cli.database import open_database
from cli.lookups import find_baseline, find_run, find_run_id, find_suite
from cli.rendering.comparison import (
    print_cells,
    print_comparison_json,
    print_differences,
    print_side_by_side,
    shortened,
    way_out,
    what_it_leaves_open,
)
from cli.rendering.output import echo
from cli.rendering.rates import SAMPLES_ARE_CLUSTERS
from results.comparison import (
    incomparable,
    known_differences,
    refuse_incomparable,
)
from results.runs import RunSummary
from results.statistics.verdicts import DELTA_POINTS
from results.storage import rates
from results.storage.compared import compare_runs
from results.storage.side_by_side import of_pool
from seep.errors import InputError
from seep.settings import load_settings


def compare(
    run_id: RunArgument,
    other: Annotated[str | None, typer.Argument(help="The run to compare with.", metavar="OTHER_RUN")] = None,
    baseline: Annotated[str | None, typer.Option(help="Compare with this baseline instead of a run.")] = None,
    allow_different: Annotated[
        bool, typer.Option("--allow-different", help="Compare runs even if their suite or decoding differs.")
    ] = False,
    delta: Annotated[
        float, typer.Option(min=0, max=100, help="The smallest change that matters, in points.")
    ] = DELTA_POINTS,
    pool: PoolOption = None,
    as_json: JsonOption = False,
) -> None:
    """Compare a run with another or a baseline, test by test, and say whether it leaks more or less.

    For example: seep compare tonight --baseline main

    Exit code 0: ok; 1: drift; 3: inconclusive; 4: not measured.
    """
    if (other is None) == (baseline is None):
        raise InputError("compare: expected OTHER_RUN or --baseline N")
    settings = load_settings()
    with open_database(settings) as database, database.snapshot(computing=True) as connection:
        run_id = find_run_id(connection, run_id)
        reference = [find_run_id(connection, other)] if other else find_baseline(connection, baseline or "").runs
        if run_id in reference:
            raise InputError(f"run {run_id}: expected another run than those that it is compared with")
        summaries = [find_run(connection, one, settings) for one in (run_id, *reference)]
        for summary in summaries:
            refuse_incomparable(summary)
        different = _differences(summaries[0], summaries[1], allow_different)
        compared = compare_runs(connection, summaries[0], summaries[1:], delta)
        side_by_side = {
            one: rates.of_run(connection, one) + rates.of_pools(connection, one, pools_of(pool))
            for one in (run_id, *reference)
        }
        pools = [cell for categories in pools_of(pool) for cell in of_pool(compared, categories, delta)]
    cells, verdict, reason = compared.cells, compared.verdict, compared.reason
    if as_json:
        print_comparison_json(run_id, reference, verdict, reason, different, [*cells, *pools], side_by_side)
    else:
        print_differences(different)
        print_cells([*cells, *pools], len(reference), delta)
        if any(summary.cluster == "sample" for summary in summaries):
            echo(SAMPLES_ARE_CLUSTERS)
        references = [side_by_side[one] for one in reference]
        print_side_by_side({baseline or reference[0]: references, run_id: [side_by_side[run_id]]})
        beside = f", since {reason}" if reason else what_it_leaves_open(cells, delta)
        echo(f"{run_id} against {baseline or reference[0]}: {verdict}{beside}")
        if further := way_out(run_id, _suite_argument(summaries[0].suite), verdict, reason, delta, cells):
            echo(f"next: {further}")
    raise typer.Exit(exit_codes.of_verdict(verdict))


def _suite_argument(name: str) -> str:
    """The suite as `seep power` takes it, or a word in capitals where its file is elsewhere."""
    try:
        find_suite(name)
    except InputError:
        return "SUITE"
    return name


def _differences(run: RunSummary, reference: RunSummary, allow_different: bool) -> dict[str, tuple[str, str]]:
    """What the runs differ in; raises InputError where they must not, unless that is allowed."""
    different = known_differences(run, reference)
    forbidden = incomparable(run, reference)
    if forbidden and not allow_different:
        listed = "; ".join(f"{name}: {' -> '.join(map(shortened, different[name]))}" for name in forbidden)
        raise InputError(
            f"runs {reference.run_id} and {run.run_id} differ in {listed}; --allow-different compares them all the same"
        )
    return different
