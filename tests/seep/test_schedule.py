"""The laws of a schedule: what is due, what is missed, what is overdue."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seep.schedule import (
    due_occurrence,
    is_overdue,
    occurrence_after,
    occurrence_before,
    occurrence_run_id,
    scheduled_time,
    validate_schedule,
)

crons = st.sampled_from(
    ["* * * * *", "*/7 * * * *", "0 6 * * *", "30 23 * * 1-5", "0 0 29 2 *", "15 3 L * *", "0 0 1 1 *"]
)
zones = st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=30)), timezone(timedelta(hours=-8))])
moments = st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=zones)
spans = st.integers(0, 40 * 86_400).map(lambda seconds: timedelta(seconds=seconds))


@given(crons, moments)
def test_a_moment_lies_between_two_neighbouring_occurrences(cron: str, at: datetime) -> None:
    before, after = occurrence_before(cron, at), occurrence_after(cron, at)
    assert before <= at < after
    assert occurrence_after(cron, before) == after
    assert occurrence_before(cron, before) == before


@given(crons, moments, spans)
def test_what_is_due_is_the_latest_occurrence_within_the_window(cron: str, now: datetime, window: timedelta) -> None:
    latest = occurrence_before(cron, now)
    assert due_occurrence(cron, now, None, window) == (latest if now - latest <= window else None)


@given(crons, moments, spans)
def test_what_was_sent_is_not_due_again_and_the_one_before_it_changes_nothing(
    cron: str, now: datetime, window: timedelta
) -> None:
    due = due_occurrence(cron, now, None, window)
    if due is not None:
        earlier = occurrence_before(cron, due - timedelta(seconds=1))
        assert due_occurrence(cron, now, due, window) is None
        assert due_occurrence(cron, now, earlier, window) == due


@given(crons, moments, spans, st.integers(1, 40 * 86_400))
def test_what_a_clock_that_was_ahead_has_sent_keeps_nothing_from_being_sent(
    cron: str, now: datetime, window: timedelta, ahead: int
) -> None:
    assert due_occurrence(cron, now, now + timedelta(seconds=ahead), window) == due_occurrence(cron, now, None, window)


@given(crons, moments, st.lists(st.integers(1, 3 * 86_400), max_size=12))
def test_however_often_one_looks_each_occurrence_is_sent_once_and_none_out_of_order(
    cron: str, start: datetime, pauses: list[int]
) -> None:
    now, last, sent = start, None, []
    for pause in pauses:
        now += timedelta(seconds=pause)
        due = due_occurrence(cron, now, last, timedelta(days=400))
        if due is not None:
            sent.append(due)
            last = due
    assert sent == sorted(set(sent))


@given(crons, moments, spans)
def test_overdue_ends_when_the_occurrence_or_a_later_one_is_completed(
    cron: str, now: datetime, allowed: timedelta
) -> None:
    expected = occurrence_before(cron, now - allowed)
    long_ago = datetime(2000, 1, 1, tzinfo=UTC)
    assert is_overdue(cron, now, None, allowed, long_ago)
    assert is_overdue(cron, now, expected - timedelta(seconds=1), allowed, long_ago)
    assert not is_overdue(cron, now, expected, allowed, long_ago)
    assert not is_overdue(cron, now, occurrence_after(cron, expected), allowed, long_ago)


@given(crons, moments, spans)
def test_nothing_is_overdue_of_the_time_before_there_was_the_schedule_and_all_of_it_afterwards(
    cron: str, since: datetime, allowed: timedelta
) -> None:
    first = occurrence_after(cron, since)
    assert not is_overdue(cron, first + allowed - timedelta(seconds=1), None, allowed, since)
    assert is_overdue(cron, first + allowed, None, allowed, since)
    assert not is_overdue(cron, first + allowed, None, allowed, None)


@given(st.from_regex(r"[a-z0-9-]{1,40}", fullmatch=True), moments)
def test_a_runs_id_names_its_scheduled_time_in_utc(monitor: str, at: datetime) -> None:
    run = occurrence_run_id(monitor, at)
    assert run.startswith(f"{monitor}-")
    assert scheduled_time(monitor, run) == at.replace(microsecond=0)
    assert occurrence_run_id(monitor, at.astimezone(UTC)) == run


def test_another_runs_id_names_no_time() -> None:
    assert scheduled_time("daily", "colours-20260101T000000Z-ab12") is None
    assert scheduled_time("daily", "daily-20260101T000000Z-ab12") is None


@pytest.mark.parametrize(
    ("cron", "reason"),
    [
        ("daily", "expected a cron expression"),
        ("61 * * * *", "Bad minute"),
        ("", "expected a cron expression"),
        ("0 0 30 2 *", "Bad day-of-month"),
    ],
)
def test_what_is_no_schedule_is_refused(cron: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        validate_schedule(cron)


def test_a_cron_expression_is_a_schedule() -> None:
    validate_schedule("0 6 * * *")
