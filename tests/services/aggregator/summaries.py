"""A run in brief, for assertions."""

from seep.records import LeakRate
from services.aggregator.store import Store


def state(store: Store, run: str = "run-1") -> str:
    """What the run is in."""
    summary = store.run(run)
    assert summary is not None
    return summary.state


def figures(rates: list[LeakRate], metric: str = "sentence_bert") -> dict[str, tuple[float | None, int, int, int]]:
    """Rate, comparisons, clusters and missing of each category."""
    of_metric = [rate for rate in rates if rate.metric == metric]
    return {rate.category: (rate.rate, rate.comparisons, rate.clusters, rate.missing) for rate in of_metric}
