"""What is read for charts and alarms: a target's rates over time, what died and what stalls."""

from dataclasses import dataclass

from results.storage import queries
from results.storage.store import Store
from seep.codec import decode_rate
from seep.records import LeakRate


@dataclass(frozen=True)
class Point:
    """A run's published rate in a series; `created_at` is Unix time in seconds. What is not `finished` may change."""

    created_at: float
    finished: bool
    rate: LeakRate


@dataclass(frozen=True)
class Asked:
    """Which series: of one target, suite name, metric and category, between two Unix times in seconds."""

    target: str
    suite: str
    metric: str
    category: str
    since: float | None = None
    until: float | None = None
    after: str | None = None


@dataclass(frozen=True)
class DeadJobs:
    """How many jobs of a target a stage has given up."""

    target: str
    stage: str
    jobs: int


@dataclass(frozen=True)
class StalledRuns:
    """How many runs of a target stall."""

    target: str
    runs: int


@dataclass(frozen=True)
class _Row:
    created_at: float
    finished: bool
    rate: bytes


def series(store: Store, asked: Asked, limit: int) -> list[Point]:
    """The rates of a target over time as they were published last, newest first; `after` names the run before."""
    rows = store.select(_Row, queries.points_query(vars(asked)), vars(asked) | {"limit": limit})
    return [Point(row.created_at, row.finished, decode_rate(row.rate)) for row in rows]


def dead_jobs(store: Store) -> list[DeadJobs]:
    """Jobs that are given up, by target and stage."""
    return store.select(DeadJobs, queries.DEAD_BY_TARGET_AND_STAGE, {})


def stalled_runs(store: Store) -> list[StalledRuns]:
    """Runs without progress for as long as the store allows, by target; none where there are none."""
    asked = {"stalled_after_seconds": store.stalled_after_seconds}
    return store.select(StalledRuns, queries.STALLED_BY_TARGET, asked)
