"""Whose fault a failure is: a request's only where the server answers another just before and just after it."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from itertools import chain, repeat

import pytest

from seep.errors import Unavailable
from services.generator.circuit_breaker import BREAK_AFTER, Patience, Suspected, Trouble

pytestmark = pytest.mark.usefixtures("quick_retries")
GOOD = None
BAD = Trouble("HTTP 500")
LAST_TRIES = 2


def scripted(*fates: Trouble | None, then: Trouble | None = GOOD) -> Callable[[], Awaitable[str]]:
    """A request with these fates, one after the other."""
    left: Iterator[Trouble | None] = chain(fates, repeat(then))

    async def ask() -> str:
        fate = next(left)
        if fate is not None:
            raise fate
        return "answer"

    return ask


def patient() -> Patience:
    async def turn() -> None:
        await asyncio.sleep(0)

    return Patience(LAST_TRIES - 1, asyncio.Semaphore(4), turn)


async def suspected(patience: Patience, request: Callable[[], Awaitable[str]]) -> Suspected:
    with pytest.raises(Suspected) as error:
        await patience.ask(request)
    return error.value


async def judged(known: Callable[[], Awaitable[str]], request: Callable[[], Awaitable[str]]) -> bool:
    """Whether a request is blamed that fails to the last after another was answered."""
    patience = patient()
    await patience.ask(known)
    return await suspected(patience, request) in await patience.blamed()


def test_a_request_is_to_blame_that_fails_whenever_another_is_answered() -> None:
    assert asyncio.run(judged(scripted(), scripted(then=BAD)))


@pytest.mark.parametrize("good_rounds", range(4))
def test_nothing_is_to_blame_while_the_server_fails_at_what_it_has_answered(good_rounds: int) -> None:
    known = scripted(GOOD, *[GOOD] * good_rounds, BAD)
    assert not asyncio.run(judged(known, scripted(then=BAD)))


@pytest.mark.parametrize("bad_rounds", range(3))
def test_a_request_that_is_answered_after_all_is_not_to_blame(bad_rounds: int) -> None:
    request = scripted(*[BAD] * (LAST_TRIES + bad_rounds), GOOD, then=BAD)
    assert not asyncio.run(judged(scripted(), request))


def test_a_request_that_fails_at_an_overload_in_the_end_is_not_to_blame() -> None:
    overload = Trouble("HTTP 503", own=False)
    assert not asyncio.run(judged(scripted(), scripted(*[BAD] * LAST_TRIES, then=overload)))


def test_nothing_is_to_blame_where_nothing_was_ever_answered() -> None:
    async def run() -> set[Suspected]:
        patience = patient()
        await suspected(patience, scripted(then=BAD))
        return await patience.blamed()

    assert asyncio.run(run()) == set()


def test_what_cannot_be_a_requests_fault_is_never_suspected() -> None:
    async def run() -> None:
        await patient().ask(scripted(then=Trouble("no connection", own=False)))

    with pytest.raises(Unavailable) as error:
        asyncio.run(run())
    assert not isinstance(error.value, Suspected)


def test_what_does_not_pass_is_asked_once() -> None:
    async def run() -> None:
        await suspected(patient(), scripted(Trouble("HTTP 400", passing=False)))

    asyncio.run(run())


async def failures_in_a_row(known: Callable[[], Awaitable[str]]) -> Patience:
    patience = patient()
    await patience.ask(known)
    for _ in range(BREAK_AFTER // LAST_TRIES):
        await suspected(patience, scripted(then=BAD))
    return patience


def test_after_many_failures_a_server_that_answers_as_before_is_asked_on() -> None:
    async def run() -> str:
        return await (await failures_in_a_row(scripted())).ask(scripted())

    assert asyncio.run(run()) == "answer"


def test_after_many_failures_a_server_that_does_not_is_left_until_the_next_batch() -> None:
    async def run() -> str:
        patience = await failures_in_a_row(scripted(GOOD, then=BAD))
        for _ in range(2):
            with pytest.raises(Unavailable, match="times in a row"):
                await patience.ask(scripted())
        assert await patience.blamed() == set()
        patience.begin_batch()
        return await patience.ask(scripted())

    assert asyncio.run(run()) == "answer"
