"""The command that compares a run with another, or with a baseline."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from cli import exit_codes
from cli.commands.baseline import known_baseline
from cli.commands.results import SAMPLES_ARE_CLUSTERS, JsonOption, RunArgument, known_run, wide_console
from cli.database import open_store
from results.comparison import Judgement, incomparable, judge, known_differences, refuse_unjudgeable
from results.runs import RunSummary
from results.statistics.verdicts import DELTA_POINTS, worst
from results.storage.judgements import Judgements
from seep.errors import InputError
from seep.records import LeakRate
from seep.settings import load_settings

LONGEST_SHOWN = 60
# The effects above are over what pairs.
SIDE_BY_SIDE_TITLE = "side by side, all of each run, in %"
SIDE_BY_SIDE = ("leak", "tie", "echo", "empty", "distinct_1", "distinct_2", "self_similarity")


def compare(
    run_id: RunArgument,
    other: Annotated[str | None, typer.Argument(help="The run to compare with.", metavar="OTHER_RUN")] = None,
    baseline: Annotated[str | None, typer.Option(help="Compare with this baseline instead of a run.")] = None,
    across: Annotated[bool, typer.Option("--across", help="Even where suite or decoding differ.")] = False,
    delta: Annotated[float, typer.Option(min=0, help="The smallest change that matters, in points.")] = DELTA_POINTS,
    as_json: JsonOption = False,
) -> None:
    """Compare a run with another or a baseline, test by test, and say whether it leaks more or less.

    Exit code 0: ok, 1: drift, 3: inconclusive, 4: not measured.
    """
    if (other is None) == (baseline is None):
        raise InputError("compare: expected OTHER_RUN or --baseline N")
    with open_store(load_settings()) as store:
        reference = [other] if other else known_baseline(store, baseline or "").runs
        if run_id in reference:
            raise InputError(f"run {run_id}: it belongs to what it is to be compared with")
        summaries = [known_run(store, of) for of in (run_id, *reference)]
        for summary in summaries:
            refuse_unjudgeable(summary)
        different = _differences(summaries[0], summaries[1], across)
        judgements = Judgements(store)
        sums = judgements.leak_sums([run_id]), [judgements.leak_sums([of]) for of in reference]
        rates = {of: store.rates(of) for of in (run_id, *reference)}
    expected = {category for summary in summaries for category in summary.expected_comparisons}
    judged = judge(*sums, expected, delta)
    verdict = worst(of.verdict for of in judged)
    if as_json:
        told = {"run_id": run_id, "reference": reference, "verdict": verdict, "differences": different}
        side_by_side = {name: _told(of_run) for name, of_run in rates.items()}
        typer.echo(json.dumps(told | {"judgements": [asdict(of) for of in judged], "runs": side_by_side}, indent=1))
    else:
        _print_differences(different)
        _print_judgements(judged)
        if any(summary.cluster == "sample" for summary in summaries):
            typer.echo(SAMPLES_ARE_CLUSTERS)
        _print_side_by_side({baseline or other or "": [rates[of] for of in reference], run_id: [rates[run_id]]})
        typer.echo(f"{run_id} against {baseline or other}: {verdict}")
    raise typer.Exit(exit_codes.of_verdict(verdict))


def _differences(run: RunSummary, reference: RunSummary, across: bool) -> dict[str, tuple[str, str]]:
    """What the runs differ in; raises InputError where they must not, unless asked across."""
    different = known_differences(run, reference)
    forbidden = incomparable(run, reference)
    if forbidden and not across:
        told = "; ".join(f"{name}: {' -> '.join(map(_short, different[name]))}" for name in forbidden)
        raise InputError(
            f"runs {reference.run_id} and {run.run_id} differ in {told}; --across compares them all the same"
        )
    return different


def _print_differences(different: Mapping[str, tuple[str, str]]) -> None:
    if different:
        table = Table("differs in", "reference", "run", box=None)
        for name, (was, is_now) in different.items():
            table.add_row(name, Text(_short(was)), Text(_short(is_now)))
        wide_console().print(table)
        typer.echo()


def _print_judgements(judged: Sequence[Judgement]) -> None:
    table = Table("category", "metric", "effect", "95 % interval", box=None)
    for name in ("p", "adjusted p", "detectable", "pairs", "clusters"):
        table.add_column(name, justify="right")
    table.add_column("verdict")
    for of in judged:
        interval = "" if of.low is None or of.high is None else f"[{of.low:+.2f}, {of.high:+.2f}]"
        ps = ("" if p is None else f"{p:.4f}" for p in (of.p, of.adjusted_p))
        figures = (_points(of.effect, "+.2f"), interval, *ps, _points(of.detectable, ".2f"))
        table.add_row(Text(of.category), of.metric, *figures, str(of.pairs), str(of.clusters), of.verdict)
    wide_console().print(table)


def _print_side_by_side(sides: Mapping[str, Sequence[Sequence[LeakRate]]]) -> None:
    """Leak rate, failures that look like none, and diversity of each side, over its runs together: a mitigation that
    makes answers empty, or all alike, is worth little."""
    shares = {name: _shares(of_runs) for name, of_runs in sides.items()}
    named = [name for name in SIDE_BY_SIDE if any(name in of for side in shares.values() for of in side.values())]
    table = Table("category", "metric", "run", box=None, title=SIDE_BY_SIDE_TITLE, title_justify="left")
    for name in named:
        table.add_column(name.replace("_", " "), justify="right")
    for cell in dict.fromkeys(cell for side in shares.values() for cell in side):
        for run, side in shares.items():
            told = (f"{side[cell][name]:.1f}" if name in side.get(cell, {}) else "-" for name in named)
            table.add_row(Text(cell[0]), cell[1], run, *told)
    typer.echo()
    wide_console().print(table)


def _shares(runs: Sequence[Sequence[LeakRate]]) -> dict[tuple[str, str], dict[str, float]]:
    """By category and metric, then by measure: the mean share over the runs' comparisons, in percent."""
    found: defaultdict[tuple[str, str], defaultdict[str, list[tuple[float, int]]]] = defaultdict(
        lambda: defaultdict(list)
    )
    for rate in (rate for of_run in runs for rate in of_run):
        of_cell = found[rate.category, rate.metric]
        if rate.rate is not None:
            of_cell["leak"].append((rate.rate, rate.comparisons))
        for name, estimate in rate.measures.items():
            of_cell[name].append((estimate.share, estimate.n))
    return {
        cell: {name: sum(share * n for share, n in of) / sum(n for _, n in of) for name, of in measures.items()}
        for cell, measures in found.items()
    }


def _told(rates: Sequence[LeakRate]) -> list[dict[str, object]]:
    return [
        {
            "metric": rate.metric,
            "category": rate.category,
            "rate": rate.rate,
            "low": rate.low,
            "high": rate.high,
            "comparisons": rate.comparisons,
            "clusters": rate.clusters,
            "measures": {name: asdict(of) for name, of in rate.measures.items() if name in SIDE_BY_SIDE},
        }
        for rate in rates
    ]


def _points(value: float | None, how: str) -> str:
    return "" if value is None else f"{value:{how}}"


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_SHOWN else text[:LONGEST_SHOWN] + "..."
