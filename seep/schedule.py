"""When a monitor is to run: pure functions of its cron expression, the present, and what has run. All times are UTC."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import islice, takewhile

from cronsim import CronSim, CronSimError

OF_RUN_ID = "%Y%m%dT%H%M%SZ"


def validate_schedule(cron: str) -> None:
    """Raises ValueError, with what was expected, for an expression that cannot be a schedule."""
    try:
        CronSim(cron, datetime(2000, 1, 1, tzinfo=UTC))
    except CronSimError as error:
        raise ValueError(f"expected a cron expression, as 0 6 * * *: {error}") from error


def occurrence_before(cron: str, at: datetime) -> datetime:
    """The latest occurrence at or before a at."""
    return _latest_by(cron, at.astimezone(UTC).replace(microsecond=0))


@lru_cache  # many monitors have one schedule, and are looked at together
def _latest_by(cron: str, second: datetime) -> datetime:
    return next(CronSim(cron, second + timedelta(seconds=1), reverse=True))


def occurrence_after(cron: str, at: datetime) -> datetime:
    """The first occurrence after a at."""
    return next(CronSim(cron, at.astimezone(UTC)))


def occurrences_between(cron: str, after: datetime, until: datetime, most: int) -> int:
    """How many occurrences come after a time and no later than another, counted up to so many."""
    following = CronSim(cron, after.astimezone(UTC))
    return sum(1 for _ in takewhile(lambda at: at <= until, islice(following, most)))


def due_occurrence(cron: str, now: datetime, last: datetime | None, deadline: timedelta) -> datetime | None:
    """The occurrence that is to be sent now, if any: the latest one.

    None if it or a later one was sent (`last`), or if its time is longer ago than `deadline`. Occurrences missed before
    it are never sent. One of the future says nothing: it was sent by a clock that was ahead.
    """
    latest = occurrence_before(cron, now)
    if now - latest > deadline or (last is not None and latest <= last <= now):
        return None
    return latest


def is_overdue(
    cron: str, now: datetime, completed: datetime | None, allowed: timedelta, since: datetime | None
) -> bool:
    """Whether an occurrence is longer ago than `allowed`, and neither it nor a later one is completed.

    `completed` is the scheduled time of the latest completed run, None where there is none. `since` says from when on
    there is this schedule: nothing is expected of the time before, and nothing at all while nobody knows of it.
    """
    expected = occurrence_before(cron, now - allowed)
    return since is not None and since < expected and (completed is None or completed < expected)


def occurrence_run_id(monitor: str, at: datetime) -> str:
    """The id of the run that a monitor makes at a scheduled time, to the second."""
    return f"{monitor}-{at.astimezone(UTC).strftime(OF_RUN_ID)}"


def scheduled_time(monitor: str, run_id: str) -> datetime | None:
    """The time in the id of a monitor's run; None where it is no such id."""
    try:
        return datetime.strptime(run_id.removeprefix(f"{monitor}-"), OF_RUN_ID).replace(tzinfo=UTC)
    except ValueError:
        return None
