"""The state of a run, from counts alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

RunState = Literal["running", "complete", "partial", "stalled", "cancelled"]
FINISHED: frozenset[RunState] = frozenset({"complete", "partial", "cancelled"})


def run_state(
    *,
    expected: int | None,
    recorded: int,
    dead: int,
    cancelled: bool,
    idle_seconds: float,
    stalled_after_seconds: float,
) -> RunState:
    """The state of a run of `expected` jobs (None before its manifest is there), `recorded` of them scored.

    A run with nothing left to come is complete or partial even where it was cancelled afterwards.
    """
    if expected is not None and recorded >= expected:
        return "complete"
    if expected is not None and recorded + dead >= expected:
        return "partial"
    if cancelled:
        return "cancelled"
    return "stalled" if idle_seconds > stalled_after_seconds else "running"


@dataclass(frozen=True)
class Wait:
    """Why a run's jobs wait in a stage, and since when, in Unix time; `reason` holds no prompt and no secret."""

    stage: str
    reason: str
    since: float


@dataclass(frozen=True)
class RunSummary:
    """A run at a glance; names are empty and counts of what is expected None before its manifest or first job.

    `job_count` is the number expected, `recorded` and `dead` how many of them are scored and dead-lettered.
    `comparisons` are expected, `missing` those of them without a leak score: `lost` counts by reason those whose
    answer was lost, and the rest is not recorded. Times are Unix time in seconds. What was recorded before
    `texts_deleted_at` has no texts any more. `samples` are answers per prompt, `expected_comparisons` are by
    category; `provenance` is what all jobs agree on. `reason` says why a cancelled run was ended, and is empty
    where a person did it. `waits` are those of an unfinished run without progress since they were last said.
    `labels` are what whoever sent it gave it.
    """

    run_id: str
    target: str
    suite: str
    suite_version: str
    suite_hash: str
    probe: str
    cluster: str | None
    monitor: str
    state: RunState
    reason: str
    job_count: int | None
    recorded: int
    dead: int
    comparisons: int | None
    missing: int
    lost: Mapping[str, int]
    mixed: bool
    created_at: float | None
    progress_at: float
    texts_deleted_at: float | None
    samples: int | None
    expected_comparisons: Mapping[str, int]
    provenance: Mapping[str, str]
    waits: tuple[Wait, ...] = ()
    labels: tuple[str, ...] = ()

    @property
    def measured(self) -> bool:
        """Whether any comparison has a leak score; also of a run whose manifest is not there yet."""
        return self.recorded > 0 and (self.comparisons is None or self.missing < self.comparisons)


@dataclass(frozen=True)
class StalledRuns:
    """How many runs of a target stall."""

    target: str
    runs: int
