"""Whether the API can answer."""

import threading
import time
from collections.abc import Callable

FRESH_SECONDS = 1.0


class Readiness:
    """Whether `read` succeeds, tried once a second at most and by one thread at a time.

    Readiness is asked for without a token: nobody must be able to keep the database busy with that, nor all threads
    with waiting for one that does not answer. Meanwhile the last finding is the answer. To be called in threads that no
    other request can take.
    """

    def __init__(self, read: Callable[[], object], clock: Callable[[], float] = time.monotonic) -> None:
        self._read = read
        self._clock = clock
        self._reading = threading.Lock()
        self._found = False
        self._fresh_until = float("-inf")

    def __call__(self) -> bool:
        """What was found within the last second, or is found now."""
        if self._clock() >= self._fresh_until and self._reading.acquire(blocking=False):
            try:
                self._found = self._succeeds()
                self._fresh_until = self._clock() + FRESH_SECONDS
            finally:
                self._reading.release()
        return self._found

    def _succeeds(self) -> bool:
        try:
            self._read()
        except Exception:  # a database that is away, or whose schema is not there yet
            return False
        return True
