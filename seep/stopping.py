"""How a process is told to stop."""

import signal
import threading
from queue import SimpleQueue


def stop_on_signals() -> threading.Event:
    """An event that SIGTERM and SIGINT set; to be called in the main thread, before anything slow.

    A handler runs between any two steps of the main thread, also while that holds the event's lock in a wait of its
    own, and would then wait for itself if it set the event; a SimpleQueue's `put` is made for handlers.
    """
    stop = threading.Event()
    told: SimpleQueue[int] = SimpleQueue()

    def pass_on() -> None:
        told.get()
        stop.set()

    threading.Thread(target=pass_on, name="signals", daemon=True).start()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda received, _: told.put(received))
    return stop
