"""Several runs side by side: what each is called, its rates, and how far it is from the first."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from results.comparison import CellVerdict, LeakSum
from results.rates import POOL_SEPARATOR
from results.runs import RunSummary
from seep.records import LeakRate


@dataclass(frozen=True)
class TableRow:
    """A run's rate of one metric and category or pool, and its difference from the first run's.

    There is no `difference` of the first itself, and none from a run that it must not be compared with.
    """

    run_id: str
    model: str
    rate: LeakRate
    difference: CellVerdict | None


def model_names(summaries: Sequence[RunSummary]) -> list[str]:
    """What to call each run: its model with its adapter, else the target, else the run's id, whichever tells all
    apart."""
    for names in ([_model(summary) for summary in summaries], [summary.target for summary in summaries]):
        if len(set(names)) == len(names) and all(names):
            return names
    return [summary.run_id for summary in summaries]


def _model(summary: RunSummary) -> str:
    model = summary.provenance.get("model", "").rstrip("/").rpartition("/")[2]
    adapter = summary.provenance.get("adapter")
    return f"{model} + {adapter}" if adapter and model else model


def pooled_sums(sums: Iterable[LeakSum], pool: Sequence[str]) -> list[LeakSum]:
    """Those of the pool's categories, as of one category; the pool must not count a comparison twice."""
    name = POOL_SEPARATOR.join(pool)
    return [row._replace(category=name) for row in sums if row.category in pool]
