"""What a target may demand of its endpoint, and what its requests have seen of it."""

import asyncio
import logging
import re
import time
from collections.abc import Mapping
from itertools import chain

from seep.errors import Unavailable
from seep.settings import OpenAiEngine, Target
from services.generator.circuit_breaker import CircuitBreaker, Pauses, Suspect
from services.generator.limits import DailyBudget, Pace
from services.generator.openai_protocol import Question

log = logging.getLogger(__name__)

# Different refusals, or endings, of a target that are logged: a server may say something else each time.
LOGGED_REFUSALS = 20


class Access:
    """A target's limits and what its requests have seen of the server, which outlast a batch."""

    def __init__(self, engine: OpenAiEngine, target: Target, pauses: Pauses) -> None:
        # A job is begun only when there is room for it, so that a used-up budget breaks none off.
        self.jobs = asyncio.Semaphore(engine.max_concurrency)
        self.pace = Pace(target.requests_per_minute, pauses.spread_seconds)
        self.budget = DailyBudget(target.tokens_per_day)
        self._requests = asyncio.Semaphore(engine.max_concurrency)
        self._max_retries = engine.max_retries
        self._pauses = pauses
        self._logged: set[str] = set()
        self._endings: set[str] = set()
        self._breakers: dict[str, CircuitBreaker] = {}

    def breaker(self, question: Question) -> CircuitBreaker:
        """What is shared with the other questions of the same kind."""
        if question.kind not in self._breakers:
            breaker = CircuitBreaker(self._max_retries, self._requests, self.turn, self._pauses)
            self._breakers[question.kind] = breaker
        return self._breakers[question.kind]

    def begin_batch(self) -> None:
        for breaker in self._breakers.values():
            breaker.begin_batch()

    async def confirmed_poison(self) -> set[Suspect]:
        """The requests of the batch that are themselves the reason for having no answer."""
        breakers = list(self._breakers.values())
        return set(chain.from_iterable([await breaker.confirmed_poison() for breaker in breakers]))

    def refused(self) -> Mapping[Unavailable, str]:
        """The requests of the batch that wait for a server that refuses all of their kind, and with which words."""
        return dict(chain.from_iterable(breaker.refused().items() for breaker in self._breakers.values()))

    def log_once(self, reason: str) -> None:
        """Logs a refusal that is not like one before; numbers and what is masked make no difference."""
        alike = re.sub(r"\d+", "0", reason)
        if alike not in self._logged and len(self._logged) < LOGGED_REFUSALS:
            self._logged.add(alike)
            log.info("a request was refused: %s", reason)

    def warn_once_of_ending(self, word: str) -> None:
        """Says that nobody here knows the server's word for how an answer ended."""
        if word and word not in self._endings and len(self._endings) < LOGGED_REFUSALS:
            self._endings.add(word)
            log.warning("an answer ended in %r, which is not known: its text counts as one that came to its end", word)

    async def turn(self) -> None:
        """Waits for the time of the next request."""
        await asyncio.sleep(self.pace.delay(time.monotonic()))
