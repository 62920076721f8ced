"""The state of a run, from counts alone."""

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
class RunSummary:
    """A run at a glance; names are empty and counts of what is expected None before its manifest or first job.

    `jobs` is the number expected, `recorded` and `dead` how many of them are scored and given up; `comparisons` are
    expected, `missing` those of them that are not recorded; `created_at` and `progress_at` are Unix time in seconds.
    """

    run: str
    target: str
    suite: str
    suite_version: str
    suite_hash: str
    probe: str
    cluster: str | None
    monitor: str
    state: RunState
    jobs: int | None
    recorded: int
    dead: int
    comparisons: int | None
    missing: int
    mixed: bool
    created_at: float | None
    progress_at: float
