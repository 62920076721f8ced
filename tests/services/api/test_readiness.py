"""Readiness is asked of the database once a second at most, whoever asks how often."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from services.api.readiness import Readiness


class Database:
    """What answers, or does not, and counts how often it was asked."""

    def __init__(self, answers: Callable[[], object]) -> None:
        self.answers = answers
        self.asked = 0

    def __call__(self) -> None:
        self.asked += 1
        self.answers()


def away() -> None:
    raise ConnectionError


def test_within_a_second_it_is_asked_once() -> None:
    now = [0.0]
    database = Database(lambda: None)
    ready = Readiness(database, lambda: now[0])
    assert [ready() for _ in range(100)] == [True] * 100
    assert database.asked == 1
    database.answers = away
    now[0] = 0.9
    assert ready()
    now[0] = 1.0
    assert [ready() for _ in range(100)] == [False] * 100
    assert database.asked == 2


def test_while_it_does_not_answer_nobody_else_waits_for_it() -> None:
    answer = threading.Event()
    asking = threading.Event()

    def slow() -> None:
        asking.set()
        assert answer.wait(60)

    database = Database(slow)
    ready = Readiness(database)
    with ThreadPoolExecutor(1) as threads:
        first = threads.submit(ready)
        assert asking.wait(60)
        assert [ready() for _ in range(100)] == [False] * 100
        answer.set()
        assert first.result()
    assert database.asked == 1
