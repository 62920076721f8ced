"""Says on a topic of its own why jobs of a run wait, so that whoever follows the run need not read a service's log."""

import logging
import time
from collections.abc import Callable, Sequence

from seep.codec import encode_wait
from seep.errors import Unavailable
from seep.kafka.broker import MessagesRefused
from seep.kafka.messages import Message, Outgoing, Send
from seep.kafka.topics import WAITS, split_job_key, wait_key
from seep.records import RunWait

log = logging.getLogger(__name__)

# A reason that lasts is said again: of another process's progress nobody would know whether it has ended.
REPEAT_SECONDS = 30.0
LONGEST_REASON = 500


class Waits:
    """What one loop of a stage has said of runs whose jobs wait. What cannot be sent is logged, and stops nothing."""

    def __init__(self, stage: str, send: Send, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock` tells seconds."""
        self._stage = stage
        self._send = send
        self._clock = clock
        # By run: what was said last, and when.
        self._said: dict[str, tuple[str, float]] = {}

    def failed(self, messages: Sequence[Message], error: Exception) -> None:
        """Says why a batch that failed as a whole waits: a dependency, or a message's own error once it is alone."""
        if isinstance(error, Unavailable):
            self._say(dict.fromkeys(_runs(messages), str(error)))
        elif len(messages) == 1:
            # A foreign exception's message can quote the data.
            reason = f"{type(error).__qualname__}, again and again; the {self._stage}'s log says where"
            self._say(dict.fromkeys(_runs(messages), reason))

    def handled(self, messages: Sequence[Message], waiting: Sequence[tuple[Message, Unavailable]]) -> None:
        """Says of a batch's runs why some of their messages wait, or that they go on."""
        reasons = {run: str(failure) for message, failure in reversed(waiting) for run in _runs([message])}
        going_on = {run: "" for run in _runs(messages) if run in self._said and run not in reasons}
        self._say(reasons | going_on)

    def _say(self, reasons: dict[str, str]) -> None:
        now = self._clock()
        new = {run: _bounded(reason) for run, reason in reasons.items()}
        new = {run: reason for run, reason in new.items() if self._is_news(run, reason, now)}
        waits = [RunWait(run, self._stage, reason) for run, reason in new.items()]
        try:
            self._send([Outgoing(WAITS, wait_key(wait), encode_wait(wait)) for wait in waits] if waits else [])
        except (Unavailable, MessagesRefused) as error:
            log.warning("why %d runs wait was not sent: %s", len(waits), error)
            return
        for run, reason in new.items():
            self._said[run] = (reason, now)
            if not reason:
                del self._said[run]

    def _is_news(self, run: str, reason: str, now: float) -> bool:
        said, at = self._said.get(run, ("", 0.0))
        return reason != said or now - at >= REPEAT_SECONDS


def _runs(messages: Sequence[Message]) -> list[str]:
    named = [split_job_key(message.key) for message in messages]
    return list(dict.fromkeys(place[0] for place in named if place))


def _bounded(reason: str) -> str:
    return reason if len(reason) <= LONGEST_REASON else reason[: LONGEST_REASON - 3] + "..."
