"""Events that wait for their delivery: written where something happens, deleted once they are delivered."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import LiteralString

from results.events import Event, cloud_event
from results.storage.database import Connection, one_record, records
from results.storage.rows import storable

# Of two processes that say the same, the second waits for the first, and then has no news.
ANNOUNCE: LiteralString = """
INSERT INTO announced AS known (kind, subject, state) VALUES (%(kind)s, %(subject)s, %(state)s)
ON CONFLICT (kind, subject) DO UPDATE SET state = EXCLUDED.state WHERE known.state <> EXCLUDED.state
RETURNING kind
"""

PUT: LiteralString = """
INSERT INTO outbox (destination, event_id, key, body) VALUES (%(destination)s, %(event_id)s, %(key)s, %(body)s)
"""

# Whoever takes some has so many seconds for them; after a crash they are due again.
TAKE: LiteralString = """
WITH due AS (
    SELECT place FROM outbox WHERE destination = %(destination)s AND due_at <= clock_timestamp()
    ORDER BY place LIMIT %(limit)s FOR UPDATE SKIP LOCKED
)
UPDATE outbox SET due_at = clock_timestamp() + make_interval(secs => %(seconds)s)
FROM due WHERE outbox.place = due.place
RETURNING outbox.place, event_id, key, body, refusals
"""

DELIVERED: LiteralString = "DELETE FROM outbox WHERE place = ANY(%(places)s)"

LATER: LiteralString = """
UPDATE outbox SET due_at = clock_timestamp() + make_interval(secs => %(seconds)s), refusals = refusals + %(refused)s
WHERE place = ANY(%(places)s)
"""

EXPIRE: LiteralString = """
DELETE FROM outbox
WHERE destination = %(destination)s AND written_at < clock_timestamp() - make_interval(days => %(days)s)
"""

WAITING: LiteralString = """
SELECT count(*) AS events,
       coalesce(extract(epoch FROM clock_timestamp() - min(written_at)), 0)::float8 AS oldest_seconds
FROM outbox WHERE destination = %(destination)s
"""


@dataclass(frozen=True)
class OutboxEvent:
    """An event on its way to one destination: its JSON, and how often it was refused there."""

    place: int
    event_id: str
    key: str
    body: str
    refusals: int


@dataclass(frozen=True)
class Waiting:
    """How many events wait for a destination, and for how long the oldest one has."""

    events: int
    oldest_seconds: float


def announce(
    connection: Connection, events: Iterable[Event], destinations: Sequence[str], source: str, pages_url: str | None
) -> None:
    """Puts what is news into the outbox, once for each destination; to be called where it happens."""
    for event in events:
        known = {"kind": event.kind, "subject": event.subject, "state": event.state}
        if connection.execute(ANNOUNCE, {name: storable(text) for name, text in known.items()}).fetchone() is None:
            continue
        row = {
            "event_id": event.event_id,
            "key": storable(event.key),
            "body": storable(cloud_event(event, source, pages_url)),
        }
        connection.cursor().executemany(PUT, [row | {"destination": name} for name in destinations])


def take(connection: Connection, destination: str, limit: int, seconds: float) -> list[OutboxEvent]:
    """The oldest events that are due, in order; nobody else takes them for so many seconds."""
    given = {"destination": destination, "limit": limit, "seconds": seconds}
    return sorted(records(connection, OutboxEvent, TAKE, given), key=lambda event: event.place)


def delivered(connection: Connection, event: OutboxEvent) -> None:
    """The event is where it belongs, or is dropped."""
    connection.execute(DELIVERED, {"places": [event.place]})


def later(connection: Connection, events: Iterable[OutboxEvent], seconds: float, *, refused: bool) -> None:
    """These are tried again after so many seconds."""
    given = {"places": [event.place for event in events], "seconds": seconds, "refused": int(refused)}
    connection.execute(LATER, given)


def expire(connection: Connection, destination: str, days: int) -> int:
    """Deletes what has waited for so many days; how many those were."""
    return connection.execute(EXPIRE, {"destination": destination, "days": days}).rowcount


def waiting(connection: Connection, destination: str) -> Waiting:
    """What waits for a destination."""
    found = one_record(connection, Waiting, WAITING, {"destination": destination})
    assert found is not None
    return found
