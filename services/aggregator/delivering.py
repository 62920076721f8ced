"""Delivers what waits in the outbox, beside the loop that records, which waits for none of it."""

import logging
import threading
from collections.abc import Callable
from functools import partial

from prometheus_client import Counter, Gauge

from results.storage import outbox
from results.storage.database import Database
from results.storage.outbox import OutboxEvent
from seep.errors import Refused, Unavailable
from seep.kafka.broker import Broker, Sender
from seep.kafka.messages import Outgoing
from seep.kafka.topics import EVENTS
from seep.settings import Settings
from services.aggregator.announcing import announce_overdue
from services.aggregator.webhook import CONTENT_TYPE, to_webhook

log = logging.getLogger(__name__)

Deliver = Callable[[OutboxEvent], None]
"""Returns once the other side has the event; raises Unavailable, or Refused if it never will take it."""

BATCH = 20
# As long as a batch may take: each event has the webhook's timeout, for connecting and for answering.
TAKEN_SECONDS = 600.0
IDLE_SECONDS = 2.0
OVERDUE_SECONDS = 30.0
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 2.0, 300.0
MOST_REFUSALS = 5
KEPT_DAYS = 7

DELIVERIES = Counter(
    "seep_events",
    "Events by what became of them: delivered, failed (an attempt, which is repeated), refused or expired (dropped).",
    ["destination", "result"],
)
WAITING = Gauge("seep_events_waiting", "Events that are not delivered yet.", ["destination"])
OLDEST = Gauge(
    "seep_oldest_waiting_event_seconds", "For how long the oldest undelivered event has waited.", ["destination"]
)


def deliver_events(database: Database, broker: Broker, settings: Settings, stop: threading.Event) -> None:
    """Starts a thread for each destination, and one that looks for what is overdue; none where nobody is told."""
    ways: dict[str, Deliver] = {}
    if settings.events.topic:
        ways["topic"] = onto_topic(broker)
    if settings.events.webhook is not None:
        ways["webhook"] = to_webhook(settings.events.webhook)
    for destination, deliver in ways.items():
        _begin(f"events-{destination}", stop, partial(deliver_due, database, destination, deliver))
    if ways and settings.monitors:
        _begin("events-overdue", stop, partial(_look_for_overdue, database, settings))


def deliver_due(database: Database, destination: str, deliver: Deliver) -> float:
    """Delivers the events that are due, oldest first; returns after how many seconds to look again.

    An event is deleted once it is delivered: a crash before that delivers it again, with the same id. If the other side
    fails, all wait and Unavailable is raised. One that is refused waits alone, and is dropped in the end.
    """
    with database.transaction() as connection:
        DELIVERIES.labels(destination, "expired").inc(outbox.expire(connection, destination, KEPT_DAYS))
        found = outbox.waiting(connection, destination)
        taken = outbox.take(connection, destination, BATCH, TAKEN_SECONDS)
    WAITING.labels(destination).set(found.events)
    OLDEST.labels(destination).set(found.oldest_seconds)
    for position, event in enumerate(taken):
        try:
            deliver(event)
        except Refused as error:
            _refused(database, destination, event, error)
        except Exception:
            DELIVERIES.labels(destination, "failed").inc()
            with database.transaction() as connection:
                outbox.later(connection, taken[position:], 0, refused=False)
            raise
        else:
            DELIVERIES.labels(destination, "delivered").inc()
            with database.transaction() as connection:
                outbox.delivered(connection, event)
    return 0.0 if len(taken) == BATCH else IDLE_SECONDS


def onto_topic(broker: Broker) -> Deliver:
    """Sends events onto their topic as CloudEvents in structured mode, through a sender of its own."""
    senders: list[Sender] = []

    def send(event: OutboxEvent) -> None:
        if not senders:
            senders.append(broker.sender())
        headers = (("content-type", CONTENT_TYPE.encode()),)
        senders[0].send([Outgoing(EVENTS, event.key.encode(), event.body.encode(), headers)])

    return send


def repeat(work: Callable[[], float], stop: threading.Event) -> None:
    """Does the work until stopped, after as many seconds as it says; after failures at growing distances."""
    failures = 0
    while not stop.is_set():
        try:
            pause = work()
            failures = 0
        except Exception as error:
            pause = min(FIRST_PAUSE_SECONDS * 2 ** min(failures, 10), LONGEST_PAUSE_SECONDS)
            failures += 1
            # Of other errors not the words, which nobody has looked at.
            said = str(error) if isinstance(error, Unavailable) else type(error).__qualname__
            log.warning("events wait: %s; again in %.0f s", said, pause)
        stop.wait(pause)


def _begin(name: str, stop: threading.Event, work: Callable[[], float]) -> None:
    threading.Thread(target=repeat, args=(work, stop), name=name, daemon=True).start()


def _look_for_overdue(database: Database, settings: Settings) -> float:
    announce_overdue(database, settings)
    return OVERDUE_SECONDS


def _refused(database: Database, destination: str, event: OutboxEvent, error: Refused) -> None:
    """Has a refused event wait alone, longer each time, or drops it."""
    dropped = event.refusals + 1 >= MOST_REFUSALS
    log.warning("event %s %s: %s", event.event_id, "is dropped" if dropped else "waits", error)
    DELIVERIES.labels(destination, "refused" if dropped else "failed").inc()
    with database.transaction() as connection:
        if dropped:
            outbox.delivered(connection, event)
        else:
            outbox.later(connection, [event], LONGEST_PAUSE_SECONDS * (event.refusals + 1), refused=True)
