"""How signals end a command."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

# As a shell says of a process that the signal ended.
INTERRUPTED = 130
TERMINATED = 143


def terminate(number: int, frame: FrameType | None) -> None:
    """Ends the process by an exception, so that it leaves no server running; the second signal changes nothing."""
    signal.signal(number, signal.SIG_IGN)
    sys.exit(TERMINATED)


@contextmanager
def undisturbed() -> Iterator[None]:
    """No signal ends the block, which is short; for the main thread."""
    before = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
