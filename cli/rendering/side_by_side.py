"""Several runs in one table for each metric and category, a row for each run."""

from collections.abc import Sequence

from cli.rendering.losses import missing_line
from cli.rendering.output import DataTable, echo
from cli.rendering.rates import rate_title
from cli.rendering.tables import print_table
from results.comparison import incomparable
from results.model_table import TableRow, model_names
from results.runs import RunSummary
from results.statistics.verdicts import DELTA_POINTS, smallest_change
from seep.shares import between, difference, difference_between, rounded

WHAT_IT_SAYS = (
    "difference: from the first run, in points, test by test, with its 95 % interval; drift: p < 0.05 and at least"
    f" {DELTA_POINTS:g} points, each run by itself; `seep compare` says more of two runs"
)


def print_side_by_side(summaries: Sequence[RunSummary], rows: Sequence[TableRow]) -> None:
    """A table for each metric and category; then what the differences mean, and each run with what it lacks."""
    for metric, category in dict.fromkeys((row.rate.metric, row.rate.category) for row in rows):
        _print_cell(
            metric, category, [row for row in rows if (row.rate.metric, row.rate.category) == (metric, category)]
        )
    if any(row.difference for row in rows):
        echo(WHAT_IT_SAYS)
    for summary, model in zip(summaries, model_names(summaries), strict=True):
        different = incomparable(summary, summaries[0])
        parts = [
            f"{model}: run {summary.run_id}, {summary.state}",
            missing_line(summary),
            f"no difference from the first: {', '.join(different)} differs" if different else "",
        ]
        echo(", ".join(filter(None, parts)))


def _print_cell(metric: str, category: str, rows: Sequence[TableRow]) -> None:
    table = DataTable(title=f"{category}, {metric}: {rate_title([row.rate for row in rows])}, in %", pad_edge=False)
    table.add_column("model")
    table.add_column("rate", justify="right")
    table.add_column("95 % interval")
    differing = any(row.difference for row in rows)
    for heading in ("difference", "95 % interval", "verdict") if differing else ():
        table.add_column(heading)
    for row in rows:
        table.add_row(row.model, *_rate(row), *(_difference(row) if differing else ()))
    print_table(table)
    echo()


def _rate(row: TableRow) -> tuple[str, str]:
    rate, low, high = row.rate.rate, row.rate.low, row.rate.high
    if rate is None or low is None or high is None:
        return "-", "not measured"
    return rounded(rate, 2), between(low, high, 2)


def _difference(row: TableRow) -> tuple[str, str, str]:
    found = row.difference
    if found is None or found.effect is None:
        return "", "", "" if found is None else found.verdict
    interval = "" if found.low is None or found.high is None else difference_between(found.low, found.high, 1)
    return difference(found.effect, 1, smallest_change()), interval, found.verdict
