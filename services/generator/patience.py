"""How long a server in trouble is asked again, and when a request is to blame instead; knows no protocol."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, stop_after_attempt
from tenacity.wait import wait_random, wait_random_exponential

from seep.errors import Unavailable

# So many failures in a row, whatever the requests, and the others are not even sent.
BREAK_AFTER = 10
# A server that asks for a longer time is not waited for with a batch in hand.
LONGEST_WAIT_SECONDS = 30.0
PAUSE = wait_random_exponential(multiplier=0.5, max=10)
# On top of the time that a server asks for, so that not all requests come back at once.
JITTER = wait_random(0, 0.5)

Result = TypeVar("Result")


class Trouble(Exception):
    """A request that failed and may succeed later; `own` is whether it could be the request's own fault."""

    def __init__(self, kind: str, *, own: bool = True, retry_after_seconds: float | None = None) -> None:
        """`kind` never quotes what was sent or received."""
        super().__init__(kind)
        self.own = own
        self.retry_after_seconds = retry_after_seconds


class Unanswerable(Exception):
    """A request that the server never answers, though it answers others."""


class Patience:
    """The memory of one batch with one target: retries with jitter, and a circuit breaker over all its requests."""

    def __init__(self, max_retries: int) -> None:
        self._max_retries = max_retries
        self._answered = 0
        self._failed_in_a_row = 0

    async def ask(self, request: Callable[[], Awaitable[Result]]) -> Result:
        """Asks until there is an answer. Raises Unavailable where the server is to blame, else Unanswerable.

        The request is to blame where the server went on answering others while this one failed to the last.
        """
        answered_at: list[int] = []

        async def attempt() -> Result:
            if self._failed_in_a_row >= BREAK_AFTER:
                raise Unavailable(f"the server failed {self._failed_in_a_row} times in a row")
            answered_at.append(self._answered)
            return await self._counted(request)

        try:
            return await AsyncRetrying(
                stop=stop_after_attempt(self._max_retries + 1),
                wait=_pause,
                retry=retry_if_exception_type(Trouble),
                reraise=True,
            )(attempt)
        except Trouble as trouble:
            if trouble.own and self._answered > answered_at[-2:][0]:
                raise Unanswerable(f"{trouble}, {len(answered_at)} times") from trouble
            raise Unavailable(f"the server is in trouble: {trouble}", trouble.retry_after_seconds) from trouble

    async def _counted(self, request: Callable[[], Awaitable[Result]]) -> Result:
        try:
            result = await request()
        except Trouble as trouble:
            self._failed_in_a_row += 1
            if (trouble.retry_after_seconds or 0) > LONGEST_WAIT_SECONDS:
                raise Unavailable(f"the server asks to wait: {trouble}", trouble.retry_after_seconds) from trouble
            raise
        self._answered += 1
        self._failed_in_a_row = 0
        return result


def _pause(state: RetryCallState) -> float:
    """As long as the server asks for, else a random time that grows with the attempts."""
    trouble = state.outcome.exception() if state.outcome else None
    asked = trouble.retry_after_seconds if isinstance(trouble, Trouble) else None
    return PAUSE(state) if asked is None else asked + JITTER(state)
