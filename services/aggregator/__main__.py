"""The aggregator as a process: scores, manifests and dead letters into PostgreSQL, rates out."""

if __name__ == "__main__":  # before the imports that take seconds
    from seep.runtime.stopping import end_on_signals

    end_on_signals()

import argparse
import gc
from collections.abc import Mapping, Sequence
from functools import partial

from prometheus_client import REGISTRY, CollectorRegistry

from results.drift_test import StreamRun
from results.monitor_status import Watched, WatchedRate, baselines, metric_names, watched
from results.storage.database import Database, exposure
from results.storage.dead_jobs import by_target_and_stage
from results.storage.monitors import monitor_statuses, note_schedules, watched_rates
from results.storage.rates import KnownReaches
from results.storage.recording import record
from results.storage.runs import stalled_runs
from results.storage.streams import latest_tested
from results.storage.versions import ensure_current
from results.storage.waits import record_waits
from seep.errors import InputError
from seep.kafka.client import KafkaBroker
from seep.kafka.dead_letters import send_all
from seep.kafka.messages import Message, Send
from seep.kafka.topics import DEAD_LETTERS, RUNS, SCORES, WAITS
from seep.runtime.metrics import MESSAGES, timed
from seep.runtime.service import open_health, run_service, serve, service_arguments, wait_for, warn
from seep.runtime.stopping import stop_on_signals
from seep.runtime.worker import Process
from seep.settings import Settings
from services.aggregator.dead_letters import STAGE
from services.aggregator.delivering import deliver_events
from services.aggregator.gauges import GaugesCollector, MonitorCollector, Operation, OperationCollector, RateCollector
from services.aggregator.ingest import GROUP, not_of_their_run, read_batch
from services.aggregator.publishing import publish_all, publish_changed
from services.aggregator.single_flight import Shared

# Whose dead letters are counted.
STAGES = ("generator", "scorer", "aggregator")
# Three readings in a row that all take a second longer still end before Prometheus abandons a scrape, after ten.
SCRAPED_STATEMENT_SECONDS = 2.0


def collect_garbage_rarely() -> None:
    """Records are frozen and hold no cycles, so looking through a batch of them for garbage is half of a batch's time
    and finds nothing."""
    gc.freeze()
    gc.set_threshold(500_000, 50, 50)


def expose(registry: CollectorRegistry, database: Database, settings: Settings, shown: Mapping[str, Watched]) -> None:
    """Registers the gauges of what a database keeps.

    Scrapes that overlap share each of their readings, so that there are as many connections as kinds of readings,
    however many scrape.
    """
    metrics, tested = metric_names(settings.metrics), baselines(settings.monitors)
    stalled_after = settings.aggregation.stalled_after_seconds

    reach_of = KnownReaches()

    def rates() -> list[WatchedRate]:
        with database.snapshot() as connection:
            return watched_rates(connection, shown, metrics, stalled_after, reach_of)

    def operation() -> Operation:
        with database.snapshot() as connection:
            statuses = monitor_statuses(connection, settings.monitors, settings.scheduling, stalled_after)
            return Operation(statuses, stalled_runs(connection, stalled_after), by_target_and_stage(connection))

    def tested_runs() -> list[StreamRun]:
        with database.snapshot() as connection:
            return latest_tested(connection, tested)

    runs = OperationCollector(Shared(operation), sorted(settings.targets), STAGES)
    registry.register(GaugesCollector([RateCollector(Shared(rates)), runs, MonitorCollector(Shared(tested_runs))]))


def batch_process(database: Database, send: Send, settings: Settings) -> Process:
    """What the loop calls with each batch: record, send on what is unusable, publish what has changed."""

    def process(messages: Sequence[Message]) -> None:
        with timed(STAGE):
            batch = read_batch(messages)
            with database.transaction() as connection:
                foreign = record(connection, batch.scored, batch.dead, batch.manifests)
                record_waits(connection, batch.waits)
            dead = [*batch.unusable, *not_of_their_run(batch, foreign)]
            send_all(send, dead)
            publish_changed(database, send, settings)
        MESSAGES.labels(STAGE, "done").inc(len(messages) - len(dead))
        MESSAGES.labels(STAGE, "dead-lettered").inc(len(dead))

    return process


def main(arguments: argparse.Namespace, settings: Settings) -> bool:
    """Serves until stopped; see `seep.runtime.service.serve`."""
    dsn = settings.database.resolved_dsn()
    if dsn is None:
        raise InputError("database.dsn: the aggregator needs a PostgreSQL; set SEEP_DATABASE__DSN or database.dsn_file")
    warn(exposure(dsn))
    if settings.events.webhook is not None:
        settings.events.webhook.resolved_secret()  # one that is none is refused before anything starts
    shown = watched(settings.monitors)
    stop = stop_on_signals()
    health = open_health(settings)
    collect_garbage_rarely()
    wait_for(lambda: ensure_current(dsn), stop)
    broker = KafkaBroker(settings.kafka)
    sender = wait_for(broker.sender, stop)
    with Database(dsn) as database, Database(dsn, SCRAPED_STATEMENT_SECONDS) as scraped:
        wait_for(lambda: keep_schedules(database, settings), stop)
        expose(REGISTRY, scraped, settings, shown)

        publish = partial(publish_all, database, sender.send, settings)
        wait_for(publish, stop)
        deliver_events(database, broker, settings, stop)
        # Also when no message comes: a baseline that is set changes runs too, and rates may be behind.
        return serve(
            broker,
            settings.worker,
            STAGE,
            batch_process(database, sender.send, settings),
            topics=[SCORES, RUNS, DEAD_LETTERS, WAITS],
            group=GROUP,
            stop=stop,
            health=health,
            idle=publish,
        )


def keep_schedules(database: Database, settings: Settings) -> None:
    """Keeps since when each monitor has its schedule."""
    with database.transaction() as connection:
        note_schedules(connection, settings.monitors)


if __name__ == "__main__":
    run_service(main, service_arguments(__doc__ or ""))
