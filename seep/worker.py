"""The loop of a service: poll, handle a batch beside the loop, commit; patient with its surroundings."""

import logging
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Sequence
from itertools import islice
from typing import Protocol

from seep.errors import Unavailable
from seep.messages import Message
from seep.metrics import BATCH_RETRIES

log = logging.getLogger(__name__)

POLL_SECONDS = 0.5
# While a batch is computed the loop only keeps the place in the group; short, so that a finished batch is seen at once.
HOLD_SECONDS = 0.05
FIRST_RETRY_SECONDS = 0.5
LONGEST_RETRY_SECONDS = 15.0
# A healthy loop polls several times a second; a loop silent for this long hangs.
SILENCE_SECONDS = 60.0

Process = Callable[[Sequence[Message]], None]


class Consumer(Protocol):
    """What the loop needs of a consumer; `seep.broker.GroupConsumer` is the real one."""

    def poll(self, timeout_seconds: float) -> list[Message]: ...
    def hold(self) -> None: ...
    def resume(self) -> None: ...
    def assigned(self) -> bool: ...
    def commit(self, messages: Sequence[Message]) -> None: ...


class Worker:
    """Feeds batches to `process`, which returns when a batch is done for good and raises to have it again later."""

    def __init__(
        self,
        stage: str,
        consumer: Consumer,
        process: Process,
        *,
        batch: int,
        grace_seconds: float,
        stop: threading.Event,
    ) -> None:
        """`stop` asks the loop to end; a batch in hand then has the grace time to finish."""
        self._stage = stage
        self._consumer = consumer
        self._process = process
        self._batch = batch
        self._grace_seconds = grace_seconds
        self._stopping = stop
        self._pending: deque[Message] = deque()
        self._uncommitted: list[Message] = []
        self._last_poll = time.monotonic()
        self._broker_trouble = False
        self._batch_trouble = False
        # Noted by the loop, because a consumer must not be asked from another thread.
        self._assigned = False

    def healthy(self) -> bool:
        """Whether the loop is alive."""
        return time.monotonic() - self._last_poll < SILENCE_SECONDS

    def ready(self) -> bool:
        """Whether the loop has partitions and its surroundings let it work."""
        return self.healthy() and not (self._broker_trouble or self._batch_trouble) and self._assigned

    def run(self) -> bool:
        """Works until stopped; False where a batch was abandoned, its messages left to be handled again."""
        while not self._stopping.is_set():
            if not self._pending:
                self._consumer.resume()
                self._poll(POLL_SECONDS)
            self._commit()
            if self._pending and not self._finish(list(islice(self._pending, self._batch))):
                return False
        return True

    def _finish(self, messages: list[Message]) -> bool:
        """Handles one batch however long it takes; False where it had to be abandoned."""
        pause = FIRST_RETRY_SECONDS
        while not self._attempt(messages):
            if self._stopping.is_set():
                return False
            BATCH_RETRIES.labels(self._stage).inc()
            self._keep_place(until=time.monotonic() + pause)
            pause = min(2 * pause, LONGEST_RETRY_SECONDS)
        for _ in messages:
            self._pending.popleft()
        self._uncommitted += messages
        self._commit()
        return True

    def _attempt(self, messages: list[Message]) -> bool:
        """One try, in a thread of its own so that the loop keeps the member's place in the group."""
        errors: list[BaseException] = []

        def work() -> None:
            try:
                self._process(messages)
            except BaseException as error:  # a thread that ended in any such way has not done its batch
                errors.append(error)

        thread = threading.Thread(target=work, name=f"{self._stage}-batch", daemon=True)
        thread.start()
        deadline: float | None = None
        while thread.is_alive():
            self._poll(HOLD_SECONDS, holding=True)
            if self._stopping.is_set():
                deadline = deadline or time.monotonic() + self._grace_seconds
                if time.monotonic() > deadline:
                    log.warning("abandoned a batch of %d messages: it outlasted the grace time", len(messages))
                    return False
        self._batch_trouble = bool(errors)
        if errors:
            log.warning("a batch of %d messages failed and will be tried again: %s", len(messages), _told(errors[0]))
        return not errors

    def _keep_place(self, until: float) -> None:
        while time.monotonic() < until and not self._stopping.is_set():
            self._poll(HOLD_SECONDS, holding=True)

    def _poll(self, timeout_seconds: float, holding: bool = False) -> None:
        """Polls; what arrives in spite of holding (partitions that were just assigned) waits its turn."""
        try:
            if holding:
                self._consumer.hold()
            self._pending.extend(self._consumer.poll(timeout_seconds))
            self._assigned = self._consumer.assigned()
            self._broker_trouble = False
        except Unavailable as error:
            log.warning("%s", error)
            self._broker_trouble = True
            self._stopping.wait(FIRST_RETRY_SECONDS)
        self._last_poll = time.monotonic()

    def _commit(self) -> None:
        """Commits what is done; what the broker did not take is offered again at the next turn."""
        if not self._uncommitted:
            return
        try:
            self._consumer.commit(self._uncommitted)
            self._uncommitted = []
        except Unavailable as error:
            log.warning("%s", error)


def _told(error: BaseException) -> str:
    """What a log may say of an error: a foreign exception's message can quote the data, so only its place is told."""
    if isinstance(error, Unavailable):
        return str(error)
    frames = traceback.extract_tb(error.__traceback__)
    return f"{type(error).__qualname__} at " + " < ".join(f"{frame.filename}:{frame.lineno}" for frame in frames[::-1])
