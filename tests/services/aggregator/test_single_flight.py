"""Who asks while something is read gets what is read."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from results.storage.database import DatabaseUnavailable
from services.aggregator.single_flight import Shared


def test_one_after_the_other_each_reads_anew() -> None:
    numbers = iter(range(3))
    shared = Shared(lambda: next(numbers))
    assert [shared() for _ in range(3)] == [0, 1, 2]


def test_of_many_who_ask_at_once_one_reads_and_all_are_answered() -> None:
    at_once = threading.Semaphore(1)
    readings: list[int] = []

    def read() -> int:
        assert at_once.acquire(blocking=False), "two read at once"
        time.sleep(0.01)
        readings.append(len(readings))
        at_once.release()
        return readings[-1]

    shared = Shared(read)
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: shared(), range(80)))
    assert sorted(set(answers)) == readings
    assert len(readings) < len(answers)


def test_an_error_is_for_those_who_asked_meanwhile_alone() -> None:
    answers: Iterator[Exception | str] = iter([DatabaseUnavailable("away"), "there"])

    def read() -> str:
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    shared = Shared(read)
    with pytest.raises(DatabaseUnavailable, match="away"):
        shared()
    assert shared() == "there"
