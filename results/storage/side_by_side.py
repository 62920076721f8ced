"""Several runs side by side, as their rates and sums are kept."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from results.comparison import Cell, CellVerdict, compare, decide_with, incomparable
from results.model_table import TableRow, model_names, pooled_sums
from results.rates import POOL_SEPARATOR
from results.runs import RunSummary
from results.storage import rates
from results.storage.compared import Compared, compare_runs
from results.storage.database import Connection

Differences = Mapping[Cell, CellVerdict]


def table_rows(
    connection: Connection, summaries: Sequence[RunSummary], pools: Sequence[Sequence[str]], delta: float
) -> list[TableRow]:
    """The rates of each run, pools last, with what each is above the first; `delta`, in points, is the smallest
    difference that matters. Raises InputError for a pool that a run does not have."""
    first, *_ = summaries
    rows = []
    for summary, model in zip(summaries, model_names(summaries), strict=True):
        found = rates.of_run(connection, summary.run_id)
        found += rates.of_pools(connection, summary.run_id, pools)
        differing = _differences(connection, summary, first, pools, delta)
        rows += [TableRow(summary.run_id, model, rate, differing.get((rate.metric, rate.category))) for rate in found]
    return rows


def _differences(
    connection: Connection, run: RunSummary, first: RunSummary, pools: Sequence[Sequence[str]], delta: float
) -> Differences:
    if run.run_id == first.run_id or incomparable(run, first):
        return {}
    compared = compare_runs(connection, run, [first], delta)
    cells = [*compared.cells, *(cell for pool in pools for cell in of_pool(compared, pool, delta))]
    if compared.reason:
        cells = [replace(cell, verdict=decide_with([cell], compared.reason)) for cell in cells]
    return {(cell.metric, cell.category): cell for cell in cells}


def of_pool(compared: Compared, pool: Sequence[str], delta: float) -> list[CellVerdict]:
    """The difference over a pool's categories together; p is of jobs that change places."""
    sides = [pooled_sums(sums, pool) for sums in (compared.run_sums, *compared.reference_sums)]
    name = POOL_SEPARATOR.join(pool)
    return [cell for cell in compare(sides[0], sides[1:], [name], delta) if cell.category == name]
