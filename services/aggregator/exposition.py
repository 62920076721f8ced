"""Rates as Prometheus gauges, read anew at every scrape; knows nothing of where they are kept."""

import logging
from collections.abc import Callable, Iterable

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from seep.records import LeakRate

LABELS = ("target", "suite", "category", "metric")

GAUGES: dict[str, tuple[str, Callable[[LeakRate], float | None]]] = {
    "seep_leak_rate_percent": ("Leak rate of the latest finished run.", lambda rate: rate.rate),
    "seep_leak_rate_low_percent": ("Lower end of the rate's 95 % interval.", lambda rate: rate.low),
    "seep_leak_rate_high_percent": ("Upper end of the rate's 95 % interval.", lambda rate: rate.high),
    "seep_comparisons": ("Comparisons behind the rate.", lambda rate: rate.comparisons),
    "seep_clusters": ("Independent clusters of comparisons behind the rate.", lambda rate: rate.clusters),
    "seep_missing_comparisons": ("Comparisons that were expected and are not there.", lambda rate: rate.missing),
}


class RateCollector(Collector):
    """Gauges of the rates that `latest_rates` returns; what is not measured is absent, and so is everything while the
    rates cannot be read."""

    def __init__(self, latest_rates: Callable[[], Iterable[LeakRate]]) -> None:
        self._latest_rates = latest_rates

    def collect(self) -> list[GaugeMetricFamily]:
        """The gauges with their values."""
        try:
            # By labels: two monitors of one target and suite would make a scrape that Prometheus refuses whole.
            rates = {(rate.target, rate.suite, rate.category, rate.metric): rate for rate in self._latest_rates()}
        except Exception as error:
            # Whatever it is, the service's other metrics must still be served.
            logging.getLogger(__name__).warning("no rates at this scrape: %s", type(error).__name__)
            rates = {}
        families = self.describe()
        for family, (_, value_of) in zip(families, GAUGES.values(), strict=True):
            for labels, rate in rates.items():
                value = value_of(rate)
                if value is not None:
                    family.add_metric(labels, value)
        return families

    def describe(self) -> list[GaugeMetricFamily]:
        """The gauges without values, so that registering needs no database."""
        return [GaugeMetricFamily(name, documentation, labels=LABELS) for name, (documentation, _) in GAUGES.items()]
