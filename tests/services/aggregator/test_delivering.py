"""Events are delivered at least once, each destination for itself, on a real PostgreSQL."""

import json
import threading

import psycopg
import pytest
from prometheus_client import REGISTRY

from results.events import Event
from results.storage import outbox
from results.storage.database import Database
from results.storage.outbox import OutboxEvent
from seep.errors import Refused, Unavailable
from seep.kafka.in_memory import InMemoryBroker
from seep.kafka.messages import Message
from seep.kafka.topics import EVENTS, topic_configs
from seep.settings import Events, Settings, Topics
from services.aggregator import delivering
from services.aggregator.delivering import BATCH, MOST_REFUSALS, deliver_due, deliver_events, onto_topic, repeat
from tests.waiting import wait_until

pytestmark = pytest.mark.slow

BOTH = ("topic", "webhook")


def happened(database: Database, *subjects: str) -> None:
    """Runs of these names have ended."""
    found = [Event("run.finished", name, "complete 1", 1.0, {"monitor": None}) for name in subjects]
    with database.transaction() as connection:
        outbox.announce(connection, found, BOTH, "seep", None)


def waiting(database: Database, destination: str) -> int:
    with database.snapshot() as connection:
        return outbox.waiting(connection, destination).events


def due_again(dsn: str) -> None:
    """As time passes."""
    with psycopg.connect(dsn) as connection:
        connection.execute("UPDATE outbox SET due_at = now()")


def counted(result: str, destination: str = "webhook") -> float:
    return REGISTRY.get_sample_value("seep_events_total", {"destination": destination, "result": result}) or 0.0


def subject(event: OutboxEvent) -> str:
    return str(json.loads(event.body)["subject"])


def away(event: OutboxEvent) -> None:
    raise Unavailable("nobody answers")


@pytest.fixture
def database(dsn: str) -> Database:
    return Database(dsn)


def test_events_are_delivered_once_in_their_order(database: Database) -> None:
    happened(database, "a", "b", "c")
    taken: list[OutboxEvent] = []
    assert deliver_due(database, "webhook", taken.append) > 0
    deliver_due(database, "webhook", taken.append)
    assert list(map(subject, taken)) == ["a", "b", "c"]
    assert (waiting(database, "webhook"), waiting(database, "topic")) == (0, 3)


def test_a_crash_between_delivery_and_its_record_delivers_again_with_the_same_id(dsn: str, database: Database) -> None:
    happened(database, "a")
    taken: list[OutboxEvent] = []

    def deliver_and_die(event: OutboxEvent) -> None:
        taken.append(event)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        deliver_due(database, "webhook", deliver_and_die)
    deliver_due(database, "webhook", taken.append)
    assert len(taken) == 1  # it is the dead process's for a while
    due_again(dsn)
    deliver_due(database, "webhook", taken.append)
    first, second = taken
    assert (first.event_id, first.body) == (second.event_id, second.body)
    assert waiting(database, "webhook") == 0


def test_a_webhook_that_is_away_shows_and_holds_up_neither_the_topic_nor_memory(database: Database) -> None:
    happened(database, *(f"run-{number}" for number in range(2 * BATCH)))
    tried: list[OutboxEvent] = []

    def fail(event: OutboxEvent) -> None:
        tried.append(event)
        away(event)

    before = counted("failed")
    for _ in range(3):
        with pytest.raises(Unavailable):
            deliver_due(database, "webhook", fail)
    # One attempt a round, whatever waits; and in order once it is back.
    assert [subject(event) for event in tried] == ["run-0"] * 3
    assert counted("failed") - before == 3
    assert REGISTRY.get_sample_value("seep_events_waiting", {"destination": "webhook"}) == 2 * BATCH
    taken: list[OutboxEvent] = []
    assert deliver_due(database, "topic", taken.append) == 0
    assert len(taken) == BATCH
    deliver_due(database, "webhook", tried.append)
    assert [subject(event) for event in tried[3:]] == [f"run-{number}" for number in range(BATCH)]


def test_an_event_that_is_refused_holds_up_no_other_and_is_dropped_in_the_end(dsn: str, database: Database) -> None:
    happened(database, "bad", "good")
    taken: list[str] = []

    def picky(event: OutboxEvent) -> None:
        taken.append(subject(event))
        if subject(event) == "bad":
            raise Refused("the other side answered 400")

    before = counted("refused")
    for _ in range(MOST_REFUSALS + 2):
        deliver_due(database, "webhook", picky)
        due_again(dsn)
    assert taken == ["bad", "good", *["bad"] * (MOST_REFUSALS - 1)]
    assert counted("refused") - before == 1
    assert waiting(database, "webhook") == 0


def test_what_nobody_has_taken_for_a_week_is_dropped_and_counted(dsn: str, database: Database) -> None:
    happened(database, "old", "new")
    with psycopg.connect(dsn) as connection:
        connection.execute("UPDATE outbox SET written_at = now() - interval '8 days' WHERE place = 1 OR place = 2")
    old = waiting(database, "webhook")
    before = counted("expired")
    with pytest.raises(Unavailable):
        deliver_due(database, "webhook", away)
    assert counted("expired") - before == old - waiting(database, "webhook") == 1


def test_two_processes_do_not_deliver_the_same_event(database: Database) -> None:
    happened(database, "a", "b")
    others: list[OutboxEvent] = []

    def meanwhile(event: OutboxEvent) -> None:
        deliver_due(database, "webhook", others.append)

    deliver_due(database, "webhook", meanwhile)
    assert others == []


def test_the_topic_has_events_as_cloudevents_in_structured_mode_keyed_by_monitor(database: Database) -> None:
    broker = InMemoryBroker()
    broker.create_topics(topic_configs([], Topics(partitions=1), events=True))
    alarm = Event("monitor.alarm", "nightly", "first 1", 1.0, {"monitor": "nightly"})
    with database.transaction() as connection:
        outbox.announce(connection, [alarm], ["topic"], "seep", None)
    send = onto_topic(broker)
    broker.stop()
    with pytest.raises(Unavailable):
        deliver_due(database, "topic", send)
    broker.start()
    deliver_due(database, "topic", send)
    [message] = list(broker.reader(EVENTS).new_messages())
    assert message.key == b"nightly"
    assert message.headers == (("content-type", b"application/cloudevents+json"),)
    assert json.loads(message.value or b"")["id"] == alarm.event_id


def test_the_process_delivers_beside_its_loop_until_it_is_stopped(database: Database) -> None:
    broker, stop = InMemoryBroker(), threading.Event()
    broker.create_topics(topic_configs([], Topics(partitions=1), events=True))
    deliver_events(database, broker, Settings(events=Events(topic=True)), stop)
    try:
        happened(database, "a")
        reader = broker.reader(EVENTS)
        received: list[Message] = []

        def arrived() -> bool:
            received.extend(reader.new_messages())
            return bool(received)

        wait_until(arrived)
        assert [message.key for message in received] == [b"a"]
    finally:
        stop.set()


def test_nobody_is_told_by_default(database: Database) -> None:
    before = threading.active_count()
    deliver_events(database, InMemoryBroker(), Settings(), threading.Event())
    assert threading.active_count() == before


def test_attempts_are_farther_and_farther_apart_up_to_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []

    class Stop(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            pauses.append(timeout or 0.0)
            if len(pauses) == 12:
                self.set()
            return self.is_set()

    def work() -> float:
        if len(pauses) == 10:
            return delivering.IDLE_SECONDS
        raise Unavailable("nobody answers")

    repeat(work, Stop())
    assert pauses == [2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 2, 2]
