"""How far a run has come, and whether its rates are to be written again."""

from dataclasses import dataclass

SHARE_BITS = 4
"""Of a number of jobs so many leading bits count: an eighth more always shows in them, and any job of fifteen."""


@dataclass(frozen=True)
class Progress:
    """A run after a batch: its jobs, None where its manifest has not come; those scored before and now; the dead."""

    run_id: str
    job_count: int | None
    before: int
    recorded: int
    dead: int
    cancelled: bool


def rates_due(run: Progress) -> bool:
    """Whether rates are written with this batch: they are where the run ends, else with every eighth more.

    Rates are computed over a whole run: with every batch, a run's cost would be the square of its length.
    """
    ended = run.cancelled or (run.job_count is not None and run.job_count <= run.recorded + run.dead)
    return ended or _leading(run.before) != _leading(run.recorded)


def _leading(number: int) -> int:
    """The number with all but its leading bits 0."""
    rest = max(0, number.bit_length() - SHARE_BITS)
    return number >> rest << rest
