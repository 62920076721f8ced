"""Times as people write and read them, in UTC."""

from datetime import UTC, datetime

from seep.errors import InputError


def format_time(seconds: float | None) -> str:
    """A time in Unix seconds in ISO 8601; nothing for None."""
    return "" if seconds is None else datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def parse_past_time(text: str | None) -> datetime:
    """What --at says in ISO 8601, in UTC where it names no zone; now for None.

    Raises InputError, also for a time to come: once its run is sent, `seep schedule` takes all earlier times for done.
    """
    now = datetime.now(UTC)
    if text is None:
        return now
    try:
        given = datetime.fromisoformat(text)
    except ValueError as error:
        raise InputError(f"--at {text}: expected a time as 2026-01-31T06:00Z") from error
    given = given if given.tzinfo else given.replace(tzinfo=UTC)
    if given > now:
        raise InputError(f"--at {text}: expected a time that is past; it is {now:%Y-%m-%dT%H:%MZ}")
    return given
