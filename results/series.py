"""A target's rate over time: which one is wanted, and its points."""

from dataclasses import dataclass

from seep.records import LeakRate


@dataclass(frozen=True)
class SeriesFilter:
    """Which series: of one target, suite name, metric and category, between two Unix times in seconds.

    `after` is the last run of the page before.
    """

    target: str
    suite: str
    metric: str
    category: str
    since: float | None = None
    until: float | None = None
    after: str | None = None


@dataclass(frozen=True)
class Point:
    """A run's published rate in a series; `created_at` is Unix time in seconds. If not `finished`, it may change."""

    created_at: float
    finished: bool
    rate: LeakRate
