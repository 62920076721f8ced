"""How a monitor stands, in a few lines."""

from collections.abc import Sequence
from datetime import datetime
from math import floor

from cli.rendering.output import echo
from cli.rendering.rates import interval
from results.drift_test import StreamRun
from results.monitor_status import MonitorStatus
from results.statistics.sequential import ALARM
from seep.records import LeakRate
from seep.schedule import occurrence_after
from seep.shares import difference


def print_monitor(status: MonitorStatus, baseline: str | None, rates: Sequence[LeakRate], now: datetime) -> None:
    """Prints the monitor's state, what it watches, its latest rates over all categories, and what is wrong."""
    echo(f"{status.monitor}: {_state(status)}")
    against = f"baseline {baseline}" if baseline else "no baseline, so it never alarms"
    _line("watches", f"{status.target}, {status.suite}; {against}")
    for rate in rates:
        value, between = interval(rate)
        _line("rate", f"{' '.join(filter(None, (value, between)))}, {rate.metric}, run {rate.run_id}")
    if status.tested is not None:
        _line("evidence", _evidence(status.tested))
    _line("next run", next_time(status, now) or "none: it has no schedule")
    for text in dict.fromkeys((status.unevaluated, *status.warnings)):
        if text:
            _line("warning", text)


def next_time(status: MonitorStatus, now: datetime) -> str | None:
    """When its next run is due, in ISO 8601; None without a schedule."""
    return None if status.schedule is None else f"{occurrence_after(status.schedule, now):%Y-%m-%dT%H:%M:%SZ}"


def _state(status: MonitorStatus) -> str:
    if status.tested is not None and status.tested.alarm:
        return "ALARM, its leakage has changed"
    if status.overdue:
        return "overdue, no run of its latest scheduled time is finished"
    if status.finished is None:
        return "no run yet" if status.latest is None else "its first run is not finished"
    if status.unevaluated:
        return "not evaluated"
    return "no alarm"


def _evidence(tested: StreamRun) -> str:
    e_value = tested.e_value or 0
    # Rounded down where it is near the alarm's, which is not there yet.
    shown = floor(10 * e_value) / 10 if 10 <= e_value < ALARM else e_value
    parts = [f"e-value {shown:.3g} of {ALARM:g}"]
    if tested.difference is not None:
        parts.append(f"{difference(tested.difference, 1)} points from the baseline")
    if tested.autocorrelation is not None:
        parts.append(f"autocorrelation {tested.autocorrelation:.2f}")
    return ", ".join(parts)


def _line(name: str, text: str) -> None:
    echo(f"  {name:9} {text}")
