"""How SIGTERM ends a command."""

import signal
import sys
from types import FrameType

# As a shell says of a process that the signal ended.
TERMINATED = 143


def terminate(number: int, frame: FrameType | None) -> None:
    """Ends the process by an exception, so that it leaves no server running; the second signal changes nothing."""
    signal.signal(number, signal.SIG_IGN)
    sys.exit(TERMINATED)
