"""Keeping a log readable: what a service says again and again is said once in a while, with a count."""

import logging
import time
from collections.abc import Callable

SECONDS = 30.0
# More different lines than this are forgotten, those that are over first.
MOST_LINES = 1000


class Throttle(logging.Filter):
    """Passes each line once in 30 seconds, the next time with how often it was left out.

    Lines of Kafka's client count as the same whatever they tell: ports, times and numbers of attempts differ in each.
    Their tracebacks are left out.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock` tells seconds."""
        super().__init__()
        self._clock = clock
        self._lines: dict[tuple[str, str], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record passes."""
        of_client = record.name.startswith(("kafka", "seep.kafka"))
        if of_client:
            record.exc_info = record.exc_text = None
        line = (record.name, str(record.msg) if of_client else record.getMessage())
        now = self._clock()
        since, left_out = self._lines.get(line, (now - SECONDS, 0))
        if now - since < SECONDS:
            self._lines[line] = since, left_out + 1
            return False
        self._forget(now)
        self._lines[line] = now, 0
        if left_out:
            record.msg, record.args = f"{record.getMessage()} (and {left_out} times like it before)", ()
        return True

    def _forget(self, now: float) -> None:
        if len(self._lines) < MOST_LINES:
            return
        self._lines = {line: (since, count) for line, (since, count) in self._lines.items() if now - since < SECONDS}
        if len(self._lines) >= MOST_LINES:
            self._lines.clear()
