"""How a monitor stands, in lines."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from cli.rendering.monitors import print_monitor
from results.monitor_status import MonitorStatus
from seep.records import LeakRate

RATE = LeakRate(
    *("run-1", "colours", "stub", "semantic", "m", "all", 70.0, 60.0, 80.0, 10, 5, 1, 0, 0), provenance={}, mixed=False
)
STATUS = MonitorStatus("nightly", "stub", "colours", None, None, None, None, None, None, [])


def test_a_rate_has_its_unit_once_and_what_is_not_measured_has_none(capsys: pytest.CaptureFixture[str]) -> None:
    unmeasured = replace(RATE, rate=None, low=None, high=None, metric="n")
    print_monitor(STATUS, "week", [RATE, unmeasured], datetime(2026, 3, 1, tzinfo=UTC))
    lines = capsys.readouterr().out.splitlines()
    assert "  rate      70.00 % [60.00, 80.00], m, run run-1" in lines
    assert "  rate      not measured, n, run run-1" in lines
