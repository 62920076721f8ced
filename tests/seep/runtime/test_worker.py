"""The loop commits only what is done, keeps its place in the group, and dead-letters only what fails alone."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import pytest

from seep.errors import Unavailable
from seep.kafka.broker import MessagesRefused
from seep.kafka.messages import Message
from seep.runtime.limits import Limits
from seep.runtime.metrics import LAG
from seep.runtime.worker import DeadLetter, Postponed, Worker
from tests.waiting import wait_until


class FakeConsumer:
    """A group member without a broker: hands out batches, and remembers what was asked of it."""

    def __init__(self, *batches: list[Message] | Exception) -> None:
        self.batches = list(batches)
        self.committed: list[int] = []
        self.polls_while_paused = 0
        self.paused = False
        self.commit_errors: list[Exception] = []
        self.assignments: list[bool] = []
        self.has_partitions = False

    def poll(self, timeout_seconds: float) -> list[Message]:
        if self.paused:
            self.polls_while_paused += 1
            time.sleep(0.001)
            return []
        if not self.batches:
            time.sleep(0.001)
            return []
        batch = self.batches.pop(0)
        if isinstance(batch, Exception):
            raise batch
        return batch

    def pause(self) -> None:
        self.paused = True

    def resume(self) -> None:
        self.paused = False

    def assigned(self) -> bool:
        self.has_partitions = self.assignments.pop(0) if self.assignments else True
        return self.has_partitions

    def lag(self) -> Mapping[str, int]:
        waiting = [batch for batch in self.batches if self.has_partitions and isinstance(batch, list)]
        return {"in": sum(map(len, waiting))}

    def commit(self, messages: Sequence[Message]) -> None:
        if self.commit_errors:
            raise self.commit_errors.pop(0)
        self.committed += [message.offset for message in messages]

    def close(self) -> None:
        raise AssertionError("the loop does not own its consumer")


def messages(*offsets: int) -> list[Message]:
    return [Message("in", 0, offset, b"r/j", b"v") for offset in offsets]


def run_until(worker: Worker, stop: threading.Event, done: Callable[[], bool]) -> bool:
    """Runs the worker in this thread until `done`; what its run answered."""

    def watch() -> None:
        try:
            wait_until(done)
        finally:
            stop.set()

    threading.Thread(target=watch, daemon=True).start()
    return worker.run()


def refuse(message: Message, reason: str) -> None:
    raise AssertionError("nothing was to be dead-lettered")


QUICK = Limits(batch_size=2, grace_seconds=300.0, first_pause_seconds=0.001, longest_pause_seconds=0.002)


def worker_on(
    consumer: FakeConsumer,
    process: Callable[[Sequence[Message]], None],
    dead_letter: DeadLetter = refuse,
    idle: Callable[[], None] | None = None,
    limits: Limits = QUICK,
) -> tuple[Worker, threading.Event]:
    stop = threading.Event()
    worker = Worker("test", consumer, process, dead_letter, stop=stop, limits=limits, idle=idle, idle_seconds=0.01)
    return worker, stop


def test_done_messages_are_committed_in_order_and_in_batches_of_the_configured_size() -> None:
    consumer = FakeConsumer(messages(1, 2, 3), messages(4))
    seen: list[list[int]] = []
    worker, stop = worker_on(consumer, lambda batch: seen.append([message.offset for message in batch]))
    assert run_until(worker, stop, lambda: len(consumer.committed) == 4)
    assert seen == [[1, 2], [3, 4]]
    assert consumer.committed == [1, 2, 3, 4]


def test_the_end_of_a_short_batch_is_seen_without_a_poll_and_nothing_is_paused_for_it() -> None:
    consumer = FakeConsumer(*(messages(offset) for offset in range(5)))
    limits = replace(QUICK, busy_poll_seconds=3600.0)
    worker, stop = worker_on(consumer, lambda batch: time.sleep(0.01), limits=limits)
    assert run_until(worker, stop, lambda: len(consumer.committed) == 5)
    assert consumer.polls_while_paused == 0


def test_a_failing_batch_is_tried_again_and_never_committed_before_it_is_done() -> None:
    consumer = FakeConsumer(messages(1, 2), messages(3))
    attempts: list[list[int]] = []

    def process(batch: Sequence[Message]) -> None:
        assert consumer.committed == [] or batch[0].offset == 3
        attempts.append([message.offset for message in batch])
        if len(attempts) < 3:
            raise Unavailable("the database does not answer")

    worker, stop = worker_on(consumer, process)
    assert run_until(worker, stop, lambda: consumer.committed == [1, 2, 3])
    assert attempts == [[1, 2], [1, 2], [1, 2], [3]]


def test_a_batch_that_ends_in_no_ordinary_error_is_not_done() -> None:
    consumer = FakeConsumer(messages(1))
    attempts: list[int] = []

    def process(batch: Sequence[Message]) -> None:
        attempts.append(1)
        if len(attempts) == 1:
            raise SystemExit("a library ended")

    worker, stop = worker_on(consumer, process)
    assert run_until(worker, stop, lambda: consumer.committed == [1])
    assert len(attempts) == 2


def test_a_long_batch_keeps_the_place_in_the_group() -> None:
    consumer = FakeConsumer(messages(1))
    worker, stop = worker_on(consumer, lambda batch: wait_until(lambda: consumer.polls_while_paused > 5))
    assert run_until(worker, stop, lambda: consumer.committed == [1])


def test_stopping_finishes_the_batch_in_hand() -> None:
    consumer = FakeConsumer(messages(1))
    started = threading.Event()

    def process(batch: Sequence[Message]) -> None:
        started.set()
        time.sleep(0.2)

    worker, stop = worker_on(consumer, process)
    assert run_until(worker, stop, started.is_set)
    assert consumer.committed == [1]


def test_a_batch_that_outlasts_the_grace_time_is_abandoned_uncommitted() -> None:
    consumer = FakeConsumer(messages(1))
    started, never = threading.Event(), threading.Event()

    def process(batch: Sequence[Message]) -> None:
        started.set()
        never.wait(30)

    worker, stop = worker_on(consumer, process, limits=replace(QUICK, grace_seconds=0.05))
    assert not run_until(worker, stop, started.is_set)
    assert consumer.committed == []
    never.set()


def test_a_broker_that_fails_is_waited_for_and_all_is_well_once_it_answers() -> None:
    consumer = FakeConsumer(Unavailable("no broker answers"), messages(1))
    readiness: list[bool] = []
    worker, stop = worker_on(consumer, lambda batch: readiness.append(worker.condition.ready()))
    assert run_until(worker, stop, lambda: consumer.committed == [1])
    assert readiness == [True]


def test_an_offset_that_was_not_committed_is_offered_again() -> None:
    consumer = FakeConsumer(messages(1))
    consumer.commit_errors = [Unavailable("offsets were not committed")]
    worker, stop = worker_on(consumer, lambda batch: None)
    assert run_until(worker, stop, lambda: consumer.committed == [1])


def test_a_foreign_error_is_logged_by_its_place_and_never_by_its_message(caplog: pytest.LogCaptureFixture) -> None:
    consumer = FakeConsumer(messages(1))
    attempts: list[int] = []

    def process(batch: Sequence[Message]) -> None:
        attempts.append(1)
        if len(attempts) == 1:
            raise ValueError("He likes yellow")

    worker, stop = worker_on(consumer, process)
    assert run_until(worker, stop, lambda: consumer.committed == [1])
    assert "ValueError at" in caplog.text
    assert "yellow" not in caplog.text


def test_what_is_postponed_comes_again_with_new_messages_and_delays_the_commits_behind_it() -> None:
    consumer = FakeConsumer(messages(1, 2, 3), messages(4))
    seen: list[list[int]] = []
    committed_then: list[list[int]] = []

    def process(batch: Sequence[Message]) -> None:
        seen.append([message.offset for message in batch])
        committed_then.append(list(consumer.committed))
        if len(seen) == 1:
            raise Postponed([batch[1]], "the server does not answer", 0.01)

    worker, stop = worker_on(consumer, process, limits=replace(QUICK, batch_size=3))
    assert run_until(worker, stop, lambda: len(consumer.committed) == 4)
    assert seen == [[1, 2, 3], [2, 4]]
    assert committed_then == [[], [1]]


def test_the_time_after_which_trying_again_makes_sense_is_kept() -> None:
    consumer = FakeConsumer(messages(1))
    tries: list[float] = []

    def process(batch: Sequence[Message]) -> None:
        tries.append(time.monotonic())
        if len(tries) == 1:
            raise Unavailable("come back later", retry_after_seconds=0.3)

    worker, stop = worker_on(consumer, process)
    assert run_until(worker, stop, lambda: consumer.committed == [1])
    assert tries[1] - tries[0] >= 0.3


@pytest.mark.parametrize("poisonous", [set(), {0}, {5}, {2, 3}, {0, 4, 5}, {0, 1, 2, 3, 4, 5}])
def test_a_poisonous_message_is_found_and_dead_lettered_alone(poisonous: set[int]) -> None:
    consumer = FakeConsumer(messages(*range(6)), *(messages(offset) for offset in range(6, 60)))
    done: set[int] = set()
    dead_lettered: list[int] = []

    def process(batch: Sequence[Message]) -> None:
        if poisonous & {message.offset for message in batch}:
            raise ValueError("a bug")
        done.update(message.offset for message in batch)

    worker, stop = worker_on(
        consumer,
        process,
        lambda message, reason: dead_lettered.append(message.offset),
        limits=replace(QUICK, batch_size=6),
    )
    assert run_until(worker, stop, lambda: len(consumer.committed) == 60)
    assert sorted(dead_lettered) == sorted(poisonous)
    assert done == set(range(60)) - poisonous


def test_if_everything_fails_one_message_is_dead_lettered_and_the_rest_is_kept_until_it_works_again() -> None:
    consumer = FakeConsumer(messages(*range(4)))
    calls: list[int] = []
    dead_lettered: list[int] = []

    def process(batch: Sequence[Message]) -> None:
        calls.append(len(batch))
        if len(calls) < 8 * QUICK.max_attempts:
            raise RuntimeError("the engine is dead")

    worker, stop = worker_on(
        consumer,
        process,
        lambda message, reason: dead_lettered.append(message.offset),
        limits=replace(QUICK, batch_size=4),
    )
    assert run_until(worker, stop, lambda: len(consumer.committed) == 4)
    assert len(dead_lettered) == 1


def test_the_reason_of_a_dead_letter_holds_none_of_its_text() -> None:
    consumer = FakeConsumer(messages(1))
    reasons: list[str] = []

    def process(batch: Sequence[Message]) -> None:
        raise ValueError("He likes yellow")

    worker, stop = worker_on(consumer, process, lambda message, reason: reasons.append(reason))
    assert run_until(worker, stop, lambda: bool(reasons))
    assert f"it failed alone {QUICK.max_attempts} times: ValueError at" in reasons[0]
    assert "yellow" not in reasons[0]


def test_the_lag_counts_what_is_in_hand_and_what_was_not_polled() -> None:
    consumer = FakeConsumer(messages(1, 2), messages(3))
    seen: list[float] = []

    def process(batch: Sequence[Message]) -> None:
        if not seen:
            wait_until(lambda: LAG.labels("in")._value.get() == 3)
            seen.append(LAG.labels("in")._value.get())

    worker, stop = worker_on(consumer, process, limits=replace(QUICK, lag_interval_seconds=0.0))
    assert run_until(worker, stop, lambda: len(consumer.committed) == 3)
    assert seen == [3]


def test_the_lag_is_shown_as_soon_as_there_are_partitions() -> None:
    consumer = FakeConsumer([], messages(1, 2), messages(3))
    consumer.assignments = [False]
    LAG.labels("in").set(0)
    seen: list[float] = []

    def process(batch: Sequence[Message]) -> None:
        seen.append(LAG.labels("in")._value.get())

    worker, stop = worker_on(consumer, process, limits=replace(QUICK, lag_interval_seconds=3600.0))
    assert run_until(worker, stop, lambda: len(consumer.committed) == 3)
    assert seen[0] == 3


def test_a_worker_at_which_everything_fails_is_not_healthy_until_something_succeeds() -> None:
    consumer = FakeConsumer(messages(1))
    health: list[bool] = []

    def process(batch: Sequence[Message]) -> None:
        health.append(worker.condition.healthy())
        if len(health) < QUICK.max_attempts:
            raise RuntimeError("the device is lost")

    worker, stop = worker_on(consumer, process, limits=replace(QUICK, broken_seconds=0.0))
    assert run_until(worker, stop, lambda: bool(consumer.committed))
    assert health == [True, False, False, False]
    assert worker.condition.healthy()


def test_a_dependency_that_fails_is_no_ill_health() -> None:
    consumer = FakeConsumer(messages(1))
    health: list[bool] = []

    def process(batch: Sequence[Message]) -> None:
        health.append(worker.condition.healthy())
        if len(health) < 5:
            raise Unavailable("the database is away")

    worker, stop = worker_on(consumer, process, limits=replace(QUICK, broken_seconds=0.0))
    assert run_until(worker, stop, lambda: bool(consumer.committed))
    assert health == [True] * 5


def test_a_dead_letter_is_no_ill_health() -> None:
    consumer = FakeConsumer(messages(1))
    dead_lettered: list[int] = []

    def process(batch: Sequence[Message]) -> None:
        raise RuntimeError("a message of poison")

    worker, stop = worker_on(
        consumer,
        process,
        lambda message, reason: dead_lettered.append(message.offset),
        limits=replace(QUICK, broken_seconds=0.0),
    )
    assert run_until(worker, stop, lambda: bool(consumer.committed))
    assert dead_lettered == [1]
    assert worker.condition.healthy()


def test_idle_work_is_done_though_no_message_comes_and_never_beside_a_batch() -> None:
    consumer = FakeConsumer([], messages(1))
    running = threading.Lock()
    calls: list[str] = []

    def alone(name: str) -> None:
        assert running.acquire(blocking=False)
        polls = consumer.polls_while_paused
        wait_until(lambda: consumer.polls_while_paused > polls + 5)
        calls.append(name)
        running.release()

    worker, stop = worker_on(consumer, lambda batch: alone("batch"), idle=lambda: alone("idle"))
    assert run_until(worker, stop, lambda: calls.count("idle") >= 3)
    assert calls.count("batch") == 1
    assert consumer.committed == [1]


def test_idle_work_that_fails_pauses_the_loop_and_is_done_again() -> None:
    consumer = FakeConsumer()
    calls: list[float] = []
    readiness: list[bool] = []

    def idle() -> None:
        readiness.append(worker.condition.ready())
        calls.append(time.monotonic())
        if len(calls) == 1:
            raise Unavailable("the database does not answer", retry_after_seconds=0.3)
        if len(calls) == 2:
            raise ValueError("He likes yellow")

    worker, stop = worker_on(consumer, lambda batch: None, idle=idle)
    assert run_until(worker, stop, lambda: len(calls) >= 4)
    assert calls[1] - calls[0] >= 0.3
    assert readiness[1:4] == [False, False, True]


@pytest.mark.parametrize("error", [MessagesRefused([], "too large"), ValueError("of the client")], ids=str)
def test_a_dead_letter_that_cannot_be_sent_waits_and_the_loop_goes_on(error: Exception) -> None:
    consumer = FakeConsumer(messages(1), messages(2))
    attempts: list[int] = []

    def dead_letter(message: Message, reason: str) -> None:
        attempts.append(message.offset)
        if len(attempts) == 1:
            raise error

    def process(batch: Sequence[Message]) -> None:
        if batch[0].offset == 1:
            raise RuntimeError("a message of poison")

    worker, stop = worker_on(consumer, process, dead_letter)
    assert run_until(worker, stop, lambda: sorted(consumer.committed) == [1, 2])
    assert attempts == [1, 1]
