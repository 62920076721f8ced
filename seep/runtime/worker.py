"""The loop of a service: poll, handle a batch beside the loop, commit; patient with its surroundings."""

import logging
import threading
import time
import traceback
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from itertools import islice, takewhile
from typing import Protocol

from seep.errors import Unavailable
from seep.kafka.messages import Message
from seep.runtime.metrics import BATCH_RETRIES, LAG

log = logging.getLogger(__name__)

POLL_SECONDS = 0.5
# While a batch is computed the loop only keeps the place in the group; short, so that a finished batch is seen at once.
HOLD_SECONDS = 0.05
FIRST_RETRY_SECONDS = 0.5
LONGEST_RETRY_SECONDS = 15.0
# A message that fails alone so many times, while others do not, is given up.
TRIES = 4
# A healthy loop polls several times a second; a loop silent for this long hangs.
SILENCE_SECONDS = 60.0
# What has failed at everything for this long without blaming its surroundings is broken itself: an engine whose device
# is lost raises for ever, and only a new process helps.
BROKEN_SECONDS = 120.0
LAG_SECONDS = 5.0
IDLE_SECONDS = 5.0

Place = tuple[str, int, int]
Process = Callable[[Sequence[Message]], None]
Idle = Callable[[], None]
GiveUp = Callable[[Message, str], None]


class Consumer(Protocol):
    """What the loop needs of a consumer; `seep.kafka.client.GroupConsumer` is the real one."""

    def poll(self, timeout_seconds: float) -> list[Message]: ...
    def hold(self) -> None: ...
    def resume(self) -> None: ...
    def assigned(self) -> bool: ...
    def lag(self) -> Mapping[str, int]: ...
    def commit(self, messages: Sequence[Message]) -> None: ...


class Postponed(Unavailable):
    """A batch is done but for these messages, which are to be had again."""

    def __init__(self, messages: Sequence[Message], reason: str, retry_after_seconds: float | None) -> None:
        super().__init__(f"{len(messages)} messages wait: {reason}", retry_after_seconds)
        self.messages = messages


class _Abandoned(Exception):
    """A batch that outlasted the grace time of a stopping service."""


class Worker:
    """Feeds batches to `process`, which returns when a batch is done for good and raises to have it again later.

    Unavailable says that the surroundings are in trouble: the batch is had again for as long as it takes. Any other
    error may be a message's own: the batch is halved until one message fails alone, and that one is given up after
    TRIES, unless nothing has succeeded since the last one was: then the surroundings are to blame after all.

    `idle` is called every `idle_seconds` between batches, also when no message comes, and never beside one. What it
    raises pauses the loop as a batch's error does.
    """

    def __init__(
        self,
        stage: str,
        consumer: Consumer,
        process: Process,
        give_up: GiveUp,
        *,
        batch: int,
        grace_seconds: float,
        stop: threading.Event,
        idle: Idle | None = None,
        idle_seconds: float = IDLE_SECONDS,
    ) -> None:
        """`stop` asks the loop to end; a batch in hand then has the grace time to finish."""
        self._stage = stage
        self._consumer = consumer
        self._process = process
        self._give_up = give_up
        self._batch = batch
        self._grace_seconds = grace_seconds
        self._stopping = stop
        self._idle = idle
        self._idle_seconds = idle_seconds
        self._last_idle = time.monotonic()
        self._pending: deque[Message] = deque()
        self._uncommitted: list[Message] = []
        self._failures: Counter[Place] = Counter()
        self._surroundings_trusted = True
        self._pause = FIRST_RETRY_SECONDS
        self._last_poll = time.monotonic()
        self._last_lag = 0.0
        self._broker_trouble = False
        self._batch_trouble = False
        self._failing_since: float | None = None
        self._broken = False
        # Noted by the loop, because a consumer must not be asked from another thread.
        self._assigned = False

    def healthy(self) -> bool:
        """Whether the loop is alive, and what it feeds is not broken for good."""
        return time.monotonic() - self._last_poll < SILENCE_SECONDS and not self._broken

    def ready(self) -> bool:
        """Whether the loop has partitions and its surroundings let it work."""
        return self.healthy() and not (self._broker_trouble or self._batch_trouble) and self._assigned

    def run(self) -> bool:
        """Works until stopped; False where messages are left to be handled again."""
        while not self._stopping.is_set():
            # What waits after trouble is joined by new messages: one that cannot be handled keeps no other waiting.
            if len(self._pending) < self._batch:
                self._consumer.resume()
                self._poll(HOLD_SECONDS if self._pending else POLL_SECONDS)
            self._commit()
            if self._pending:
                self._handle(self._next_batch())
            self._idle_if_due()
        return not self._pending

    def _idle_if_due(self) -> None:
        """Calls `idle` where its time has come; an error of it pauses the loop."""
        if self._idle is None or self._stopping.is_set() or time.monotonic() - self._last_idle < self._idle_seconds:
            return
        error = self._beside_the_loop(self._idle)
        if error is None:
            self._last_idle = time.monotonic()
        elif not isinstance(error, _Abandoned):
            log.warning("the work between batches failed and will be tried again: %s", _told(error))
            self._wait(error.retry_after_seconds if isinstance(error, Unavailable) else None)

    def _next_batch(self) -> list[Message]:
        """The first of the line: one that has failed before alone, others together."""
        if _place(self._pending[0]) in self._failures:
            return [self._pending[0]]
        fresh = takewhile(lambda message: _place(message) not in self._failures, self._pending)
        return list(islice(fresh, self._batch))

    def _handle(self, messages: Sequence[Message]) -> None:
        """One try; what is not done after it stays in the line."""
        error = self._attempt(messages)
        if error is None:
            self._done(messages)
        elif isinstance(error, Unavailable):
            if isinstance(error, Postponed):
                waiting = set(map(_place, error.messages))
                self._done([message for message in messages if _place(message) not in waiting])
            self._wait(error.retry_after_seconds)
        elif isinstance(error, _Abandoned):
            return
        elif len(messages) > 1:
            middle = len(messages) // 2
            for half in (messages[:middle], messages[middle:]):
                if not self._stopping.is_set():
                    self._handle(half)
        else:
            self._suspect(messages[0], error)

    def _suspect(self, message: Message, error: BaseException) -> None:
        """A message that failed alone goes to the end of the line, or is given up."""
        self._failures[_place(message)] += 1
        self._pending.remove(message)
        self._pending.append(message)
        if self._failures[_place(message)] < TRIES or not self._surroundings_trusted:
            self._wait(None)
            return
        try:
            self._give_up(message, f"it failed alone {TRIES} times: {_told(error)}")
        except Unavailable as trouble:
            log.warning("%s", trouble)
            self._wait(None)
        else:
            self._done([message])
            self._surroundings_trusted = False

    def _done(self, messages: Sequence[Message]) -> None:
        if not messages:
            return
        done = set(map(_place, messages))
        self._pending = deque(message for message in self._pending if _place(message) not in done)
        self._failures = Counter({place: tries for place, tries in self._failures.items() if place not in done})
        if not self._surroundings_trusted:
            # What failed while nothing succeeded says nothing of the messages.
            self._failures = Counter(dict.fromkeys(self._failures, 1))
        self._surroundings_trusted = True
        self._failing_since, self._broken = None, False
        self._pause = FIRST_RETRY_SECONDS
        self._uncommitted += messages
        self._commit()

    def _attempt(self, messages: Sequence[Message]) -> BaseException | None:
        """Runs `process` once; what it raised."""
        error = self._beside_the_loop(lambda: self._process(messages))
        if isinstance(error, _Abandoned):
            log.warning("abandoned a batch of %d messages: it outlasted the grace time", len(messages))
        elif error is not None:
            log.warning("a batch of %d messages failed and will be tried again: %s", len(messages), _told(error))
            BATCH_RETRIES.labels(self._stage).inc()
            self._note_failure(error)
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
            self._poll(HOLD_SECONDS, holding=True)
            if self._stopping.is_set():
                deadline = deadline or time.monotonic() + self._grace_seconds
                if time.monotonic() > deadline:
                    return _Abandoned()
        self._batch_trouble = bool(errors)
        return errors[0] if errors else None

    def _note_failure(self, error: BaseException) -> None:
        if isinstance(error, Unavailable):
            self._failing_since, self._broken = None, False
            return
        self._failing_since = self._failing_since or time.monotonic()
        if not self._broken and time.monotonic() - self._failing_since > BROKEN_SECONDS:
            log.error("nothing has succeeded for %.0f s: this process is not healthy any more", BROKEN_SECONDS)
            self._broken = True

    def _wait(self, seconds: float | None) -> None:
        """Keeps the place in the group for so long, else for a pause that grows while nothing is done."""
        if seconds is None:
            seconds, self._pause = self._pause, min(2 * self._pause, LONGEST_RETRY_SECONDS)
        until = time.monotonic() + seconds
        while time.monotonic() < until and not self._stopping.is_set():
            self._poll(HOLD_SECONDS, holding=True)

    def _poll(self, timeout_seconds: float, holding: bool = False) -> None:
        """Polls; what arrives in spite of holding (partitions that were just assigned) waits its turn."""
        try:
            if holding:
                self._consumer.hold()
            self._pending.extend(self._consumer.poll(timeout_seconds))
            self._assigned = self._consumer.assigned()
            self._show_lag()
            self._broker_trouble = False
        except Unavailable as error:
            log.warning("%s", error)
            self._broker_trouble = True
            self._stopping.wait(FIRST_RETRY_SECONDS)
        self._last_poll = time.monotonic()

    def _show_lag(self) -> None:
        if time.monotonic() - self._last_lag < LAG_SECONDS:
            return
        self._last_lag = time.monotonic()
        in_hand = Counter(message.topic for message in self._pending)
        for topic, count in self._consumer.lag().items():
            LAG.labels(topic).set(count + in_hand[topic])

    def _commit(self) -> None:
        """Commits what is done, up to the first in its partition that is not; what the broker refuses waits."""
        first_open: dict[tuple[str, int], int] = {}
        for topic, partition, offset in map(_place, self._pending):
            first_open[topic, partition] = min(offset, first_open.get((topic, partition), offset))
        ripe: list[Message] = []
        unripe: list[Message] = []
        for message in self._uncommitted:
            end = first_open.get((message.topic, message.partition))
            (ripe if end is None or message.offset < end else unripe).append(message)
        if not ripe:
            return
        try:
            self._consumer.commit(ripe)
            self._uncommitted = unripe
        except Unavailable as error:
            log.warning("%s", error)


def _place(message: Message) -> Place:
    return message.topic, message.partition, message.offset


def _told(error: BaseException) -> str:
    """What a log may say of an error: a foreign exception's message can quote the data, so only its place is told."""
    if isinstance(error, Unavailable):
        return str(error)
    frames = traceback.extract_tb(error.__traceback__)
    return f"{type(error).__qualname__} at " + " < ".join(f"{frame.filename}:{frame.lineno}" for frame in frames[::-1])
