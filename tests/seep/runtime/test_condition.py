"""A loop is healthy while it polls and something succeeds, and ready while its dependencies let it work."""

from seep.errors import Unavailable
from seep.runtime.condition import Condition
from seep.runtime.limits import Limits


class Clock:
    """Seconds that pass only on request."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def condition() -> tuple[Condition, Clock]:
    clock = Clock()
    return Condition(Limits(silence_seconds=60, broken_seconds=120), clock), clock


def test_a_loop_that_does_not_poll_for_too_long_is_not_healthy_until_it_does() -> None:
    loop, clock = condition()
    clock.now += 59
    assert loop.healthy()
    clock.now += 1
    assert not loop.healthy()
    loop.polled()
    assert loop.healthy()


def test_what_fails_at_everything_for_too_long_is_broken_until_something_succeeds() -> None:
    loop, clock = condition()
    loop.failed(RuntimeError("the device is lost"))
    for _ in range(3):
        assert loop.healthy()
        clock.now += 40.5
        loop.polled()
        loop.failed(RuntimeError("the device is lost"))
    assert not loop.healthy()
    loop.succeeded()
    assert loop.healthy()


def test_a_dependency_that_is_unavailable_says_nothing_of_the_process() -> None:
    loop, clock = condition()
    for error in (RuntimeError("?"), Unavailable("the database is away"), RuntimeError("?")):
        loop.failed(error)
        clock.now += 119
        loop.polled()
    loop.failed(RuntimeError("?"))
    assert loop.healthy()


def test_a_loop_is_ready_with_partitions_and_without_failures() -> None:
    loop, _ = condition()
    assert not loop.ready()
    loop.assigned = True
    assert loop.ready()
    loop.broker_failing = True
    assert not loop.ready()
    loop.broker_failing, loop.batch_failing = False, True
    assert not loop.ready()
