"""Rates, monitors and troubled runs as Prometheus gauges, read anew at every scrape; knows nothing of where they are
kept."""

import logging
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from results.monitor_status import MonitorStatus
from results.storage.series import DeadJobs, StalledRuns
from seep.records import LeakRate

LABELS = ("target", "suite", "category", "metric")

GAUGES: dict[str, tuple[str, Callable[[LeakRate], float | None]]] = {
    "seep_leak_rate_percent": ("Leak rate of a monitor's latest finished run.", lambda rate: rate.rate),
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


@dataclass(frozen=True)
class Operation:
    """How the runs go: the configured monitors, and what stalled or died."""

    monitors: list[MonitorStatus]
    stalled: list[StalledRuns]
    dead: list[DeadJobs]


class OperationCollector(Collector):
    """Gauges of what `read` returns; all are absent while it cannot be read.

    Of stalled runs and dead jobs only those of `targets` and `stages` are told: a label must not come from a message.
    """

    def __init__(self, read: Callable[[], Operation], targets: Collection[str], stages: Collection[str]) -> None:
        self._read = read
        self._targets = targets
        self._stages = stages

    def collect(self) -> list[GaugeMetricFamily]:
        """The gauges with their values."""
        families = completed, measured, overdue, stalled, dead = self.describe()
        try:
            operation = self._read()
        except Exception as error:
            # Whatever it is, the service's other metrics must still be served.
            logging.getLogger(__name__).warning("no runs at this scrape: %s", type(error).__name__)
            return families
        for monitor in operation.monitors:
            labels = (monitor.monitor, monitor.target)
            if (finished := monitor.finished) is not None:
                completed.add_metric(labels, finished.progress_at)
                measured.add_metric(labels, float(monitor.unjudged is None))
            if monitor.overdue is not None:
                overdue.add_metric(labels, float(monitor.overdue))
        runs = {of.target: of.runs for of in operation.stalled}
        jobs = {(of.target, of.stage): of.jobs for of in operation.dead}
        # Zeros too: an alarm on what was never there does not fire.
        for target in self._targets:
            stalled.add_metric((target,), runs.get(target, 0))
            for stage in self._stages:
                dead.add_metric((target, stage), jobs.get((target, stage), 0))
        return families

    def describe(self) -> list[GaugeMetricFamily]:
        """The gauges without values, so that registering needs no database."""
        monitor = ("monitor", "target")
        return [
            GaugeMetricFamily(
                "seep_monitor_last_completed_timestamp_seconds",
                "When the monitor's latest finished run made its last progress.",
                labels=monitor,
            ),
            GaugeMetricFamily(
                "seep_monitor_measured",
                "0 where the monitor's latest finished run gives no rate that is judged.",
                labels=monitor,
            ),
            GaugeMetricFamily("seep_monitor_overdue", "1 where a scheduled run is not completed.", labels=monitor),
            GaugeMetricFamily("seep_stalled_runs", "Unfinished runs without progress.", labels=("target",)),
            GaugeMetricFamily("seep_dead_jobs", "Jobs given up and not scored since.", labels=("target", "stage")),
        ]
