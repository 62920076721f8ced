"""How long a server in trouble is asked again, and when a request is to blame instead; knows no protocol."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TypeVar

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_after_attempt
from tenacity.wait import wait_random, wait_random_exponential

from seep.errors import Unavailable

# So many failures in a row, whatever the requests, and the others are not even sent.
BREAK_AFTER = 10
# A request is to blame only if it fails so many times more, each time between two answers to another: of two servers
# behind one address, one of which is broken, hardly any request gets that by chance.
ROUNDS = 3
# A server that asks for a longer time is not waited for with a batch in hand.
LONGEST_WAIT_SECONDS = 30.0
PAUSE = wait_random_exponential(multiplier=0.5, max=10)
# On top of the time that a server asks for, so that not all requests come back at once.
JITTER = wait_random(0, 0.5)

Result = TypeVar("Result")
Ask = Callable[[], Awaitable[object]]


class Trouble(Exception):
    """A request that failed; `own` is whether it could be the request's own fault, `passing` whether it may succeed
    when it is asked again."""

    def __init__(
        self, kind: str, *, own: bool = True, passing: bool = True, retry_after_seconds: float | None = None
    ) -> None:
        """`kind` never quotes what was sent or received."""
        super().__init__(kind)
        self.own = own
        self.passing = passing
        self.retry_after_seconds = retry_after_seconds


class Suspected(Unavailable):
    """A request that failed to the last, perhaps by its own fault; until that is shown, it waits."""


class Patience:
    """What one target's requests of one kind, which differ in their prompts alone, have seen of the server: retries
    with jitter, a circuit breaker over a batch, and the evidence for whose fault a failure is."""

    def __init__(self, max_retries: int, slots: asyncio.Semaphore, turn: Callable[[], Awaitable[None]]) -> None:
        """`slots` are for requests in flight; `turn` returns when the next one may be sent."""
        self._max_retries = max_retries
        self._slots = slots
        self._turn = turn
        self._checking = asyncio.Lock()
        # The last request that was answered: a server in order answers it again.
        self._known: Ask | None = None
        self.begin_batch()

    def begin_batch(self) -> None:
        """Forgets all trouble, so that a server that was away is asked again."""
        self._failed_in_a_row = 0
        self._given_up: Unavailable | None = None
        self._suspects: list[tuple[Suspected, Ask]] = []

    async def ask(self, request: Callable[[], Awaitable[Result]]) -> Result:
        """Asks until there is an answer. Raises Suspected where the request may be to blame, else Unavailable."""
        try:
            return await AsyncRetrying(
                stop=stop_after_attempt(self._max_retries + 1),
                wait=_pause,
                retry=retry_if_exception(lambda error: isinstance(error, Trouble) and error.passing),
                reraise=True,
            )(self._attempt, request)
        except Trouble as trouble:
            if not trouble.own:
                raise Unavailable(f"the server is in trouble: {trouble}", trouble.retry_after_seconds) from trouble
            reason = f"the server does not answer one of the job's prompts: {trouble}"
            suspected = Suspected(reason, trouble.retry_after_seconds)
            self._suspects.append((suspected, request))
            raise suspected from trouble

    async def blamed(self) -> set[Suspected]:
        """Those suspected in this batch that fail while the server goes on answering another request of their kind.

        Nothing is blamed before the server has answered one: it may not take the kind as such, a field or a number.
        """
        suspects = self._suspects
        if not suspects or self._known is None:
            return set()
        known = self._known
        try:
            for _ in range(ROUNDS):
                await self._attempt(known)
                failed = await asyncio.gather(*(self._fails(request) for _, request in suspects))
                suspects = [suspect for suspect, fails in zip(suspects, failed, strict=True) if fails]
            await self._attempt(known)
        except (Trouble, Unavailable):
            return set()
        return {suspected for suspected, _ in suspects}

    async def _fails(self, request: Ask) -> bool:
        try:
            await self._attempt(request)
        except Trouble as trouble:
            return trouble.own
        except Unavailable:
            # Shows again at the request that the server has answered before.
            return False
        return False

    async def _attempt(self, request: Callable[[], Awaitable[Result]]) -> Result:
        async with self._slots:
            # Those in line behind the last straw take no turn from anybody, and are not sent.
            self._stop_if_given_up()
            await self._turn()
            await self._check()
            return await self._counted(request)

    async def _check(self) -> None:
        """After many failures in a row the server must show that it still answers what it has answered before."""
        async with self._checking:
            if self._failed_in_a_row >= BREAK_AFTER and self._known and not self._given_up:
                await self._turn()
                with suppress(Trouble):
                    await self._counted(self._known)
            if self._failed_in_a_row >= BREAK_AFTER and not self._given_up:
                self._given_up = Unavailable(f"the server failed {self._failed_in_a_row} times in a row")
        self._stop_if_given_up()

    def _stop_if_given_up(self) -> None:
        if self._given_up:
            raise Unavailable(str(self._given_up), self._given_up.retry_after_seconds)

    async def _counted(self, request: Callable[[], Awaitable[Result]]) -> Result:
        try:
            result = await request()
        except Trouble as trouble:
            # A server that says when to come back is not broken.
            if trouble.retry_after_seconds is None:
                self._failed_in_a_row += 1
            elif trouble.retry_after_seconds > LONGEST_WAIT_SECONDS:
                self._given_up = Unavailable(f"the server asks to wait: {trouble}", trouble.retry_after_seconds)
                self._stop_if_given_up()
            raise
        self._known = request
        self._failed_in_a_row = 0
        return result


def _pause(state: RetryCallState) -> float:
    """As long as the server asks for, else a random time that grows with the attempts."""
    trouble = state.outcome.exception() if state.outcome else None
    asked = trouble.retry_after_seconds if isinstance(trouble, Trouble) else None
    return PAUSE(state) if asked is None else asked + JITTER(state)
