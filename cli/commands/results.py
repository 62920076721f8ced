"""The commands that read results: rates, runs and examples."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cli import exit_codes
from cli.database import open_store
from results.dead_jobs import DeadReason
from results.rates import ALL
from results.runs import RunSummary
from results.storage.store import Only, Store
from results.sums import Comparison
from seep.errors import InputError
from seep.records import LeakRate
from seep.settings import load_settings

RunArgument = Annotated[str, typer.Argument(help="The run's id.", metavar="RUN")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
SAMPLES_ARE_CLUSTERS = "the intervals hold for these very prompts, and say nothing of others: the clusters are samples"
NOT_MEASURED = "not measured: no job of this run is scored"
JSON_FIELDS = (
    *("run_id", "suite", "target", "probe", "metric", "category", "rate", "low", "high"),
    *("comparisons", "clusters", "ties", "echoes", "missing", "kappa", "measures"),
)


def rates(
    run_id: RunArgument,
    pool: Annotated[list[str] | None, typer.Option(help="Categories to pool, as 1,2; may be given again.")] = None,
    by: Annotated[str | None, typer.Option(help="`concept`: a rate per concept instead of per category.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Print the leak rates of a run with their 95 % intervals.

    Exit code 0, also of a run that is not whole; 4 where nothing is measured.

    What is missing is known by category: --by concept leaves it out of the table, and has 0 for it in the JSON.
    """
    if by not in (None, "concept"):
        raise InputError(f"--by {by}: expected concept")
    pools = [tuple(part.strip() for part in text.split(",")) for text in pool or []]
    if by and pools:
        raise InputError("--pool: pools categories, which --by concept does not show")
    with open_store(load_settings()) as store:
        summary = known_run(store, run_id)
        found = store.rates_by_concept(run_id) if by else store.rates(run_id, pools)
        dead = store.dead_reasons(run_id)
    if as_json:
        print_rates_json(found)
    else:
        print_rates(summary, found, dead, first_column=by or "category")
    if not found:
        raise typer.Exit(exit_codes.NOT_MEASURED)


def runs(
    limit: Annotated[int, typer.Option(min=1, help="How many, the newest first.")] = 20, as_json: JsonOption = False
) -> None:
    """List the latest runs with their states."""
    with open_store(load_settings()) as store:
        found = store.runs(limit)
    if as_json:
        typer.echo(json.dumps([asdict(summary) for summary in found], indent=1))
        return
    table = Table("run", "target", "suite", "state", "jobs", "dead", "missing", "sent", box=None)
    for summary in found:
        jobs = f"{summary.recorded}/{'?' if summary.job_count is None else summary.job_count}"
        state = summary.state + (" (mixed)" if summary.mixed else "")
        cells = [summary.run_id, summary.target, summary.suite, state, jobs, str(summary.dead), str(summary.missing)]
        table.add_row(*cells, moment(summary.created_at))
    wide_console().print(table)


def examples(
    run_id: RunArgument,
    category: Annotated[str | None, typer.Option(help="Only this category.")] = None,
    metric: Annotated[str | None, typer.Option(help="Judge by this metric alone.")] = None,
    leaks: Annotated[bool, typer.Option("--leaks", help="Only comparisons that leak.")] = False,
    ties: Annotated[bool, typer.Option("--ties", help="Only comparisons that tie.")] = False,
    limit: Annotated[int, typer.Option(min=1)] = 20,
    as_json: JsonOption = False,
) -> None:
    """Show what a model said: concept, test's and control's generation, and their similarities.

    Exit code 4 where nothing is measured.
    """
    if leaks and ties:
        raise InputError("--leaks, --ties: expected one of them")
    only: Only | None = "leaks" if leaks else "ties" if ties else None
    with open_store(load_settings()) as store:
        summary = known_run(store, run_id)
        measured = _refuse_unknown(store.rates(run_id), run_id, category, metric)
        found = store.comparisons(run_id, category, metric, only, limit)
    if summary.texts_deleted_at is not None:
        # On stderr, so that what reads JSON is not disturbed.
        gone = f"run {run_id}: the texts of what was recorded before {moment(summary.texts_deleted_at)} are deleted"
        typer.echo(f"{gone} (retention.texts_days); its rates are not", err=True)
    if as_json:
        typer.echo(json.dumps([asdict(comparison) for comparison in found], indent=1, ensure_ascii=False))
    else:
        _print_examples(found, measured)
    if not measured:
        raise typer.Exit(exit_codes.NOT_MEASURED)


def known_run(store: Store, run_id: str) -> RunSummary:
    """The run's summary; raises InputError where the database has no such run."""
    summary = store.run(run_id)
    if summary is None:
        raise InputError(f"run {run_id}: there is no such run; `seep runs` lists them")
    return summary


def print_rates(
    summary: RunSummary, found: Sequence[LeakRate], dead: Sequence[DeadReason], first_column: str = "category"
) -> None:
    """Tables of rates and of what was measured beside them, under a line about the run; says what is missing, and what
    not to trust."""
    typer.echo(f"run {summary.run_id}: {summary.suite} on {summary.target}, {summary.state}")
    table = Table(first_column, "metric", "rate", "95 % interval", box=None)
    # What a run expects, and so what is missing of it, is known by category.
    counted = ("comparisons", "clusters", *(["missing"] if first_column == "category" else []))
    for name in counted:
        table.add_column(name, justify="right")
    for rate in found:
        counts = (str(getattr(rate, name)) for name in counted)
        table.add_row(Text(rate.category), rate.metric, *_interval(rate), *counts)
    wide_console().print(table)
    _print_measures(found, first_column)
    if not found:
        typer.echo(NOT_MEASURED)
    if summary.cluster == "sample":
        typer.echo(SAMPLES_ARE_CLUSTERS)
    if summary.missing:
        typer.echo(f"missing: {summary.missing} comparisons")
    for of in dead:
        typer.echo(f"failed: {of.jobs} of {summary.job_count or '?'} jobs, in the {of.stage}: {of.reason}")
    if summary.mixed:
        typer.echo("mixed: the run's jobs differ in model, engine, decoding or scorer; it is not to be judged")


def print_rates_json(found: Sequence[LeakRate]) -> None:
    """Rates as a JSON list, unrounded."""
    rows = [{name: getattr(rate, name) for name in JSON_FIELDS} for rate in found]
    typer.echo(json.dumps(rows, indent=1, default=asdict))


def wide_console() -> Console:
    """A console that never folds a table where nobody looks: piped output is as wide as it needs to be."""
    console = Console(markup=False, highlight=False)
    return console if console.is_terminal else Console(markup=False, highlight=False, width=200)


def _print_measures(found: Sequence[LeakRate], first_column: str) -> None:
    """What was measured beside the rates, a column each; nothing where nothing was."""
    if not any(rate.measures for rate in found):
        return
    pairwise = len({rate.metric for rate in found}) > 2
    rows = [(rate, _shares(rate, pairwise), _kappas(rate, pairwise)) for rate in found]
    names = sorted({name for _, shares, _ in rows for name in shares})
    names += sorted({name for _, _, kappas in rows for name in kappas}) or ["kappa"]
    table = Table(first_column, "metric", box=None, title="beside it, in %; kappa from -1 to 1", title_justify="left")
    for name in names:
        table.add_column(name, justify="right")
    for rate, shares, kappas in rows:
        cells = shares | kappas
        table.add_row(Text(rate.category), rate.metric, *(cells.get(name, "-") for name in names))
    typer.echo()
    wide_console().print(table)


def _shares(rate: LeakRate, pairwise: bool) -> dict[str, str]:
    """What was measured beside a rate, by column; `pairwise` names the other metric of each agreement."""
    parts = {name: name.partition(":") for name in rate.measures}
    return {
        measure.replace("_", " ") + (f" with {other}" if other and pairwise else ""): f"{rate.measures[name].share:.1f}"
        for name, (measure, _, other) in parts.items()
    }


def _kappas(rate: LeakRate, pairwise: bool) -> dict[str, str]:
    return {f"kappa with {other}" if pairwise else "kappa": f"{value:.2f}" for other, value in rate.kappa.items()}


def _interval(rate: LeakRate) -> tuple[str, str]:
    if rate.rate is None or rate.low is None or rate.high is None:
        return "not measured", ""
    return f"{rate.rate:.2f} %", f"[{rate.low:.2f}, {rate.high:.2f}]"


def moment(seconds: float | None) -> str:
    """A time in Unix seconds as people write it, in UTC."""
    return "" if seconds is None else datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%SZ")


def _refuse_unknown(rates: Sequence[LeakRate], run_id: str, category: str | None, metric: str | None) -> bool:
    """Raises InputError for a category or a metric that a run with these rates does not have; whether it has any."""
    known = {
        "--category": (category, {rate.category for rate in rates} - {ALL}),
        "--metric": (metric, {rate.metric for rate in rates}),
    }
    for option, (asked, names) in known.items():
        if rates and asked is not None and asked not in names:
            raise InputError(f"{option} {asked}: expected one of run {run_id}'s, {', '.join(sorted(names))}")
    return bool(rates)


def _print_examples(found: Sequence[Comparison], measured: bool) -> None:
    for comparison in found:
        _print_example(comparison)
    if not found:
        typer.echo("no such comparisons" if measured else NOT_MEASURED)


def _print_example(comparison: Comparison) -> None:
    typer.echo(f"[{comparison.category}] concept {comparison.concept.strip()!r}, sample {comparison.sample}")
    typer.echo(f"  test:    {comparison.prompt!r} -> {comparison.generation!r}")
    if comparison.control_prompt:
        typer.echo(f"  control: {comparison.control_prompt!r} -> {comparison.control_generation!r}")
    for metric, measures in comparison.outcomes.items():
        typer.echo(f"  {metric}: {_told(measures)}{_similarities(comparison.similarities.get(metric))}")


def _told(measures: dict[str, Any]) -> str:
    return ", ".join(f"{measure} {value:g}" for measure, value in sorted(measures.items()))


def _similarities(pair: Sequence[float] | None) -> str:
    return f"; similarity to the concept {pair[0]:.3f} (test), {pair[1]:.3f} (control)" if pair else ""
