"""Where the `seep` command starts: a signal ends it quietly at any time, also while its modules load."""

import gc
import os
import signal
from types import FrameType

from cli.termination import INTERRUPTED, terminate

YOUNG_OBJECTS = 100_000


def main() -> None:
    """Loads the commands and runs one."""
    # What modules make stays: to look for garbage among it, as often as usual, is a tenth of a short command's time.
    gc.set_threshold(YOUNG_OBJECTS)
    # Where interrupts are ignored, as by nohup, they stay ignored.
    interruptible = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if interruptible:
        signal.signal(signal.SIGINT, _leave)
    from cli.main import main as run_command

    if interruptible:
        # From here on there may be something to clean up, which an exception does.
        signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, terminate)
    try:
        run_command()
    except KeyboardInterrupt:
        os._exit(INTERRUPTED)
    finally:
        if interruptible:
            signal.signal(signal.SIGINT, _leave)


def _leave(number: int, frame: FrameType | None) -> None:
    os._exit(INTERRUPTED)


if __name__ == "__main__":
    main()
