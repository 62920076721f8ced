"""How a process is told to stop."""

import logging
import os
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from queue import SimpleQueue

log = logging.getLogger(__name__)

SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Stopped(Exception):
    """The process was told to stop before it had started."""


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
    for number in SIGNALS:
        signal.signal(number, lambda received, _: told.put(received))
    return stop


@contextmanager
def loading(stop: threading.Event) -> Iterator[None]:
    """While the block lasts, in the main thread, a signal to stop ends the process at once: nothing is in hand yet.

    A model takes minutes to load, and Python handles a signal only once the library that loads it returns.
    Raises Stopped where the signal came before.
    """
    if stop.is_set():
        raise Stopped
    told, teller = socket.socketpair()
    teller.setblocking(False)
    before = signal.set_wakeup_fd(teller.fileno(), warn_on_full_buffer=False)
    threading.Thread(target=_end_when_told, args=(told,), name="loading", daemon=True).start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(before)
        teller.close()


def _end_when_told(told: socket.socket) -> None:
    """Reads the numbers of the signals that arrive, until the other end is closed."""
    with told:
        while numbers := told.recv(64):
            if set(numbers) & set(SIGNALS):
                log.info("stopped while loading")
                logging.shutdown()
                os._exit(0)
