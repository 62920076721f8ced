"""How long the loop of a service waits for what, and how often it tries."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Seconds, and counts of messages and attempts; the defaults are those of a service."""

    batch_size: int = 64
    # What a stopping service may use to finish its batch.
    grace_seconds: float = 20.0
    poll_seconds: float = 0.5
    # While a batch is computed the loop only keeps its place in the group, so often.
    busy_poll_seconds: float = 0.05
    first_pause_seconds: float = 0.5
    longest_pause_seconds: float = 15.0
    # A message that fails alone so many times, while others do not, is dead-lettered.
    max_attempts: int = 4
    # A healthy loop polls several times a second; a loop silent for this long hangs.
    silence_seconds: float = 60.0
    # What has failed at everything for this long, without a dependency being unavailable, is broken itself: an engine
    # whose device is lost raises for ever, and only a new process helps.
    broken_seconds: float = 120.0
    lag_interval_seconds: float = 5.0
