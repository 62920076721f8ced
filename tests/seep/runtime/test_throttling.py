"""A line that repeats is logged once in a while, with a count."""

import logging

from seep.runtime.throttling import MOST_LINES, Throttle


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


def record(message: str, *arguments: object, logger: str = "seep.runtime.worker") -> logging.LogRecord:
    return logging.LogRecord(logger, logging.WARNING, "file.py", 1, message, arguments, None)


def test_a_line_comes_once_in_thirty_seconds_and_says_how_often_it_did_not() -> None:
    clock = Clock()
    throttle = Throttle(clock)
    assert [throttle.filter(record("no broker at %s", "b")) for _ in range(5)] == [True, False, False, False, False]
    assert throttle.filter(record("no broker at %s", "other"))
    clock.seconds += 30
    again = record("no broker at %s", "b")
    assert throttle.filter(again)
    assert again.getMessage() == "no broker at b (and 4 times like it before)"
    clock.seconds += 30
    once = record("no broker at %s", "b")
    assert throttle.filter(once)
    assert once.getMessage() == "no broker at b"


def test_lines_of_kafkas_client_are_the_same_whatever_they_tell_and_have_no_traceback() -> None:
    throttle = Throttle(Clock())
    first = record("Connection failed: %s", OSError("port 1"), logger="kafka.net.manager")
    first.exc_info = (OSError, OSError("port 1"), None)
    assert throttle.filter(first)
    assert first.exc_info is None
    assert not throttle.filter(record("Connection failed: %s", OSError("port 2"), logger="kafka.net.manager"))
    assert throttle.filter(record("Fetch failed: %s", 1, logger="kafka.net.manager"))


def test_any_number_of_different_lines_takes_bounded_memory() -> None:
    throttle = Throttle(Clock())
    assert all(throttle.filter(record("line %d", number)) for number in range(3 * MOST_LINES))
    assert len(throttle._lines) <= MOST_LINES
