"""What follows when runs have changed: verdicts in the database, rates on the topic."""

from results.storage import publications, rates, runs, streams
from results.storage.database import Connection, Database
from results.storage.publications import Claim
from seep.codec import encode_rate
from seep.kafka.messages import Outgoing, Send
from seep.kafka.topics import RATES, rate_key
from seep.records import LeakRate
from seep.settings import Settings


def publish_changed(database: Database, send: Send, settings: Settings) -> None:
    """Publishes every run that has changed, but for those that another process publishes now."""
    claim = _claim(database, "")
    while claim is not None:
        publish(database, send, settings, claim)
        claim = _claim(database, claim.run_id)


def publish(database: Database, send: Send, settings: Settings, claim: Claim) -> None:
    """Compares the run with its baseline, keeps the verdicts, sends the rates, then clears the run's mark.

    A crash at any point leaves the mark: all is done again, to the same end, and the same rates go onto the same keys.
    """
    published = None
    try:
        with database.transaction() as connection:
            _compare(connection, claim.run_id, settings)
            mark = publications.lock(connection, claim.run_id)
            found = rates.of_run(connection, claim.run_id)
        send([_message(rate) for rate in found])
        published = mark
    finally:
        with database.transaction() as connection:
            publications.release(connection, claim, published)


def _claim(database: Database, after: str) -> Claim | None:
    with database.transaction() as connection:
        return publications.claim_next(connection, after)


def _compare(connection: Connection, run_id: str, settings: Settings) -> None:
    """Compares a finished run with the baseline of the monitor that it belongs to, if there is one."""
    tested = {name: monitor.baseline for name, monitor in settings.monitors.items() if monitor.baseline}
    stalled_after = settings.aggregation.stalled_after_seconds
    run = runs.one(connection, run_id, stalled_after) if tested else None
    if run is not None and run.monitor in tested:
        streams.conclude(connection, run.monitor, tested[run.monitor], run_id, stalled_after)


def _message(rate: LeakRate) -> Outgoing:
    return Outgoing(RATES, rate_key(rate), encode_rate(rate))
