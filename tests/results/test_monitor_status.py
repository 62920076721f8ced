"""What whoever sees a monitor's alarm is told: whether its baseline, its quiet runs and its evidence can be trusted."""

from datetime import UTC, datetime, timedelta

import pytest

from results.baselines import MANY_RUNS, too_short, weaknesses
from results.drift_test import StreamRun
from results.monitor_status import warnings_of
from seep.settings import Monitor

MONITOR = Monitor.model_validate(
    {"target": "stub", "suite": "colours.yaml", "baseline": "week", "schedule": "0 6 * * *"}
)
DAYS = [(datetime(2026, 11, 2, 6, tzinfo=UTC) + timedelta(days=day, seconds=5)).timestamp() for day in range(7)]


def after_a_run(e_value: float = 1.0, *, alarm: bool = False, autocorrelation: float | None = None) -> StreamRun:
    return StreamRun("daily", "run", "week", "tested", None, e_value, alarm, 0.0, autocorrelation, 0.0)


@pytest.mark.parametrize(
    ("sent_at", "schedule", "said"),
    [
        (DAYS, "0 6 * * *", None),
        ([at - 30 for at in DAYS[:1]] + DAYS[1:], "0 6 * * *", None),  # sent by hand, before its time
        ([at + 60 for at in DAYS[:3]], "0 6 * * *", None),
        (DAYS[:1], "0 6 * * *", None),
        (DAYS[:1] * 7, "0 6 * * *", "its 7 runs span 0 intervals of the schedule 0 6 * * *"),
        (DAYS[:3] * 2, "0 6 * * *", "its 6 runs span 2 intervals of the schedule 0 6 * * *"),
        # Monday to Friday and the next Monday are six times of five days a week.
        ([*DAYS[:5], DAYS[0] + 7 * 86400], "0 6 * * 1-5", None),
        ([at + 3600 * place for place, at in enumerate(DAYS[:1] * 7)], "0 * * * *", None),
        ([], None, None),
        (DAYS[:1] * 2, None, "its runs were sent within an hour"),
        (DAYS[:2], None, None),
    ],
)
def test_runs_that_span_fewer_intervals_than_the_schedule_has_between_so_many_are_too_short(
    sent_at: list[float], schedule: str | None, said: str | None
) -> None:
    found = too_short(sent_at, schedule)
    assert found is None if said is None else found is not None and found.startswith(said)


def test_a_long_baseline_is_warned_of_since_none_of_its_runs_is_tested() -> None:
    days = [DAYS[0] + 86_400 * day for day in range(MANY_RUNS + 1)]
    assert weaknesses(days[:-1], "0 6 * * *") == []
    [line] = weaknesses(days, "0 6 * * *")
    assert line.startswith("its 61 runs are more than 60: none of them is tested")
    assert weaknesses(days, None) == [line]


def test_a_monitor_without_trouble_has_no_warning() -> None:
    assert warnings_of(MONITOR, DAYS, after_a_run(autocorrelation=0.1)) == []
    assert warnings_of(MONITOR, DAYS, after_a_run(e_value=30, alarm=True)) == []
    assert warnings_of(MONITOR, DAYS, None) == []


def test_what_makes_an_alarm_doubtful_is_said() -> None:
    [short] = warnings_of(MONITOR, DAYS[:1] * 7, None)
    assert short.startswith("baseline week: its 7 runs span 0 intervals")
    [wave] = warnings_of(MONITOR, DAYS, after_a_run(e_value=30, alarm=True, autocorrelation=0.52))
    assert "lag-1 autocorrelation 0.52" in wave
    [small] = warnings_of(MONITOR, DAYS, after_a_run(e_value=30))
    assert "less than 3 points" in small
