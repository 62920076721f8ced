"""A request is poison only if the server answers another just before and just after it fails."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from itertools import chain, repeat

import pytest

from seep.errors import Unavailable
from services.generator.circuit_breaker import (
    BREAK_AFTER,
    REFUSED_BATCHES,
    CircuitBreaker,
    RequestFailed,
    Suspect,
)
from tests.services.generator.server_requests import QUICK

GOOD = None
BAD = RequestFailed("HTTP 500")
REFUSED = RequestFailed("HTTP 401", retryable=False, refused=True)
LAST_TRIES = 2
# A minute of the clock that the tests give.
PAUSES = replace(QUICK, refused_seconds=60.0)


def scripted(*fates: RequestFailed | None, then: RequestFailed | None = GOOD) -> Callable[[], Awaitable[str]]:
    """A request with these fates, one after the other."""
    left: Iterator[RequestFailed | None] = chain(fates, repeat(then))

    async def send() -> str:
        fate = next(left)
        if fate is not None:
            raise fate
        return "answer"

    return send


def scripted_in_time(*fates: RequestFailed | None) -> Callable[[], Awaitable[str]]:
    """As a real server's: nothing is known of a request before others have been sent."""
    send = scripted(*fates)

    async def send_in_time() -> str:
        await asyncio.sleep(0.01)
        return await send()

    return send_in_time


def closed_circuit() -> CircuitBreaker:
    async def turn() -> None:
        await asyncio.sleep(0)

    return CircuitBreaker(LAST_TRIES - 1, asyncio.Semaphore(4), turn, PAUSES)


async def suspect_of(breaker: CircuitBreaker, request: Callable[[], Awaitable[str]]) -> Suspect:
    with pytest.raises(Suspect) as error:
        await breaker.call(request)
    return error.value


async def is_poison(known: Callable[[], Awaitable[str]], request: Callable[[], Awaitable[str]]) -> bool:
    """Whether a request is confirmed as poison that fails to the last after another was answered."""
    breaker = closed_circuit()
    await breaker.call(known)
    return await suspect_of(breaker, request) in await breaker.confirmed_poison()


def test_a_request_is_poison_that_fails_whenever_another_is_answered() -> None:
    assert asyncio.run(is_poison(scripted(), scripted(then=BAD)))


@pytest.mark.parametrize("good_rounds", range(4))
def test_nothing_is_poison_while_the_server_fails_at_what_it_has_answered(good_rounds: int) -> None:
    known = scripted(GOOD, *[GOOD] * good_rounds, BAD)
    assert not asyncio.run(is_poison(known, scripted(then=BAD)))


@pytest.mark.parametrize("bad_rounds", range(3))
def test_a_request_that_is_answered_after_all_is_no_poison(bad_rounds: int) -> None:
    request = scripted(*[BAD] * (LAST_TRIES + bad_rounds), GOOD, then=BAD)
    assert not asyncio.run(is_poison(scripted(), request))


def test_a_request_that_fails_at_an_overload_in_the_end_is_no_poison() -> None:
    overload = RequestFailed("HTTP 503", attributable=False)
    assert not asyncio.run(is_poison(scripted(), scripted(*[BAD] * LAST_TRIES, then=overload)))


def test_nothing_is_poison_if_nothing_was_ever_answered() -> None:
    async def run() -> set[Suspect]:
        breaker = closed_circuit()
        await suspect_of(breaker, scripted(then=BAD))
        return await breaker.confirmed_poison()

    assert asyncio.run(run()) == set()


def test_a_failure_that_is_no_requests_fault_leaves_no_suspect() -> None:
    async def run() -> None:
        await closed_circuit().call(scripted(then=RequestFailed("no connection", attributable=False)))

    with pytest.raises(Unavailable) as error:
        asyncio.run(run())
    assert not isinstance(error.value, Suspect)


def test_what_is_not_retryable_is_sent_once() -> None:
    async def run() -> None:
        await suspect_of(closed_circuit(), scripted(RequestFailed("HTTP 400", retryable=False)))

    asyncio.run(run())


async def failures_in_a_row(known: Callable[[], Awaitable[str]]) -> CircuitBreaker:
    breaker = closed_circuit()
    await breaker.call(known)
    for _ in range(BREAK_AFTER // LAST_TRIES):
        await suspect_of(breaker, scripted(then=BAD))
    return breaker


def test_after_many_failures_a_server_that_answers_as_before_gets_more_requests() -> None:
    async def run() -> str:
        return await (await failures_in_a_row(scripted())).call(scripted())

    assert asyncio.run(run()) == "answer"


def test_after_many_failures_a_server_that_does_not_is_left_until_the_next_batch() -> None:
    async def run() -> str:
        breaker = await failures_in_a_row(scripted(GOOD, then=BAD))
        for _ in range(2):
            with pytest.raises(Unavailable, match=r"HTTP 500 \(11 failures in a row\)"):
                await breaker.call(scripted())
        assert await breaker.confirmed_poison() == set()
        breaker.begin_batch()
        return await breaker.call(scripted())

    assert asyncio.run(run()) == "answer"


def test_those_in_line_behind_failures_that_come_at_once_take_no_turn() -> None:
    turns: list[None] = []

    async def turn() -> None:
        turns.append(None)
        await asyncio.sleep(0)

    async def run() -> list[object]:
        breaker = CircuitBreaker(5, asyncio.Semaphore(16), turn, QUICK)
        all_sent = asyncio.Barrier(16)

        async def fail_with_the_others() -> str:
            await all_sent.wait()
            raise BAD

        return await asyncio.gather(*(breaker.call(fail_with_the_others) for _ in range(100)), return_exceptions=True)

    assert all(isinstance(each, Unavailable) for each in asyncio.run(run()))
    assert len(turns) == 16


@pytest.mark.parametrize("busy", [1, 2, 3])
def test_a_server_to_which_many_requests_at_once_are_too_many_answers_them_a_little_later(busy: int) -> None:
    async def turn() -> None:
        await asyncio.sleep(0)

    async def run() -> list[str]:
        overloaded = RequestFailed("HTTP 529", attributable=False, busy=True)
        breaker = CircuitBreaker(5, asyncio.Semaphore(16), turn, QUICK)
        requests = [scripted_in_time(*[overloaded] * busy) for _ in range(16)]
        return await asyncio.gather(*(breaker.call(request) for request in requests))

    assert asyncio.run(run()) == ["answer"] * 16


async def batch(breaker: CircuitBreaker, now: float, *requests: Callable[[], Awaitable[str]]) -> tuple[int, int]:
    """How many requests of a batch wait, and how many of these are refused for good."""
    breaker.begin_batch()
    results = await asyncio.gather(*(breaker.call(each) for each in requests), return_exceptions=True)
    waiting = {each for each in results if isinstance(each, Unavailable)}
    refused = breaker.refused(now)
    assert refused.keys() <= waiting
    assert set(refused.values()) <= {"HTTP 401"}
    return len(waiting), len(refused)


def test_a_server_that_refuses_all_of_a_kind_is_believed_after_a_few_batches_and_a_minute() -> None:
    async def run() -> list[tuple[int, int]]:
        breaker = closed_circuit()
        many = [scripted(then=REFUSED) for _ in range(30)]
        seconds = PAUSES.refused_seconds
        times = [0.0, seconds / 2, seconds - 1, seconds]
        return [await batch(breaker, now, *many) for now in times]

    assert asyncio.run(run()) == [(30, 0), (30, 0), (30, 0), (30, 30)]


def test_a_batch_long_after_another_is_not_enough() -> None:
    async def run() -> list[tuple[int, int]]:
        breaker = closed_circuit()
        return [await batch(breaker, 1000.0 * at, scripted(then=REFUSED)) for at in range(REFUSED_BATCHES)]

    assert asyncio.run(run()) == [(1, 0)] * (REFUSED_BATCHES - 1) + [(1, 1)]


@pytest.mark.parametrize("between", [BAD, RequestFailed("no connection", attributable=False)])
def test_an_outage_in_between_begins_the_minute_again(between: RequestFailed) -> None:
    async def run() -> list[tuple[int, int]]:
        breaker = closed_circuit()
        found = [await batch(breaker, 30.0 * at, scripted(then=REFUSED)) for at in range(2)]
        found.append(await batch(breaker, 90, scripted(then=REFUSED), scripted(then=between)))
        return [*found, *[await batch(breaker, 100.0 + 30 * at, scripted(then=REFUSED)) for at in range(3)]]

    assert asyncio.run(run()) == [(1, 0), (1, 0), (2, 0), (1, 0), (1, 0), (1, 1)]


def test_what_a_server_refuses_that_has_answered_waits_however_long() -> None:
    async def run() -> list[tuple[int, int]]:
        breaker = closed_circuit()
        first = await batch(breaker, 0, scripted(GOOD, then=REFUSED))
        return [first, *[await batch(breaker, 1000.0 * at, scripted(then=REFUSED)) for at in range(1, 6)]]

    assert asyncio.run(run()) == [(0, 0)] + [(1, 0)] * 5


def test_a_batch_without_a_request_of_the_kind_changes_nothing() -> None:
    async def run() -> list[tuple[int, int]]:
        breaker = closed_circuit()
        refused = scripted(then=REFUSED)
        batches = [(refused,), (refused,), (), (refused,)]
        return [await batch(breaker, 30.0 * at, *requests) for at, requests in enumerate(batches)]

    assert asyncio.run(run()) == [(1, 0), (1, 0), (0, 0), (1, 1)]
