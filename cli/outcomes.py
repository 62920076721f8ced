"""What comes of a run that a command does itself."""

from dataclasses import dataclass

from cli import exit_codes
from results.dead_jobs import DeadReason
from results.reach import Reach
from results.runs import RunSummary
from seep.records import LeakRate


@dataclass(frozen=True)
class Finished:
    """A run that came to its end, whole or not; `reach` is of each of its rates."""

    summary: RunSummary
    rates: tuple[LeakRate, ...]
    reach: tuple[Reach | None, ...]
    dead: tuple[DeadReason, ...]

    @property
    def exit_code(self) -> int:
        """What a command ends with."""
        return exit_codes.of_run(self.summary.state, any(rate.rate is not None for rate in self.rates))


@dataclass(frozen=True)
class Failed:
    """A run that came to no end, and why, in one line."""

    run_id: str
    target: str
    reason: str
    exit_code: int


Outcome = Finished | Failed
