"""The aggregator as a process: scores, manifests and dead letters into PostgreSQL, rates out."""

import argparse
import gc
from collections.abc import Mapping, Sequence

from prometheus_client import REGISTRY, CollectorRegistry

from results.monitor_status import Watched, baselines, metric_names, watched
from results.storage.judgements import Judgements
from results.storage.migrate import migrate
from results.storage.monitors import monitor_statuses, note_schedules, watched_rates
from results.storage.series import dead_jobs, stalled_runs
from results.storage.store import Store
from seep.errors import InputError
from seep.kafka.client import Sender
from seep.kafka.messages import Message
from seep.kafka.topics import DEAD_LETTERS, RUNS, SCORES
from seep.runtime.metrics import MESSAGES, timed
from seep.runtime.service import open_health, run_service, serve, service_arguments, wait_for
from seep.runtime.stopping import stop_on_signals
from seep.settings import Settings
from services.aggregator.gauges import MonitorCollector, Operation, OperationCollector, RateCollector
from services.aggregator.ingest import STAGE, publish_changed, read_batch
from services.aggregator.single_flight import Shared

GROUP = "seep-aggregator"
# Whose dead letters are counted.
STAGES = ("generator", "scorer", "aggregator")
# Three readings in a row that all take a second longer still end before Prometheus gives a scrape up, after ten.
SCRAPED_STATEMENT_SECONDS = 2.0


def collect_garbage_rarely() -> None:
    """Records are frozen and hold no cycles, so looking through a batch of them for garbage is half of a batch's time
    and finds nothing."""
    gc.freeze()
    gc.set_threshold(500_000, 50, 50)


def operation(store: Store, settings: Settings) -> Operation:
    """What the gauges of monitors and troubled runs show."""
    statuses = monitor_statuses(store, settings.monitors, settings.scheduling)
    return Operation(statuses, stalled_runs(store), dead_jobs(store))


def expose(registry: CollectorRegistry, store: Store, settings: Settings, shown: Mapping[str, Watched]) -> None:
    """Registers the gauges of what a store keeps. Scrapes that overlap share each of their readings, so that the store
    has as many connections as there are kinds of them, however many scrape."""
    metrics, tested = metric_names(settings.metrics), baselines(settings.monitors)
    store.limit_statements(SCRAPED_STATEMENT_SECONDS)
    rates = Shared(lambda: watched_rates(store, shown, metrics))
    runs = Shared(lambda: operation(store, settings))
    states = Shared(lambda: Judgements(store).monitor_states(tested))
    registry.register(RateCollector(rates))
    registry.register(OperationCollector(runs, sorted(settings.targets), STAGES))
    registry.register(MonitorCollector(states))


def main(arguments: argparse.Namespace, settings: Settings) -> bool:
    """Serves until stopped; see `seep.runtime.service.serve`."""
    dsn = settings.database.resolved_dsn()
    if dsn is None:
        raise InputError("database.dsn: the aggregator needs a PostgreSQL; set SEEP_DATABASE__DSN or database.dsn_file")
    shown = watched(settings.monitors)
    stop = stop_on_signals()
    health = open_health(settings)
    collect_garbage_rarely()
    wait_for(lambda: migrate(dsn), stop)
    sender = wait_for(lambda: Sender(settings.kafka), stop)
    stalled_after = settings.aggregation.stalled_after_seconds
    with Store.open(dsn, stalled_after) as store, Store.open(dsn, stalled_after) as scraped:
        wait_for(lambda: note_schedules(store, settings.monitors), stop)
        expose(REGISTRY, scraped, settings, shown)
        wait_for(lambda: publish_changed(store, sender.send, settings.monitors), stop)

        def process(messages: Sequence[Message]) -> None:
            with timed(STAGE):
                batch = read_batch(messages)
                store.record(batch.scored, batch.dead, batch.manifests)
                sender.send(batch.unusable)
                publish_changed(store, sender.send, settings.monitors)
            MESSAGES.labels(STAGE, "done").inc(len(messages) - len(batch.unusable))
            MESSAGES.labels(STAGE, "dead").inc(len(batch.unusable))

        topics = [SCORES, RUNS, DEAD_LETTERS]
        return serve(settings, STAGE, process, topics=topics, group=GROUP, stop=stop, health=health)


if __name__ == "__main__":
    run_service(main, service_arguments(__doc__ or ""))
