"""The loop of a service: poll, handle a batch beside the loop, commit; pause while a dependency is unavailable."""

import logging
import math
import threading
import time
import traceback
from collections.abc import Callable, Sequence

from seep.errors import Unavailable
from seep.kafka.broker import GroupConsumer, MessagesRefused
from seep.kafka.messages import Message
from seep.runtime.backlog import Backlog, place
from seep.runtime.condition import Condition
from seep.runtime.limits import Limits
from seep.runtime.metrics import BATCH_RETRIES, LAG

log = logging.getLogger(__name__)

IDLE_SECONDS = 5.0

Process = Callable[[Sequence[Message]], None]
Idle = Callable[[], None]
DeadLetter = Callable[[Message, str], None]


class Postponed(Unavailable):
    """A batch is done but for these messages, which are to be handled again."""

    def __init__(self, messages: Sequence[Message], reason: str, retry_after_seconds: float | None) -> None:
        super().__init__(f"{len(messages)} messages wait: {reason}", retry_after_seconds)
        self.messages = messages


class _Abandoned(Exception):
    """A batch that outlasted the grace time of a stopping service."""


class Worker:
    """Feeds batches to `process`, which returns once a batch is done for good and raises to get it again later.

    Unavailable says that a dependency fails: the loop pauses, and tries the batch again for as long as it takes. Any
    other error may be a message's own, so the batch is halved until one message fails alone. A message that fails alone
    `max_attempts` times is dead-lettered, at most one until another batch succeeds, so that a broken dependency cannot
    drain the topic.

    `idle` is called every `idle_seconds` between batches, also if no message comes, and never beside one. What it
    raises pauses the loop as a batch's error does.
    """

    def __init__(
        self,
        stage: str,
        consumer: GroupConsumer,
        process: Process,
        dead_letter: DeadLetter,
        *,
        stop: threading.Event,
        limits: Limits | None = None,
        idle: Idle | None = None,
        idle_seconds: float = IDLE_SECONDS,
    ) -> None:
        """`stop` ends the loop; a batch in hand then has the grace time to finish."""
        self._stage = stage
        self._consumer = consumer
        self._process = process
        self._dead_letter = dead_letter
        self._stopping = stop
        self._limits = limits or Limits()
        self._idle = idle
        self._idle_seconds = idle_seconds
        self._last_idle = time.monotonic()
        self._last_lag = -math.inf
        self._backlog = Backlog()
        self._may_dead_letter = True
        self._pause_seconds = self._limits.first_pause_seconds
        self.condition = Condition(self._limits)

    def run(self) -> bool:
        """Works until stopped; False if messages are left to be handled again."""
        limits = self._limits
        while not self._stopping.is_set():
            # What waits after a failure is joined by new messages: one that cannot be handled keeps no other waiting.
            if not self._backlog.full(limits.batch_size):
                self._consumer.resume()
                self._poll(limits.busy_poll_seconds if self._backlog else limits.poll_seconds)
            self._commit()
            if self._backlog:
                self._handle(self._backlog.next_batch(limits.batch_size))
            self._idle_if_due()
        return not self._backlog

    def _idle_if_due(self) -> None:
        """Calls `idle` if it is due; an error of it pauses the loop."""
        if self._idle is None or self._stopping.is_set() or time.monotonic() - self._last_idle < self._idle_seconds:
            return
        error = self._beside_the_loop(self._idle)
        if error is None:
            self._last_idle = time.monotonic()
        elif not isinstance(error, _Abandoned):
            log.warning("the work between batches failed and will be tried again: %s", description(error))
            self._pause(error.retry_after_seconds if isinstance(error, Unavailable) else None)

    def _handle(self, messages: Sequence[Message]) -> None:
        """One attempt; what is not done after it stays in the backlog."""
        error = self._attempt(messages)
        if error is None:
            self._done(messages)
        elif isinstance(error, Unavailable):
            if isinstance(error, Postponed):
                waiting = set(map(place, error.messages))
                self._done([message for message in messages if place(message) not in waiting])
            self._pause(error.retry_after_seconds)
        elif isinstance(error, _Abandoned):
            return
        elif len(messages) > 1:
            middle = len(messages) // 2
            for half in (messages[:middle], messages[middle:]):
                if not self._stopping.is_set():
                    self._handle(half)
        else:
            self._failed_alone(messages[0], error)

    def _failed_alone(self, message: Message, error: BaseException) -> None:
        """Keeps a message that failed alone for later, or dead-letters it."""
        attempts = self._backlog.failed_alone(message)
        if attempts < self._limits.max_attempts or not self._may_dead_letter:
            self._pause(None)
            return
        try:
            self._dead_letter(message, f"it failed alone {self._limits.max_attempts} times: {description(error)}")
        except Exception as failure:
            log.warning("a message was not dead-lettered, and waits: %s", description(failure))
            self._pause(None)
        else:
            self._done([message])
            self._may_dead_letter = False

    def _done(self, messages: Sequence[Message]) -> None:
        if not messages:
            return
        self._backlog.done(messages)
        if not self._may_dead_letter:
            # What failed while nothing succeeded says nothing of the messages.
            self._backlog.forget_repeated_failures()
        self._may_dead_letter = True
        self.condition.succeeded()
        self._pause_seconds = self._limits.first_pause_seconds
        self._commit()

    def _attempt(self, messages: Sequence[Message]) -> BaseException | None:
        """Runs `process` once; what it raised."""
        error = self._beside_the_loop(lambda: self._process(messages))
        if isinstance(error, _Abandoned):
            log.warning("abandoned a batch of %d messages: it outlasted the grace time", len(messages))
        elif error is not None:
            log.warning("a batch of %d messages failed and will be tried again: %s", len(messages), description(error))
            BATCH_RETRIES.labels(self._stage).inc()
            self.condition.failed(error)
        return error

    def _beside_the_loop(self, work: Callable[[], None]) -> BaseException | None:
        """Runs work in a thread of its own, so that the loop keeps the member's place in the group; what it raised."""
        errors: list[BaseException] = []

        def guarded() -> None:
            try:
                work()
            except BaseException as error:  # a thread that ended in any such way has not done its work
                errors.append(error)

        thread = threading.Thread(target=guarded, name=f"{self._stage}-batch", daemon=True)
        thread.start()
        deadline: float | None = None
        while thread.is_alive():
            # A poll would see the end of a batch late, and what is paused is not fetched: most batches end before one.
            thread.join(self._limits.busy_poll_seconds)
            if not thread.is_alive():
                break
            self._keep_place()
            if self._stopping.is_set():
                deadline = deadline or time.monotonic() + self._limits.grace_seconds
                if time.monotonic() > deadline:
                    return _Abandoned()
        self.condition.batch_failing = bool(errors)
        return errors[0] if errors else None

    def _pause(self, seconds: float | None) -> None:
        """Keeps the place in the group for so long, else for a time that grows while nothing is done."""
        if seconds is None:
            seconds = self._pause_seconds
            self._pause_seconds = min(2 * seconds, self._limits.longest_pause_seconds)
        until = time.monotonic() + seconds
        while time.monotonic() < until and not self._stopping.is_set():
            self._keep_place()

    def _keep_place(self) -> None:
        self._poll(self._limits.busy_poll_seconds, paused=True)

    def _poll(self, timeout_seconds: float, paused: bool = False) -> None:
        """Polls; what arrives in spite of being paused (partitions that were just assigned) waits its turn."""
        try:
            if paused:
                self._consumer.pause()
            self._backlog.add(self._consumer.poll(timeout_seconds))
            assigned = self._consumer.assigned()
            if assigned != self.condition.assigned:
                # What was shown is of other partitions, or of none: that is no backlog of nothing.
                self._last_lag = -math.inf
            self.condition.assigned = assigned
            self._show_lag()
            self.condition.broker_failing = False
        except Unavailable as error:
            log.warning("%s", error)
            self.condition.broker_failing = True
            self._stopping.wait(self._limits.first_pause_seconds)
        self.condition.polled()

    def _show_lag(self) -> None:
        if time.monotonic() - self._last_lag < self._limits.lag_interval_seconds:
            return
        self._last_lag = time.monotonic()
        in_hand = self._backlog.count_by_topic()
        for topic, count in self._consumer.lag().items():
            LAG.labels(topic).set(count + in_hand[topic])

    def _commit(self) -> None:
        """Commits what is done; what the broker refuses waits."""
        messages = self._backlog.committable()
        if not messages:
            return
        try:
            self._consumer.commit(messages)
            self._backlog.committed(messages)
        except Unavailable as error:
            log.warning("%s", error)


def description(error: BaseException) -> str:
    """What a log may say of an error: a foreign exception's message can quote the data, so only its place is said."""
    if isinstance(error, Unavailable | MessagesRefused):
        return str(error)
    frames = traceback.extract_tb(error.__traceback__)
    return f"{type(error).__qualname__} at " + " < ".join(f"{frame.filename}:{frame.lineno}" for frame in frames[::-1])
