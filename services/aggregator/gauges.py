"""Rates, monitors and troubled runs as Prometheus gauges, read again at every scrape; knows no database."""

import logging
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from prometheus_client import Gauge
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from results.dead_jobs import DeadJobs
from results.drift_test import StreamRun
from results.monitor_status import MonitorStatus, WatchedRate
from results.reach import Reach
from results.runs import StalledRuns
from seep.answers import LOST
from seep.records import Estimate, LeakRate

log = logging.getLogger(__name__)
T = TypeVar("T")

# What is absent raises no alarm: that it could not be read must be there.
READ = Gauge(
    "seep_gauges_read",
    "1 if rates, monitors or runs could be read for their gauges, else 0.",
    ["what"],
    registry=None,  # GaugesCollector shows it: the registry's own order would show what the scrape before has read
)
RATE_LABELS = ("monitor", "target", "suite", "category", "metric")


def _ratio(percent: float | None) -> float | None:
    return None if percent is None else percent / 100


RATE_GAUGES: dict[str, tuple[str, Callable[[LeakRate], float | None]]] = {
    "seep_leak_rate_ratio": (
        "Leak rate of a monitor's latest finished run, 0 to 1, against its neutral arm or its control.",
        lambda rate: _ratio(rate.rate),
    ),
    "seep_leak_rate_ci_lower_ratio": (
        "Lower end of the rate's 95 % confidence interval.",
        lambda rate: _ratio(rate.low),
    ),
    "seep_leak_rate_ci_upper_ratio": (
        "Upper end of the rate's 95 % confidence interval.",
        lambda rate: _ratio(rate.high),
    ),
}
REACH_GAUGES: dict[str, tuple[str, Callable[[Reach], float | None]]] = {
    "seep_leak_rate_other_concepts_ci_lower_ratio": (
        "Lower end of the rate's interval for other concepts too, where the suite asks few.",
        lambda reach: _ratio(reach.low),
    ),
    "seep_leak_rate_other_concepts_ci_upper_ratio": (
        "Upper end of the rate's interval for other concepts too, where the suite asks few.",
        lambda reach: _ratio(reach.high),
    ),
}
COUNT_GAUGES: dict[str, tuple[str, Callable[[LeakRate], float]]] = {
    "seep_comparisons": ("Comparisons behind the rate.", lambda rate: rate.comparisons),
    "seep_independent_clusters": ("Independent clusters of comparisons behind the rate.", lambda rate: rate.clusters),
    "seep_missing_comparisons": ("Comparisons that were expected and have no leak score.", lambda rate: rate.missing),
}
LOSS_GAUGES: dict[str, tuple[str, Callable[[Estimate], float]]] = {
    "seep_lost_comparisons_ratio": (
        "Share of all comparisons whose answer was lost, by reason, 0 to 1.",
        lambda share: share.share / 100,
    ),
    "seep_lost_comparisons_ci_lower_ratio": (
        "Lower end of that share's 95 % confidence interval.",
        lambda share: share.low / 100,
    ),
    "seep_lost_comparisons_ci_upper_ratio": (
        "Upper end of that share's 95 % confidence interval.",
        lambda share: share.high / 100,
    ),
}


def _read(what: str, read: Callable[[], T]) -> T | None:
    """What `read` returns; None where it fails, for the service's other metrics must still be served."""
    try:
        found = read()
    except Exception as error:
        log.warning("no %s at this scrape: %s", what, type(error).__name__)
        READ.labels(what).set(0)
        return None
    READ.labels(what).set(1)
    return found


class RateCollector(Collector):
    """Gauges of the rates that `latest_rates` returns, each with its reach.

    What is not measured is absent, and so is everything while the rates cannot be read.
    """

    def __init__(self, latest_rates: Callable[[], Iterable[WatchedRate]]) -> None:
        self._latest_rates = latest_rates

    def collect(self) -> list[GaugeMetricFamily]:
        """The gauges with their values."""
        families = {family.name: family for family in self.describe()}
        for watched in _read("rates", lambda: list(self._latest_rates())) or ():
            rate, reach = watched.rate, watched.reach
            labels = (watched.monitor, rate.target, rate.suite, rate.category, rate.metric)
            values = {name: value_of(rate) for name, (_, value_of) in RATE_GAUGES.items()}
            values |= {name: end_of(reach) for name, (_, end_of) in REACH_GAUGES.items() if reach}
            for name, value in values.items():
                if value is not None:
                    families[name].add_metric((*labels, rate.against), value)
            for name, (_, count_of) in COUNT_GAUGES.items():
                families[name].add_metric(labels, count_of(rate))
            for reason in LOST:
                for name, (_, bound_of) in LOSS_GAUGES.items() if reason in rate.measures else ():
                    families[name].add_metric((*labels, reason), bound_of(rate.measures[reason]))
        return list(families.values())

    def describe(self) -> list[GaugeMetricFamily]:
        """The gauges without values, so that registering needs no database."""
        labels_and_gauges = (
            ((*RATE_LABELS, "against"), RATE_GAUGES),
            ((*RATE_LABELS, "against"), REACH_GAUGES),
            (RATE_LABELS, COUNT_GAUGES),
            ((*RATE_LABELS, "reason"), LOSS_GAUGES),
        )
        return [
            GaugeMetricFamily(name, text, labels=labels)
            for labels, gauges in labels_and_gauges
            for name, (text, _) in gauges.items()
        ]


class MonitorCollector(Collector):
    """Gauges of the monitors' tests that `states` returns; nothing while they cannot be read."""

    def __init__(self, states: Callable[[], Iterable[StreamRun]]) -> None:
        self._states = states

    def collect(self) -> list[GaugeMetricFamily]:
        """The gauges with their values."""
        e_value, alarm, autocorrelation = families = self.describe()
        for state in _read("monitors", lambda: list(self._states())) or ():
            if state.e_value is not None:
                e_value.add_metric([state.monitor], state.e_value)
            alarm.add_metric([state.monitor], float(state.alarm))
            if state.autocorrelation is not None:
                autocorrelation.add_metric([state.monitor], state.autocorrelation)
        return families

    def describe(self) -> list[GaugeMetricFamily]:
        """The gauges without values, so that registering needs no database."""
        return [
            GaugeMetricFamily(
                "seep_monitor_e_value",
                "Evidence that the monitor's runs changed since its baseline; 20 raises the alarm.",
                labels=["monitor"],
            ),
            GaugeMetricFamily(
                "seep_monitor_alarm", "1 from the alarm on until the baseline is set again, else 0.", labels=["monitor"]
            ),
            GaugeMetricFamily(
                "seep_monitor_autocorrelation",
                "How like the run before each quiet run of the monitor is, -1 to 1; from 0.4 on alarms may be false.",
                labels=["monitor"],
            ),
        ]


@dataclass(frozen=True)
class Operation:
    """How the runs go: the configured monitors, and what stalled or died."""

    monitors: list[MonitorStatus]
    stalled: list[StalledRuns]
    dead: list[DeadJobs]


class OperationCollector(Collector):
    """Gauges of what `read` returns; all are absent while it cannot be read.

    Stalled runs and dead jobs have gauges for `targets` and `stages` only: a label must not come from a message.
    """

    def __init__(self, read: Callable[[], Operation], targets: Collection[str], stages: Collection[str]) -> None:
        self._operation = read
        self._targets = targets
        self._stages = stages

    def collect(self) -> list[GaugeMetricFamily]:
        """The gauges with their values."""
        completed, took, evaluated, overdue, stalled, dead = families = self.describe()
        operation = _read("runs", self._operation)
        if operation is None:
            return families
        for monitor in operation.monitors:
            labels = (monitor.monitor, monitor.target)
            if (finished := monitor.finished) is not None:
                completed.add_metric(labels, finished.progress_at)
                if finished.created_at is not None:
                    took.add_metric(labels, finished.progress_at - finished.created_at)
                evaluated.add_metric(labels, float(monitor.unevaluated is None))
            if monitor.overdue is not None:
                overdue.add_metric(labels, float(monitor.overdue))
        runs = {found.target: found.runs for found in operation.stalled}
        jobs = {(found.target, found.stage): found.jobs for found in operation.dead}
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
                "seep_monitor_run_duration_seconds",
                "Time from the sending of the monitor's latest finished run to its last progress.",
                labels=monitor,
            ),
            GaugeMetricFamily(
                "seep_monitor_evaluated",
                "1 if the monitor's latest finished run could be evaluated, else 0; the API's /v1/monitors says why.",
                labels=monitor,
            ),
            GaugeMetricFamily(
                "seep_monitor_overdue", "1 if a scheduled run is not completed in time, else 0.", labels=monitor
            ),
            GaugeMetricFamily("seep_stalled_runs", "Unfinished runs without progress.", labels=("target",)),
            GaugeMetricFamily(
                "seep_dead_jobs", "Dead-lettered jobs that were not scored since.", labels=("target", "stage")
            ),
        ]


class GaugesCollector(Collector):
    """The gauges of several collectors, and after them which of these could be read at this very scrape."""

    def __init__(self, collectors: Sequence[RateCollector | OperationCollector | MonitorCollector]) -> None:
        self._collectors = collectors

    def collect(self) -> Iterator[Metric]:
        """The gauges with their values."""
        for collector in self._collectors:
            yield from collector.collect()
        yield from READ.collect()

    def describe(self) -> Iterator[Metric]:
        """The gauges without values, so that registering needs no database."""
        for collector in self._collectors:
            yield from collector.describe()
        yield from READ.describe()
