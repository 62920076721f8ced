"""What the exit code of a command says; 2 is usage or input error everywhere."""

from services.aggregator.states import RunState
from services.aggregator.statistics.verdicts import Verdict

OK = 0
DRIFT = 1
INCONCLUSIVE = 3
NOT_MEASURED = 4


def of_run(state: RunState, measured: bool) -> int:
    """A run's exit code: anything but a whole run leaves the question open."""
    if not measured:
        return NOT_MEASURED
    return OK if state == "complete" else INCONCLUSIVE


def of_verdict(verdict: Verdict) -> int:
    """A comparison's exit code."""
    codes: dict[Verdict, int] = {
        "ok": OK,
        "drift": DRIFT,
        "inconclusive": INCONCLUSIVE,
        "not measured": NOT_MEASURED,
    }
    return codes[verdict]
