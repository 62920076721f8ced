"""The loop commits only what is done, keeps its place in the group, and gives up only what fails alone."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence

import pytest

from seep.errors import Unavailable
from seep.kafka.messages import Message
from seep.runtime.metrics import LAG
from seep.runtime.worker import TRIES, GiveUp, Postponed, Worker


class FakeConsumer:
    """A group member without a broker: hands out batches, and remembers what was asked of it."""

    def __init__(self, *batches: list[Message] | Exception) -> None:
        self.batches = list(batches)
        self.committed: list[int] = []
        self.polls_while_held = 0
        self.held = False
        self.commit_errors: list[Exception] = []

    def poll(self, timeout_seconds: float) -> list[Message]:
        if self.held:
            self.polls_while_held += 1
            time.sleep(0.001)
            return []
        if not self.batches:
            time.sleep(0.001)
            return []
        batch = self.batches.pop(0)
        if isinstance(batch, Exception):
            raise batch
        return batch

    def hold(self) -> None:
        self.held = True

    def resume(self) -> None:
        self.held = False

    def assigned(self) -> bool:
        return True

    def lag(self) -> Mapping[str, int]:
        return {"in": sum(len(batch) for batch in self.batches if isinstance(batch, list))}

    def commit(self, messages: Sequence[Message]) -> None:
        if self.commit_errors:
            raise self.commit_errors.pop(0)
        self.committed += [message.offset for message in messages]


def messages(*offsets: int) -> list[Message]:
    return [Message("in", 0, offset, b"r/j", b"v") for offset in offsets]


def run_until(worker: Worker, stop: threading.Event, done: Callable[[], bool]) -> bool:
    """Runs the worker in this thread until `done`; what its run answered."""

    def watch() -> None:
        deadline = time.monotonic() + 20
        while not done() and time.monotonic() < deadline:
            time.sleep(0.005)
        stop.set()

    threading.Thread(target=watch, daemon=True).start()
    return worker.run()


def refuse(message: Message, reason: str) -> None:
    raise AssertionError("nothing was to be given up")


def worker_on(
    consumer: FakeConsumer,
    process: Callable[[Sequence[Message]], None],
    give_up: GiveUp = refuse,
    *,
    batch: int = 2,
    grace: float = 5.0,
    idle: Callable[[], None] | None = None,
):
    stop = threading.Event()
    worker = Worker(
        "test",
        consumer,
        process,
        give_up,
        batch=batch,
        grace_seconds=grace,
        stop=stop,
        idle=idle,
        idle_seconds=0.01,
    )
    return worker, stop


@pytest.fixture(autouse=True)
def quick_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("seep.runtime.worker.FIRST_RETRY_SECONDS", 0.001)
    monkeypatch.setattr("seep.runtime.worker.LONGEST_RETRY_SECONDS", 0.002)


def test_done_messages_are_committed_in_order_and_in_batches_of_the_configured_size() -> None:
    consumer = FakeConsumer(messages(1, 2, 3), messages(4))
    seen: list[list[int]] = []
    worker, stop = worker_on(consumer, lambda batch: seen.append([message.offset for message in batch]))
    assert run_until(worker, stop, lambda: len(consumer.committed) == 4)
    assert seen == [[1, 2], [3, 4]]
    assert consumer.committed == [1, 2, 3, 4]


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
            raise SystemExit("a library gave up")

    worker, stop = worker_on(consumer, process)
    assert run_until(worker, stop, lambda: consumer.committed == [1])
    assert len(attempts) == 2


def test_a_long_batch_keeps_the_place_in_the_group() -> None:
    consumer = FakeConsumer(messages(1))
    worker, stop = worker_on(consumer, lambda batch: time.sleep(0.3))
    assert run_until(worker, stop, lambda: consumer.committed == [1])
    assert consumer.polls_while_held > 5


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

    worker, stop = worker_on(consumer, process, grace=0.05)
    assert not run_until(worker, stop, started.is_set)
    assert consumer.committed == []
    never.set()


def test_trouble_of_the_broker_is_waited_out_and_over_once_it_answers() -> None:
    consumer = FakeConsumer(Unavailable("no broker answers"), messages(1))
    readiness: list[bool] = []
    worker, stop = worker_on(consumer, lambda batch: readiness.append(worker.ready()))
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


def test_what_is_postponed_is_had_again_with_new_messages_and_holds_the_commits_behind_it() -> None:
    consumer = FakeConsumer(messages(1, 2, 3), messages(4))
    seen: list[list[int]] = []
    committed_then: list[list[int]] = []

    def process(batch: Sequence[Message]) -> None:
        seen.append([message.offset for message in batch])
        committed_then.append(list(consumer.committed))
        if len(seen) == 1:
            raise Postponed([batch[1]], "the server does not answer", 0.01)

    worker, stop = worker_on(consumer, process, batch=3)
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
def test_a_poisonous_message_is_found_and_given_up_alone(poisonous: set[int]) -> None:
    consumer = FakeConsumer(messages(*range(6)), *(messages(offset) for offset in range(6, 60)))
    done: set[int] = set()
    given_up: list[int] = []

    def process(batch: Sequence[Message]) -> None:
        if poisonous & {message.offset for message in batch}:
            raise ValueError("a bug")
        done.update(message.offset for message in batch)

    worker, stop = worker_on(consumer, process, lambda message, reason: given_up.append(message.offset), batch=6)
    assert run_until(worker, stop, lambda: len(consumer.committed) == 60)
    assert sorted(given_up) == sorted(poisonous)
    assert done == set(range(60)) - poisonous


def test_where_everything_fails_one_message_is_given_up_and_the_rest_is_kept_until_it_works_again() -> None:
    consumer = FakeConsumer(messages(*range(4)))
    calls: list[int] = []
    given_up: list[int] = []

    def process(batch: Sequence[Message]) -> None:
        calls.append(len(batch))
        if len(calls) < 8 * TRIES:
            raise RuntimeError("the engine is dead")

    worker, stop = worker_on(consumer, process, lambda message, reason: given_up.append(message.offset), batch=4)
    assert run_until(worker, stop, lambda: len(consumer.committed) == 4)
    assert len(given_up) == 1


def test_the_reason_of_a_message_given_up_holds_none_of_its_text() -> None:
    consumer = FakeConsumer(messages(1))
    reasons: list[str] = []

    def process(batch: Sequence[Message]) -> None:
        raise ValueError("He likes yellow")

    worker, stop = worker_on(consumer, process, lambda message, reason: reasons.append(reason))
    assert run_until(worker, stop, lambda: bool(reasons))
    assert f"it failed alone {TRIES} times: ValueError at" in reasons[0]
    assert "yellow" not in reasons[0]


def test_the_lag_counts_what_is_in_hand_and_what_was_not_polled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("seep.runtime.worker.LAG_SECONDS", 0)
    consumer = FakeConsumer(messages(1, 2), messages(3))
    seen: list[float] = []

    def process(batch: Sequence[Message]) -> None:
        if not seen:
            time.sleep(0.1)
            seen.append(LAG.labels("in")._value.get())

    worker, stop = worker_on(consumer, process)
    assert run_until(worker, stop, lambda: len(consumer.committed) == 3)
    assert seen == [3]


def test_a_worker_at_which_everything_fails_is_not_healthy_until_something_succeeds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("seep.runtime.worker.BROKEN_SECONDS", 0.0)
    consumer = FakeConsumer(messages(1))
    told: list[bool] = []

    def process(batch: Sequence[Message]) -> None:
        told.append(worker.healthy())
        if len(told) < TRIES:
            raise RuntimeError("the device is lost")

    worker, stop = worker_on(consumer, process)
    assert run_until(worker, stop, lambda: bool(consumer.committed))
    assert told == [True, False, False, False]
    assert worker.healthy()


def test_surroundings_in_trouble_are_no_ill_health(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("seep.runtime.worker.BROKEN_SECONDS", 0.0)
    consumer = FakeConsumer(messages(1))
    told: list[bool] = []

    def process(batch: Sequence[Message]) -> None:
        told.append(worker.healthy())
        if len(told) < 5:
            raise Unavailable("the database is away")

    worker, stop = worker_on(consumer, process)
    assert run_until(worker, stop, lambda: bool(consumer.committed))
    assert told == [True] * 5


def test_a_message_given_up_is_no_ill_health(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("seep.runtime.worker.BROKEN_SECONDS", 0.0)
    consumer = FakeConsumer(messages(1))
    given_up: list[int] = []

    def process(batch: Sequence[Message]) -> None:
        raise RuntimeError("a message of poison")

    worker, stop = worker_on(consumer, process, lambda message, reason: given_up.append(message.offset))
    assert run_until(worker, stop, lambda: bool(consumer.committed))
    assert given_up == [1]
    assert worker.healthy()


def test_idle_work_is_done_though_no_message_comes_and_never_beside_a_batch() -> None:
    consumer = FakeConsumer([], messages(1))
    running = threading.Lock()
    calls: list[str] = []

    def alone(name: str) -> None:
        assert running.acquire(blocking=False)
        time.sleep(0.05)
        calls.append(name)
        running.release()

    worker, stop = worker_on(consumer, lambda batch: alone("batch"), idle=lambda: alone("idle"))
    assert run_until(worker, stop, lambda: calls.count("idle") >= 3)
    assert calls.count("batch") == 1
    assert consumer.committed == [1]
    assert consumer.polls_while_held > 5


def test_idle_work_that_fails_pauses_the_loop_and_is_done_again() -> None:
    consumer = FakeConsumer()
    calls: list[float] = []
    readiness: list[bool] = []

    def idle() -> None:
        readiness.append(worker.ready())
        calls.append(time.monotonic())
        if len(calls) == 1:
            raise Unavailable("the database does not answer", retry_after_seconds=0.3)
        if len(calls) == 2:
            raise ValueError("He likes yellow")

    worker, stop = worker_on(consumer, lambda batch: None, idle=idle)
    assert run_until(worker, stop, lambda: len(calls) >= 4)
    assert calls[1] - calls[0] >= 0.3
    assert readiness[1:4] == [False, False, True]
