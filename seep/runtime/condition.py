"""Whether a loop is alive and can work, as /healthz and /readyz report it."""

import logging
import time
from collections.abc import Callable

from seep.errors import Unavailable
from seep.runtime.limits import Limits

log = logging.getLogger(__name__)


class Condition:
    """What a loop notes of itself, and other threads read."""

    def __init__(self, limits: Limits, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock` tells seconds."""
        self._limits = limits
        self._clock = clock
        self._last_poll = clock()
        self._failing_since: float | None = None
        self._broken = False
        self.broker_failing = False
        self.batch_failing = False
        # Noted by the loop, because a consumer must not be used from another thread.
        self.assigned = False

    def healthy(self) -> bool:
        """Whether the loop is alive, and what it feeds is not broken for good."""
        return self._clock() - self._last_poll < self._limits.silence_seconds and not self._broken

    def ready(self) -> bool:
        """Whether the loop has partitions and its dependencies let it work."""
        return self.healthy() and not (self.broker_failing or self.batch_failing) and self.assigned

    def polled(self) -> None:
        """Notes that the loop is alive."""
        self._last_poll = self._clock()

    def succeeded(self) -> None:
        """Notes that a batch is done."""
        self._failing_since, self._broken = None, False

    def failed(self, error: BaseException) -> None:
        """Notes that a batch failed: a process at which nothing succeeds any more is not healthy."""
        if isinstance(error, Unavailable):
            self.succeeded()
            return
        if self._failing_since is None:
            self._failing_since = self._clock()
        if not self._broken and self._clock() - self._failing_since > self._limits.broken_seconds:
            log.error("nothing has succeeded for %.0f s: this process is not healthy", self._limits.broken_seconds)
            self._broken = True
