"""What follows when runs have changed: verdicts in the database, rates on the topic."""

import logging
from collections import Counter
from collections.abc import Sequence

import prometheus_client

from results.storage import publications, rates, runs, streams
from results.storage.database import Connection, Database
from results.storage.publications import Claim
from seep.characters import visible
from seep.codec import encode_rate
from seep.errors import Unavailable
from seep.kafka.broker import MessagesRefused
from seep.kafka.messages import Outgoing, Send
from seep.kafka.topics import RATES, rate_key
from seep.records import LeakRate
from seep.settings import Settings
from services.aggregator.announcing import announce_run

log = logging.getLogger(__name__)

QUIET_SECONDS = 5.0
"""After so long without a batch, a run's rates are written of all that is recorded."""

UNPUBLISHED = prometheus_client.Counter(
    "seep_unpublished_rates", "Rates that are in the database, and were not sent: too large, or their run failed."
)


class _Grown(Exception):
    """Runs that were small when they were claimed together have more rates than are sent at once."""


def publish_all(database: Database, send: Send, settings: Settings) -> None:
    """Publishes every run that has changed, those too whose rates are behind because no batch has come for a while."""
    rates.write_behind(database, QUIET_SECONDS)
    publish_changed(database, send, settings)


def publish_changed(database: Database, send: Send, settings: Settings) -> None:
    """Publishes every run with new rates, but for those that another process publishes now.

    A run at which it fails stays marked, and keeps no other waiting. Raises Unavailable.
    """
    claims = _claim(database, "", settings)
    while claims:
        publish(database, send, settings, claims)
        claims = _claim(database, claims[-1].run_id, settings)


def publish(database: Database, send: Send, settings: Settings, claims: Sequence[Claim]) -> None:
    """Compares a run with its baseline, keeps verdicts and events, sends the rates, then clears the run's mark.

    Several runs, which are small and have no baseline, go together. A crash at any point leaves the marks: all is done
    again, to the same end, and the same rates go onto the same keys. Rates that change while earlier ones are sent go
    out as they are by then; the run stays marked, and all of them follow.
    """
    published: dict[str, int] = {}
    try:
        _publish(database, send, settings, [claim.run_id for claim in claims], published)
    finally:
        with database.transaction() as connection:
            publications.release(connection, claims, published)


def _publish(
    database: Database, send: Send, settings: Settings, run_ids: Sequence[str], published: dict[str, int]
) -> None:
    """Adds the marks of the runs that are published. Where it fails with several, each is tried alone."""
    try:
        published |= _sent(database, send, settings, run_ids)
    except Unavailable:
        raise
    except Exception as error:
        if len(run_ids) == 1:
            # Not its words, which may hold a prompt.
            log.warning("run %s was not published: %s", visible(run_ids[0]), type(error).__qualname__)
            UNPUBLISHED.inc()
        for run_id in run_ids if len(run_ids) > 1 else ():
            _publish(database, send, settings, [run_id], published)


def _sent(database: Database, send: Send, settings: Settings, run_ids: Sequence[str]) -> dict[str, int]:
    """Sends the rates of the runs; up to which change of each."""
    alone = run_ids[0] if len(run_ids) == 1 else None
    with database.transaction(computing=True) as connection:
        # Before the runs are read: what changes from here on is published the next time.
        marks = publications.marks(connection, run_ids, () if alone else _compared(settings))
        if alone:
            _compare(connection, alone, settings)
        publications.lock(connection, list(marks))
        for run_id in marks:
            announce_run(connection, run_id, settings)
        found = rates.page(connection, alone) if alone else rates.of_all(connection, list(marks))
        if found is None:
            raise _Grown
    while found:
        _send(send, found)
        found = _after(database, found) if alone else []
    return marks


def _after(database: Database, sent: Sequence[LeakRate]) -> list[LeakRate]:
    """The rates that follow these of their run; no transaction is open while they are sent."""
    if len(sent) < rates.PAGE:
        return []
    with database.snapshot() as connection:
        return rates.page(connection, sent[0].run_id, rates.last_place(sent))


def _claim(database: Database, after: str, settings: Settings) -> list[Claim]:
    with database.transaction() as connection:
        return publications.claim_next(connection, after, _compared(settings))


def _compared(settings: Settings) -> list[str]:
    """The monitors whose runs are compared with a baseline, which may take minutes."""
    return [name for name, monitor in settings.monitors.items() if monitor.baseline is not None]


def _compare(connection: Connection, run_id: str, settings: Settings) -> None:
    """Compares a finished run with the baseline of the monitor that it belongs to, if there is one."""
    if not _compared(settings):
        return
    stalled_after = settings.aggregation.stalled_after_seconds
    run = runs.one(connection, run_id, stalled_after)
    monitor = settings.monitors.get(run.monitor) if run is not None else None
    if run is not None and monitor is not None and monitor.baseline is not None:
        streams.conclude(connection, run.monitor, monitor.baseline, run_id, stalled_after, monitor.alarm_points)


def _send(send: Send, found: Sequence[LeakRate]) -> None:
    """Sends the rates, all but those that the topic refuses: no attempt would ever end."""
    runs_of = {rate_key(rate): rate.run_id for rate in found}
    try:
        send([Outgoing(RATES, rate_key(rate), encode_rate(rate)) for rate in found])
    except MessagesRefused as refused:
        for run_id, count in Counter(runs_of[message.key or b""] for message in refused.messages).items():
            log.warning("run %s: %d rates stay in the database alone: %s", visible(run_id), count, refused)
        UNPUBLISHED.inc(len(refused.messages))
