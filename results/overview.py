"""What an overview shows of each monitor, and of a run in progress: gathered records, nothing computed anew."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from results.comparison import RunVerdict
from results.drift_test import StreamRun
from results.monitor_status import MonitorStatus
from results.series import Point
from seep.records import LeakRate


@dataclass(frozen=True)
class MonitorOverview:
    """A monitor with what its latest finished run says.

    `suite_name` is as runs name it. `alarm` is the run with which an alarm rose that still stands, at the time at which
    it was sent. `verdict` and `rates` are those of the latest finished run; `trend` are the newest runs' rates over all
    categories, oldest first. `next_at` is Unix time in seconds, None without a schedule.
    """

    status: MonitorStatus
    suite_name: str
    baseline: str | None
    next_at: float | None
    alarm: StreamRun | None
    verdict: RunVerdict | None
    rates: Sequence[LeakRate]
    trend: Sequence[Point]


@dataclass(frozen=True)
class Throughput:
    """How fast a run gets on: jobs recorded within the last `seconds`, five minutes or since it was sent, and the
    seconds left at that speed.

    Where the sender's clock is ahead of the first jobs, `seconds` begin with those, and `jobs` are those after them.
    `remaining_seconds` is None where nothing came, or the number of jobs is not known.
    """

    jobs: int
    seconds: float
    remaining_seconds: float | None


@dataclass(frozen=True)
class DeadOfRun:
    """Why `jobs` jobs of a run are dead-lettered; `newest_at` is Unix time in seconds."""

    run_id: str
    target: str
    stage: str
    reason: str
    jobs: int
    newest_at: float


COUNTED_RUNS = 1000
"""So many of a suite's newest runs are counted by its versions."""


@dataclass(frozen=True)
class SuiteUse:
    """A version of a suite as the suite's newest thousand runs had it: how many, the newest of them, their targets."""

    suite: str
    version: str
    hash: str
    probe: str
    runs: int
    newest_run: str
    newest_at: float
    targets: Sequence[str]


def differing(provenances: Sequence[Mapping[str, str]]) -> dict[str, list[str]]:
    """In what a run's jobs differ: by name, the values, each once; empty where they agree."""
    names = sorted({name for provenance in provenances for name in provenance})
    values = {name: sorted({provenance.get(name, "") for provenance in provenances}) for name in names}
    return {name: found for name, found in values.items() if len(found) > 1}
