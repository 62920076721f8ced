"""What a target may demand of an endpoint: so many requests a minute, so many tokens a day."""

from datetime import UTC, datetime, timedelta
from random import uniform


class Pace:
    """Hands out turns at an even distance, and none before the time that a server has named."""

    def __init__(self, requests_per_minute: float | None, spread_seconds: float) -> None:
        self._distance = 60 / requests_per_minute if requests_per_minute else 0.0
        self._spread_seconds = spread_seconds
        self._next = 0.0

    def delay(self, now: float) -> float:
        """Takes the next turn; the seconds until then. `now` is a monotonic clock's."""
        turn = max(now, self._next)
        self._next = turn + self._distance
        # Without a distance all who wait for the time that a server has named would come back at that instant.
        spread = uniform(0, self._spread_seconds) if turn > now and not self._distance else 0.0
        return turn - now + spread

    def pause_until(self, time: float) -> None:
        """No turn before that time of the monotonic clock."""
        self._next = max(self._next, time)


class DailyBudget:
    """Tokens by day, in UTC; counted by this process, since its start."""

    def __init__(self, tokens_per_day: int | None) -> None:
        self._tokens_per_day = tokens_per_day
        self._day = datetime.min.date()
        self._used = 0

    def spend(self, tokens: int, now: datetime) -> None:
        """Counts what was used; `now` is aware of its zone."""
        self._begin(now)
        self._used += tokens

    def seconds_left_without(self, now: datetime) -> float | None:
        """Seconds until the next day where the budget is used up, else None."""
        self._begin(now)
        if self._tokens_per_day is None or self._used < self._tokens_per_day:
            return None
        today = now.astimezone(UTC)
        midnight = today.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
        return (midnight - today).total_seconds()

    def _begin(self, now: datetime) -> None:
        if now.astimezone(UTC).date() != self._day:
            self._day, self._used = now.astimezone(UTC).date(), 0
