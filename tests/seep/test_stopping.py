"""A process that is told to stop, at the worst moment."""

import subprocess
import sys

import pytest

# The lock that a wait holds for a few steps, when any of them may be interrupted by the signal.
IN_THE_MIDDLE_OF_A_WAIT = """
import os, signal
from seep.stopping import stop_on_signals

stop = stop_on_signals()
with stop._cond:
    os.kill(os.getpid(), signal.{name})
stop.wait()
print("stopped")
"""


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
def test_a_signal_in_the_middle_of_a_wait_still_stops(name: str) -> None:
    program = [sys.executable, "-c", IN_THE_MIDDLE_OF_A_WAIT.format(name=name)]
    ended = subprocess.run(program, capture_output=True, text=True, timeout=60, check=True)
    assert ended.stdout == "stopped\n"
