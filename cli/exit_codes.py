"""What the exit code of a command says; 2 is usage or input error everywhere."""

from services.aggregator.states import RunState

OK = 0
INCONCLUSIVE = 3
NOT_MEASURED = 4


def of_run(state: RunState, measured: bool) -> int:
    """A run's exit code: anything but a whole run leaves the question open."""
    if not measured:
        return NOT_MEASURED
    return OK if state == "complete" else INCONCLUSIVE
