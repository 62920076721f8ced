"""How a monitor stands, in lines."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from cli.rendering.monitors import print_monitor
from results.drift_test import StreamRun
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


@pytest.mark.parametrize(("e_value", "shown"), [(19.96, "19.9"), (20.0, "20"), (3.456, "3.46"), (0.0012, "0.0012")])
def test_the_evidence_reads_20_from_20_on_alone(capsys: pytest.CaptureFixture[str], e_value: float, shown: str) -> None:
    tested = StreamRun("nightly", "run-1", "week", "tested", None, e_value, e_value >= 20, None, None, 0.0)
    print_monitor(replace(STATUS, tested=tested), "week", [], datetime(2026, 3, 1, tzinfo=UTC))
    assert f"  evidence  e-value {shown} of 20" in capsys.readouterr().out.splitlines()
