"""The comparison of two runs as tables and as JSON."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict

from cli.rendering.output import DataTable, echo, echo_json, p_value
from cli.rendering.rates import rate_title
from cli.rendering.tables import print_table
from results.comparison import CellVerdict, Exchanged, decide
from results.losses import with_truncated
from results.statistics.verdicts import Verdict, is_within, smallest_change
from seep.answers import LOST, TRUNCATED
from seep.records import LeakRate
from seep.settings.metrics import MEAN
from seep.shares import difference, difference_between, rounded

LONGEST_SHOWN = 60
# The effects above are over what pairs.
SIDE_BY_SIDE_TITLE = "side by side, all of each run, in %"
SIDE_BY_SIDE = ("leak", "tie", "echo", "empty", "distinct_1", "distinct_2", "self_similarity", TRUNCATED, *LOST)


def print_comparison_json(
    run_id: str,
    reference: Sequence[str],
    verdict: Verdict,
    reason: str | None,
    differences: Mapping[str, tuple[str, str]],
    cells: Sequence[CellVerdict],
    rates: Mapping[str, Sequence[LeakRate]],
) -> None:
    """The comparison as one JSON object, unrounded; `reason` says what keeps it open, `rates` are by run."""
    whole = {
        "run_id": run_id,
        "reference": reference,
        "verdict": verdict,
        "reason": reason,
        "differences": differences,
        "cells": [asdict(cell) for cell in cells],
        "runs": {name: [_rate_fields(rate) for rate in of_run] for name, of_run in rates.items()},
    }
    echo_json(whole)


def print_differences(different: Mapping[str, tuple[str, str]]) -> None:
    """What the runs differ in, if in anything: the reference's value and the run's."""
    if different:
        table = DataTable("differs in", "reference", "run")
        for name, (was, is_now) in different.items():
            table.add_row(name, shortened(was), shortened(is_now))
        print_table(table)
        echo()


WHAT_P_SAYS: Mapping[Exchanged, str] = {
    "samples": "p: samples exchanged (has anything changed, on these prompts?)",
    "jobs": "p: jobs exchanged (does the run leak otherwise, over prompts like these?)",
}


EFFECT_SAYS = "effect: points by which the run's rate is above the reference's"


def print_cells(cells: Sequence[CellVerdict], references: int, delta: float) -> None:
    """Effect, interval, p-values and verdict of each category and metric, in points; and which null p is of.

    An effect just below `delta`, from which on it is drift, has more decimals.
    """
    table = DataTable("category", "metric", "effect", "95 % interval")
    for name in ("p", "adjusted p", "within", "detectable", "pairs", "clusters"):
        table.add_column(name, justify="right")
    table.add_column("verdict")
    for row in cells:
        interval = "" if row.low is None or row.high is None else difference_between(row.low, row.high, 2)
        ps = ("" if p is None else p_value(p) for p in (row.p, row.adjusted_p))
        figures = (
            "" if row.effect is None else difference(row.effect, 2, smallest_change(delta)),
            interval,
            *ps,
            _points(row.within),
            _points(row.detectable),
        )
        table.add_row(row.category, row.metric, *figures, str(row.pairs), str(row.clusters), row.verdict)
    print_table(table)
    echo(EFFECT_SAYS)
    of_window = f"; p and interval allow for how the {references} runs of the baseline differ" if references > 1 else ""
    for exchanged in dict.fromkeys(row.exchanged for row in cells):
        echo(WHAT_P_SAYS[exchanged] + of_window)


def what_it_leaves_open(cells: Sequence[CellVerdict], delta: float) -> str:
    """What stands behind the verdict ok: of which prompts it is, and what it does not say of the categories."""
    if decide(cells) != "ok":
        return ""
    deciding = [cell for cell in cells if cell.metric == MEAN] or cells
    alike = [cell.category for cell in deciding if cell.verdict == "ok" and not is_within(cell.within or 0, delta)]
    if len(alike) == len(deciding):
        return ", on exactly these prompts: no comparison differs in anything"
    unsure = [(cell.category, cell.within) for cell in deciding if cell.verdict == "inconclusive"]
    named = ", ".join(f"{category} {points:.1f}" for category, points in unsure)
    said = [f"a category may have changed by up to so many points: {named}"] if unsure else []
    if alike:
        said.append(f"on exactly these prompts, where nothing differs: {', '.join(alike)}")
    return f" over all; {'; '.join(said)}" if said else ""


def way_out(
    run_id: str, suite: str, verdict: Verdict, reason: str | None, delta: float, cells: Sequence[CellVerdict] = ()
) -> str:
    """What to type next; `suite` is a name or file that a command takes."""
    if verdict == "drift":
        return f"seep examples {run_id} --leaks: what the model says"
    if verdict == "not measured" and (alone := _metrics_of_one_run(cells)):
        return f"seep run {suite} under the same metrics: only one of the runs has {', '.join(alone)}"
    if reason or verdict == "not measured":
        return f"seep rates {run_id}: what is missing, and why"
    if verdict == "inconclusive":
        planned = f"seep power {suite} --effect {max(delta, 1):g} --pilot {run_id}"
        return f"{planned}: how many jobs and samples would decide it"
    return ""


def _metrics_of_one_run(cells: Sequence[CellVerdict]) -> list[str]:
    """Those under which nothing pairs, where under another one something does."""
    paired = {cell.metric for cell in cells if cell.pairs}
    return list(dict.fromkeys(cell.metric for cell in cells if cell.metric not in paired)) if paired else []


def print_side_by_side(sides: Mapping[str, Sequence[Sequence[LeakRate]]]) -> None:
    """Leak rate, failures that look like none, and diversity of each side, over its runs together: a mitigation that
    makes answers empty, or all alike, is worth little."""
    cut = {rate.metric for side in sides.values() for of_run in side for rate in of_run if TRUNCATED in rate.measures}
    shares = {name: _shares(of_runs, cut) for name, of_runs in sides.items()}
    named = [
        name for name in SIDE_BY_SIDE if _is_shown(name, [cell for side in shares.values() for cell in side.values()])
    ]
    table = DataTable("category", "metric", "run", title=SIDE_BY_SIDE_TITLE)
    leak = rate_title([rate for side in sides.values() for of_run in side for rate in of_run]).replace("rate", "leak")
    for name in named:
        table.add_column(leak if name == "leak" else name.replace("_", " "), justify="right")
    for cell in dict.fromkeys(cell for side in shares.values() for cell in side):
        for run, side in shares.items():
            shown = (rounded(side[cell][name], 1) if name in side.get(cell, {}) else "-" for name in named)
            table.add_row(cell[0], cell[1], run, *shown)
    echo()
    print_table(table)


def _shares(runs: Sequence[Sequence[LeakRate]], cut: Collection[str]) -> dict[tuple[str, str], dict[str, float]]:
    """By category and metric, then by measure: the mean share over the runs' comparisons, in percent.

    Under the metrics in `cut` a run that says nothing of truncated texts has none.
    """
    found: defaultdict[tuple[str, str], defaultdict[str, list[tuple[float, int]]]] = defaultdict(
        lambda: defaultdict(list)
    )
    for rate in with_truncated((rate for of_run in runs for rate in of_run), cut):
        of_cell = found[rate.category, rate.metric]
        if rate.rate is not None:
            of_cell["leak"].append((rate.rate, rate.comparisons))
        for name, estimate in rate.measures.items():
            of_cell[name].append((estimate.share, estimate.n))
    return {
        cell: {
            name: sum(share * n for share, n in parts) / sum(n for _, n in parts) for name, parts in measures.items()
        }
        for cell, measures in found.items()
    }


def _is_shown(name: str, cells: Iterable[Mapping[str, float]]) -> bool:
    """Whether there is such a share; of lost comparisons, whether there is any."""
    return any(cell[name] > 0 or name not in LOST for cell in cells if name in cell)


def _rate_fields(rate: LeakRate) -> dict[str, object]:
    return {
        "metric": rate.metric,
        "category": rate.category,
        "rate": rate.rate,
        "low": rate.low,
        "high": rate.high,
        "comparisons": rate.comparisons,
        "clusters": rate.clusters,
        "against": rate.against,
        "measures": {name: asdict(measure) for name, measure in rate.measures.items() if name in SIDE_BY_SIDE},
    }


def _points(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def shortened(text: str) -> str:
    """The text, or its beginning where it would fill a line."""
    return text if len(text) <= LONGEST_SHOWN else text[:LONGEST_SHOWN] + "..."
