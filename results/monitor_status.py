"""What is known of the configured monitors: how each one stands, and what may be shown of it."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from results.rates import ALL
from results.runs import RunSummary
from seep.probes import own_metrics
from seep.records import LeakRate
from seep.settings import Metrics, Monitor
from seep.suites.loading import load_suite


@dataclass(frozen=True)
class MonitorStatus:
    """A monitor with its runs of the latest scheduled times; `overdue` is None where it has no schedule.

    `unevaluated` says why the latest finished run has no verdict; None if it has one, needs none, or there is no run.
    """

    monitor: str
    target: str
    suite: str
    schedule: str | None
    overdue: bool | None
    latest: RunSummary | None
    finished: RunSummary | None
    unevaluated: str | None


@dataclass(frozen=True)
class Watched:
    """What a monitor's rates may be called: a label must not come from a message."""

    target: str
    suite: str
    categories: Collection[str]


def watched(monitors: Mapping[str, Monitor]) -> dict[str, Watched]:
    """What may be shown of each monitor. Raises InputError for a suite that cannot be read."""
    suites = {name: load_suite(monitor.suite) for name, monitor in monitors.items()}
    return {
        name: Watched(monitors[name].target, suite.name, frozenset(suite.comparisons) | {ALL})
        for name, suite in suites.items()
    }


def metric_names(metrics: Metrics) -> set[str]:
    """The names of all metrics that a scorer of this configuration may score by."""
    return {*metrics.names(), *own_metrics()}


def baselines(monitors: Mapping[str, Monitor]) -> dict[str, str]:
    """The baseline of each monitor that has one."""
    return {name: monitor.baseline for name, monitor in monitors.items() if monitor.baseline is not None}


def nameable(rates: list[LeakRate], shown: Watched, metrics: Collection[str]) -> Iterator[LeakRate]:
    """Those of the rates that have a label in the configuration."""
    for rate in rates:
        named = (rate.target, rate.suite) == (shown.target, shown.suite)
        if named and rate.category in shown.categories and rate.metric in metrics:
            yield rate
