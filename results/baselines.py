"""A baseline: the runs that others are compared with, by name."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from seep.schedule import occurrences_between

IN_ONE_GO_SECONDS = 3600.0
"""Several runs that were all sent within this time are one moment of the model."""

MANY_RUNS = 60
"""More runs find a change hardly sooner: docs/concepts/monitors-and-alarms.md has what 7, 14 and 67 find."""


@dataclass(frozen=True)
class Baseline:
    """A name for the runs that others are compared with; `set_at` is Unix time in seconds."""

    name: str
    runs: list[str]
    set_at: float


def weaknesses(sent_at: Sequence[float], schedule: str | None) -> list[str]:
    """Why runs that were sent at these times (Unix seconds) are a poor baseline for runs of this schedule, a line each.

    Without a schedule no monitor uses it, and one run is as good as any.
    """
    found = [too_short(sent_at, schedule)]
    if schedule is not None and len(sent_at) == 1:
        found.append("it has one run: a change right after it is never found; take seven or more")
    if len(sent_at) > MANY_RUNS:
        found.append(
            f"its {len(sent_at)} runs are more than {MANY_RUNS}: none of them is tested, so a change among them counts"
            " as normal, and so many find a later one hardly sooner"
        )
    return [line for line in found if line is not None]


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
