"""How long requests to a failing server are repeated, and when one is itself at fault; knows no protocol."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeVar

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_after_attempt
from tenacity.wait import wait_base, wait_random, wait_random_exponential

from seep.errors import Unavailable

# So many failures one after another, whatever the requests, and the others are not even sent.
BREAK_AFTER = 10
# A request is poison only if it fails so many times more, each time between two answers to another: of two servers
# behind one address, one of which is broken, hardly any request gets that by chance.
CONFIRMING_ROUNDS = 3
# A server that wants a longer pause does not keep a batch in hand waiting.
LONGEST_WAIT_SECONDS = 30.0
# A server that has answered no request of a kind refuses the kind as such once it has refused all of it in so many
# batches, and for some time.
REFUSED_BATCHES = 3

Result = TypeVar("Result")
Send = Callable[[], Awaitable[object]]


class RequestFailed(Exception):
    """A request that failed; `attributable` says whether its own content may be the reason, `retryable` whether it may
    succeed if it is sent again, `refused` whether a sound server has turned it down for what it asks or who asks,
    `busy` whether it says that it has too much to do."""

    def __init__(
        self,
        reason: str,
        *,
        kind: str = "",
        attributable: bool = True,
        retryable: bool = True,
        refused: bool = False,
        busy: bool = False,
        retry_after_seconds: float | None = None,
    ) -> None:
        """`reason` never quotes a prompt, an answer or a key; `kind` is the short name of what happened."""
        super().__init__(reason)
        self.kind = kind or reason
        self.attributable = attributable
        self.retryable = retryable
        self.refused = refused
        self.busy = busy
        self.retry_after_seconds = retry_after_seconds


@dataclass(frozen=True)
class Pauses:
    """How long requests wait before they are sent again, and for how long at least a whole kind of them is."""

    between_attempts: wait_base
    # On top of the pause that a server wants, so that not all requests come back at once.
    jitter: wait_base
    spread_seconds: float
    # A key or a route that is being changed gets this time.
    refused_seconds: float

    def before_next(self, state: RetryCallState) -> float:
        """Seconds: as many as the server wants, else a random number that grows with the attempts."""
        failure = state.outcome.exception() if state.outcome else None
        wanted = failure.retry_after_seconds if isinstance(failure, RequestFailed) else None
        return self.between_attempts(state) if wanted is None else wanted + self.jitter(state)


PAUSES = Pauses(
    between_attempts=wait_random_exponential(multiplier=0.5, max=10),
    jitter=wait_random(0, 0.5),
    spread_seconds=1.0,
    refused_seconds=60.0,
)


class Suspect(Unavailable):
    """A request that failed to the last, perhaps by its own content; until that is confirmed, it waits."""


class CircuitBreaker:
    """What one target's requests of one kind, which differ in their prompts alone, have seen of the server: retries
    with jitter, a circuit that opens for the rest of a batch, and the evidence of which requests are poison, or of
    whether the server refuses them all."""

    def __init__(
        self, max_retries: int, slots: asyncio.Semaphore, turn: Callable[[], Awaitable[None]], pauses: Pauses
    ) -> None:
        """`slots` are for requests in flight; `turn` returns when the next one may be sent."""
        self._max_retries = max_retries
        self._pauses = pauses
        self._slots = slots
        self._turn = turn
        self._checking = asyncio.Lock()
        # The last request that was answered: a sound server answers it again.
        self._last_answered: Send | None = None
        self._refused_since: float | None = None
        self._refused_batches = 0
        self.begin_batch()

    def begin_batch(self) -> None:
        """Closes the circuit, so that a server that was away gets requests again."""
        self._failed_in_a_row = 0
        self._opened: Unavailable | None = None
        self._last_failure: RequestFailed | None = None
        self._suspects: list[tuple[Suspect, Send]] = []
        self._waiting: set[Unavailable] = set()
        self._refused_alone: bool | None = None

    async def call(self, send: Callable[[], Awaitable[Result]]) -> Result:
        """Sends until there is an answer. Raises Suspect if the request may be poison, else Unavailable."""
        try:
            return await self._answered(send)
        except Unavailable as failure:
            self._waiting.add(failure)
            raise

    async def _answered(self, send: Callable[[], Awaitable[Result]]) -> Result:
        try:
            return await AsyncRetrying(
                stop=stop_after_attempt(self._max_retries + 1),
                wait=self._pauses.before_next,
                retry=retry_if_exception(lambda error: isinstance(error, RequestFailed) and error.retryable),
                reraise=True,
            )(self._attempt, send)
        except RequestFailed as failure:
            if not failure.attributable:
                raise Unavailable(str(failure), failure.retry_after_seconds) from failure
            suspect = Suspect(str(failure), failure.retry_after_seconds)
            self._suspects.append((suspect, send))
            raise suspect from failure

    async def confirmed_poison(self) -> set[Suspect]:
        """The batch's suspects that fail while the server goes on answering another request of their kind.

        Nothing is confirmed before the server has answered one: it may refuse the kind as such, a field or a number.
        """
        suspects = self._suspects
        if not suspects or self._last_answered is None:
            return set()
        answered_before = self._last_answered
        try:
            for _ in range(CONFIRMING_ROUNDS):
                await self._attempt(answered_before)
                failed = await asyncio.gather(*(self._fails(send) for _, send in suspects))
                suspects = [suspect for suspect, fails in zip(suspects, failed, strict=True) if fails]
            await self._attempt(answered_before)
        except (RequestFailed, Unavailable):
            return set()
        return {suspect for suspect, _ in suspects}

    def refused(self, now: float | None = None) -> Mapping[Unavailable, str]:
        """The batch's requests that wait, each with the last refusal, where the server refuses all of the kind and has
        done so for long enough.

        To be called once a batch; `now` is a monotonic clock's. A server that has answered one of the kind does not
        refuse it: what it refuses later is a key that expired, say, and waits.
        """
        now = time.monotonic() if now is None else now
        if self._refused_alone is None:
            return {}
        if not self._refused_alone or self._last_answered:
            self._refused_since, self._refused_batches = None, 0
            return {}
        self._refused_since = now if self._refused_since is None else self._refused_since
        self._refused_batches += 1
        lasting = now - self._refused_since >= self._pauses.refused_seconds
        long_enough = lasting and self._refused_batches >= REFUSED_BATCHES
        # One reason for all, so that they can be counted by it.
        return dict.fromkeys(self._waiting, str(self._last_failure)) if long_enough else {}

    async def _fails(self, send: Send) -> bool:
        try:
            await self._attempt(send)
        except RequestFailed as failure:
            return failure.attributable
        except Unavailable:
            # Shows again at the request that the server has answered before.
            return False
        return False

    async def _attempt(self, send: Callable[[], Awaitable[Result]]) -> Result:
        async with self._slots:
            # Those in line behind the failure that opens the circuit take no turn from anybody; those that fail while
            # it waits for its turn keep it from being sent.
            await self._check()
            await self._turn()
            await self._check()
            return await self._counted(send)

    async def _check(self) -> None:
        """After many failures in a row the server must show that it still answers what it has answered before."""
        async with self._checking:
            if self._failed_in_a_row >= BREAK_AFTER and self._last_answered and not self._opened:
                await self._turn()
                with suppress(RequestFailed):
                    await self._counted(self._last_answered)
            if self._failed_in_a_row >= BREAK_AFTER and not self._opened:
                reason = f"{self._last_failure} ({self._failed_in_a_row} failures in a row)"
                self._opened = Unavailable(reason)
        self._raise_if_open()

    def _raise_if_open(self) -> None:
        if self._opened:
            raise Unavailable(str(self._opened), self._opened.retry_after_seconds)

    async def _counted(self, send: Callable[[], Awaitable[Result]]) -> Result:
        failed_before = self._failed_in_a_row
        try:
            result = await send()
        except RequestFailed as failure:
            self._last_failure = failure
            self._refused_alone = failure.refused and self._refused_alone is not False
            # A server that says when to come back is not broken.
            if failure.retry_after_seconds is None:
                # To a sound server many requests at once may be too many: of those in flight together one counts.
                together = failure.busy and self._failed_in_a_row > failed_before
                self._failed_in_a_row += 0 if together else 1
            elif failure.retry_after_seconds > LONGEST_WAIT_SECONDS:
                self._opened = Unavailable(f"{failure} (the server wants a pause)", failure.retry_after_seconds)
                self._raise_if_open()
            raise
        self._last_answered = send
        self._failed_in_a_row = 0
        return result
