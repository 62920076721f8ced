"""What is known of the configured monitors: how each one stands, and what may be shown of it."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from results.baselines import weaknesses
from results.drift_test import StreamRun
from results.rates import ALL
from results.reach import Reach
from results.runs import RunSummary
from results.statistics.sequential import ALARM
from results.trust import HIGH, LAST_RUNS
from seep.probes import own_metrics
from seep.records import LeakRate
from seep.settings import Metrics, Monitor
from seep.suites.loading import load_suite


@dataclass(frozen=True)
class MonitorStatus:
    """A monitor with its runs of the latest scheduled times; `overdue` is None where it has no schedule.

    `unevaluated` says why the latest finished run has no verdict; None if it has one, needs none, or there is no run.
    `tested` is the run that was tested last, with the evidence after it; `warnings` say why an alarm of this monitor
    cannot be trusted, or why it has none.
    """

    monitor: str
    target: str
    suite: str
    schedule: str | None
    overdue: bool | None
    latest: RunSummary | None
    finished: RunSummary | None
    unevaluated: str | None
    tested: StreamRun | None
    warnings: list[str]


@dataclass(frozen=True)
class Watched:
    """What a monitor's rates may be called: a label must not come from a message."""

    target: str
    suite: str
    categories: Collection[str]


@dataclass(frozen=True)
class WatchedRate:
    """A rate of a monitor's latest finished run, with its reach."""

    monitor: str
    rate: LeakRate
    reach: Reach | None


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


def not_set(baseline: str) -> str:
    """Why no run of a monitor is tested whose baseline nobody has named yet."""
    return f"the baseline {baseline} is not set"


def warnings_of(monitor: Monitor, baseline_sent_at: Sequence[float] | None, tested: StreamRun | None) -> list[str]:
    """What whoever sees the monitor's alarm, or misses it, must know; the baseline's runs were sent at these times.

    They are None of a baseline that is not set.
    """
    found = []
    if monitor.baseline is not None and baseline_sent_at is None:
        found.append(not_set(monitor.baseline))
    found += [f"baseline {monitor.baseline}: {line}" for line in weaknesses(baseline_sent_at or (), monitor.schedule)]
    if tested is None:
        return found
    if tested.autocorrelation is not None and tested.autocorrelation >= HIGH:
        found.append(
            "its quiet runs are like the runs before them"
            f" (lag-1 autocorrelation {tested.autocorrelation:.2f}): an alarm may be a slow wave, and no change"
        )
    if (tested.e_value or 0) >= ALARM and not tested.alarm:
        found.append(
            f"there is evidence of a change, but no alarm: the last {LAST_RUNS} runs differ from the baseline by less"
            f" than {monitor.alarm_points:g} points"
        )
    return found


def nameable(rates: list[LeakRate], shown: Watched, metrics: Collection[str]) -> Iterator[LeakRate]:
    """Those of the rates that have a label in the configuration."""
    for rate in rates:
        named = (rate.target, rate.suite) == (shown.target, shown.suite)
        if named and rate.category in shown.categories and rate.metric in metrics:
            yield rate
