"""How a process is stopped."""

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
    """The process was stopped before it had started."""


def end_on_signals() -> None:
    """Has SIGTERM and SIGINT end the process with 0: for the seconds of imports, when nothing is in hand yet."""
    for number in SIGNALS:
        signal.signal(number, lambda received, _: os._exit(0))


def stop_on_signals() -> threading.Event:
    """An event that SIGTERM and SIGINT set; to be called in the main thread, before anything slow.

    A handler runs between any two steps of the main thread, also while that holds the event's lock in a wait of its
    own, and would then wait for itself if it set the event; a SimpleQueue's `put` is made for handlers.
    """
    stop = threading.Event()
    received_signals: SimpleQueue[int] = SimpleQueue()

    def pass_on() -> None:
        received_signals.get()
        stop.set()

    threading.Thread(target=pass_on, name="signals", daemon=True).start()
    for number in SIGNALS:
        signal.signal(number, lambda received, _: received_signals.put(received))
    return stop


@contextmanager
def loading(stop: threading.Event) -> Iterator[None]:
    """While the block lasts, in the main thread, a signal to stop ends the process at once: nothing is in hand yet.

    A model takes minutes to load, and Python handles a signal only once the library that loads it returns.
    Raises Stopped if the signal came before.
    """
    if stop.is_set():
        raise Stopped
    reading, writing = socket.socketpair()
    writing.setblocking(False)
    before = signal.set_wakeup_fd(writing.fileno(), warn_on_full_buffer=False)
    threading.Thread(target=_end_on_signal, args=(reading,), name="loading", daemon=True).start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(before)
        writing.close()


def _end_on_signal(reading: socket.socket) -> None:
    """Reads the numbers of the signals that arrive, until the other end is closed."""
    with reading:
        while numbers := reading.recv(64):
            if set(numbers) & set(SIGNALS):
                log.info("stopped while loading")
                logging.shutdown()
                os._exit(0)
