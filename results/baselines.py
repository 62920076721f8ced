"""A baseline: the runs that others are compared with, by name."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from seep.schedule import occurrences_between

IN_ONE_GO_SECONDS = 3600.0
"""Several runs that were all sent within this time are one moment of the model."""


@dataclass(frozen=True)
class Baseline:
    """A name for the runs that others are compared with; `set_at` is Unix time in seconds."""

    name: str
    runs: list[str]
    set_at: float


def too_short(sent_at: Sequence[float], schedule: str | None) -> str | None:
    """Why runs that were sent at these times (Unix seconds) are no baseline for runs of this schedule; None if they
    are. Each must stand for a time of its own: what the runs of one moment share, later runs do not."""
    if len(sent_at) < 2:
        return None
    first, last = min(sent_at), max(sent_at)
    if schedule is None:
        within = "its runs were sent within an hour" if last - first <= IN_ONE_GO_SECONDS else None
    else:
        begin, end = (datetime.fromtimestamp(at, UTC) for at in (first, last))
        spanned = occurrences_between(schedule, begin, end, len(sent_at) - 1)
        intervals = "1 interval" if spanned == 1 else f"{spanned} intervals"
        within = f"its {len(sent_at)} runs span {intervals} of the schedule {schedule}"
        within = within if spanned < len(sent_at) - 1 else None
    return (
        within and f"{within}: they share what later runs do not, and false alarms follow; take runs of as many times"
    )
