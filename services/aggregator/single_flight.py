"""One reading for all who ask at the same time."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Generic, TypeVar

Read = TypeVar("Read")


class Shared(Generic[Read]):
    """What `read` returns or raises, for any number of threads: one of them reads, and those that come meanwhile wait
    for what it gets. So nobody who asks often keeps a database busy with more than one reading."""

    def __init__(self, read: Callable[[], Read]) -> None:
        self._read = read
        self._lock = threading.Lock()
        self._reading: Future[Read] | None = None

    def __call__(self) -> Read:
        """What is read now; raises what `read` raises."""
        with self._lock:
            reading, mine = self._reading, self._reading is None
            if reading is None:
                reading = self._reading = Future()
        if mine:
            self._finish(reading)
        return reading.result()

    def _finish(self, reading: "Future[Read]") -> None:
        try:
            reading.set_result(self._read())
        except BaseException as error:  # whatever it is, nobody may wait for ever
            reading.set_exception(error)
        finally:
            with self._lock:
                self._reading = None
