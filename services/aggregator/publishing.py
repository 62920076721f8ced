"""What follows when runs have changed: verdicts in the database, rates on the topic."""

import logging
from collections.abc import Iterable, Sequence

from prometheus_client import Counter

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

UNPUBLISHED = Counter(
    "seep_unpublished_rates", "Rates that are in the database, and were not sent: too large, or their run failed."
)


def publish_all(database: Database, send: Send, settings: Settings) -> None:
    """Publishes every run that has changed, those too whose rates are behind because no batch has come for a while."""
    rates.write_behind(database, QUIET_SECONDS)
    publish_changed(database, send, settings)


def publish_changed(database: Database, send: Send, settings: Settings) -> None:
    """Publishes every run with new rates, but for those that another process publishes now.

    A run at which it fails stays marked, and keeps no other waiting. Raises Unavailable.
    """
    claim = _claim(database, "")
    while claim is not None:
        try:
            publish(database, send, settings, claim)
        except Unavailable:
            raise
        except Exception as error:
            # Not its words, which may hold a prompt.
            log.warning("run %s was not published: %s", visible(claim.run_id), type(error).__qualname__)
            UNPUBLISHED.inc()
        claim = _claim(database, claim.run_id)


def publish(database: Database, send: Send, settings: Settings, claim: Claim) -> None:
    """Compares the run with its baseline, keeps verdicts and events, sends the rates, then clears the run's mark.

    A crash at any point leaves the mark: all is done again, to the same end, and the same rates go onto the same keys.
    Rates that change while earlier ones are sent go out as they are by then; the run stays marked, and all of them
    follow.
    """
    published = None
    try:
        with database.transaction(computing=True) as connection:
            _compare(connection, claim.run_id, settings)
            mark = publications.lock(connection, claim.run_id)
            announce_run(connection, claim.run_id, settings)
            found = rates.page(connection, claim.run_id)
        while found:
            _send(send, claim.run_id, found)
            found = _after(database, found)
        published = mark
    finally:
        with database.transaction() as connection:
            publications.release(connection, claim, published)


def _after(database: Database, sent: Sequence[LeakRate]) -> list[LeakRate]:
    """The rates that follow these of their run; no transaction is open while they are sent."""
    if len(sent) < rates.PAGE:
        return []
    with database.snapshot() as connection:
        return rates.page(connection, sent[0].run_id, rates.last_place(sent))


def _claim(database: Database, after: str) -> Claim | None:
    with database.transaction() as connection:
        return publications.claim_next(connection, after)


def _compare(connection: Connection, run_id: str, settings: Settings) -> None:
    """Compares a finished run with the baseline of the monitor that it belongs to, if there is one."""
    if not any(monitor.baseline for monitor in settings.monitors.values()):
        return
    stalled_after = settings.aggregation.stalled_after_seconds
    run = runs.one(connection, run_id, stalled_after)
    monitor = settings.monitors.get(run.monitor) if run is not None else None
    if run is not None and monitor is not None and monitor.baseline is not None:
        streams.conclude(connection, run.monitor, monitor.baseline, run_id, stalled_after, monitor.alarm_points)


def _send(send: Send, run_id: str, found: Iterable[LeakRate]) -> None:
    """Sends the rates, all but those that the topic refuses: no attempt would ever end."""
    try:
        send([Outgoing(RATES, rate_key(rate), encode_rate(rate)) for rate in found])
    except MessagesRefused as refused:
        log.warning("run %s: %d rates stay in the database alone: %s", visible(run_id), len(refused.messages), refused)
        UNPUBLISHED.inc(len(refused.messages))
