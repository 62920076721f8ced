"""How a process is stopped."""

import logging
import os
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

log = logging.getLogger(__name__)

SIGNALS = (signal.SIGTERM, signal.SIGINT)


# Else a child that gets a signal would tell its parent's.
os.register_at_fork(after_in_child=lambda: signal.set_wakeup_fd(-1))


class Stopped(Exception):
    """The process was stopped before it had started."""


def end_on_signals() -> None:
    """Has SIGTERM and SIGINT end the process with 0: for the seconds of imports, when nothing is in hand yet."""
    for number in SIGNALS:
        signal.signal(number, lambda received, _: os._exit(0))


def stop_on_signals() -> threading.Event:
    """An event that SIGTERM and SIGINT set; to be called in the main thread, before anything slow.

    Python runs a handler in the main thread alone, and once that goes on: one that waits, while the system has given
    the signal to another thread, never does. The number of a signal is written to a socket at once, in any thread; and
    a thread that reads it there may set the event, which a handler may not, between any two steps of a wait for it.
    """
    stop = threading.Event()
    reading, writing = _numbers_of_signals()
    # With the end that is written to: it stays open as long as somebody has it.
    threading.Thread(target=_pass_on, args=(reading, writing, stop), name="signals", daemon=True).start()
    signal.set_wakeup_fd(writing.fileno(), warn_on_full_buffer=False)
    for number in SIGNALS:
        signal.signal(number, lambda received, _: None)
    return stop


def _numbers_of_signals() -> tuple[socket.socket, socket.socket]:
    """A socket to read the numbers of signals from, and the one that they are written to."""
    reading, writing = socket.socketpair()
    writing.setblocking(False)
    return reading, writing


def _pass_on(reading: socket.socket, _writing: socket.socket, stop: threading.Event) -> None:
    while numbers := reading.recv(64):
        if set(numbers) & set(SIGNALS):
            stop.set()


@contextmanager
def loading(stop: threading.Event) -> Iterator[None]:
    """While the block lasts, in the main thread, a signal to stop ends the process at once: nothing is in hand yet.

    A model takes minutes to load, and Python handles a signal only once the library that loads it returns.
    Raises Stopped if the signal came before.
    """
    if stop.is_set():
        raise Stopped
    reading, writing = _numbers_of_signals()
    before = signal.set_wakeup_fd(writing.fileno(), warn_on_full_buffer=False)
    threading.Thread(target=_end_on_signal, args=(reading,), name="loading", daemon=True).start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(before, warn_on_full_buffer=False)
        writing.close()


def _end_on_signal(reading: socket.socket) -> None:
    """Reads the numbers of the signals that arrive, until the other end is closed."""
    with reading:
        while numbers := reading.recv(64):
            if set(numbers) & set(SIGNALS):
                log.info("stopped while loading")
                logging.shutdown()
                os._exit(0)
