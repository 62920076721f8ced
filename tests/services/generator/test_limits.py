"""Requests keep their distance, and a day's tokens come back with the next day in UTC."""

from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from services.generator.limits import DailyBudget, Pace


@given(st.lists(st.floats(0, 10), min_size=1, max_size=20), st.floats(1, 600))
def test_turns_are_never_closer_than_the_rate_allows(gaps: list[float], per_minute: float) -> None:
    pace, now, turns = Pace(per_minute, 1.0), 100.0, []
    for gap in gaps:
        now += gap
        turns.append(now + pace.delay(now))
    assert all(later - earlier >= 60 / per_minute - 1e-6 for earlier, later in pairwise(turns))


def test_without_a_rate_nobody_waits_until_the_server_asks_for_it() -> None:
    pace = Pace(None, 1.0)
    assert [pace.delay(5.0), pace.delay(5.0)] == [0, 0]
    pace.pause_until(8.0)
    waits = [pace.delay(5.0) for _ in range(20)]
    assert all(3 <= wait <= 4 for wait in waits)
    # They do not come back at the same instant.
    assert len(set(waits)) > 1
    assert pace.delay(9.0) == 0


def test_after_the_time_that_a_server_asks_for_turns_keep_their_distance() -> None:
    pace = Pace(60, 1.0)
    pace.pause_until(8.0)
    assert [pace.delay(5.0) for _ in range(3)] == [3, 4, 5]


def test_a_budget_that_is_used_up_comes_back_at_midnight_in_utc() -> None:
    budget = DailyBudget(100)
    evening = datetime(2026, 3, 1, 23, 0, tzinfo=UTC)
    budget.spend(60, evening)
    assert budget.seconds_left_without(evening) is None
    budget.spend(40, evening)
    assert budget.seconds_left_without(evening) == 3600
    elsewhere = evening.astimezone(timezone(timedelta(hours=5)))
    assert budget.seconds_left_without(elsewhere) == 3600
    assert budget.seconds_left_without(evening + timedelta(hours=1)) is None


def test_without_a_budget_nothing_is_used_up() -> None:
    budget = DailyBudget(None)
    budget.spend(10**9, datetime(2026, 3, 1, tzinfo=UTC))
    assert budget.seconds_left_without(datetime(2026, 3, 1, tzinfo=UTC)) is None
