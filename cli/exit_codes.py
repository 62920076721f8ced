"""What the exit code of a command says."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

# The names of types alone: what they stand with loads scipy, and each command's start needs these codes.
if TYPE_CHECKING:
    from results.runs import RunState
    from results.statistics.verdicts import Verdict

OK = 0
DRIFT = 1
REFUSED = 2
INCONCLUSIVE = 3
NOT_MEASURED = 4
# A fault of Seep's own; sysexits.h calls it EX_SOFTWARE.
FAULT = 70
WORST_FIRST = (FAULT, REFUSED, NOT_MEASURED, INCONCLUSIVE, OK)
# As a shell says of a process that SIGPIPE ended.
BROKEN_PIPE = 141


def of_run(state: "RunState", measured: bool) -> int:
    """A run's exit code: anything but a whole run leaves the question open."""
    if not measured:
        return NOT_MEASURED
    return OK if state == "complete" else INCONCLUSIVE


def worst(codes: Iterable[int]) -> int:
    """The code of several runs: the one that says least of what was asked."""
    return min(codes, key=WORST_FIRST.index)


def of_verdict(verdict: "Verdict") -> int:
    """A comparison's exit code."""
    codes: dict[Verdict, int] = {
        "ok": OK,
        "drift": DRIFT,
        "inconclusive": INCONCLUSIVE,
        "not measured": NOT_MEASURED,
    }
    return codes[verdict]
