"""The aggregator as a process: scores, manifests and dead letters into PostgreSQL, rates out."""

import argparse
import gc
from collections.abc import Sequence

from prometheus_client import REGISTRY

from seep.broker import Sender
from seep.errors import InputError
from seep.messages import Message
from seep.metrics import MESSAGES, timed
from seep.service import open_health, run_service, serve, service_arguments, wait_for
from seep.settings import Settings
from seep.stopping import stop_on_signals
from seep.topics import DEAD_LETTERS, RUNS, SCORES
from services.aggregator.aggregating import STAGE, publish_changed, read_batch
from services.aggregator.exposition import Operation, OperationCollector, RateCollector
from services.aggregator.judgements import Judgements
from services.aggregator.migrate import migrate
from services.aggregator.monitor_exposition import MonitorCollector
from services.aggregator.monitors import (
    baselines,
    metric_names,
    monitor_statuses,
    note_schedules,
    watched,
    watched_rates,
)
from services.aggregator.reading import dead_jobs, stalled_runs
from services.aggregator.store import Store

GROUP = "seep-aggregator"
# Whose dead letters are counted.
STAGES = ("generator", "scorer", "aggregator")


def collect_garbage_rarely() -> None:
    """Records are frozen and hold no cycles, so looking through a batch of them for garbage is half of a batch's time
    and finds nothing."""
    gc.freeze()
    gc.set_threshold(500_000, 50, 50)


def operation(store: Store, settings: Settings) -> Operation:
    """What the gauges of monitors and troubled runs show."""
    statuses = monitor_statuses(store, settings.monitors, settings.scheduling)
    return Operation(statuses, stalled_runs(store), dead_jobs(store))


def main(arguments: argparse.Namespace, settings: Settings) -> bool:
    """Serves until stopped; see `seep.service.serve`."""
    dsn = settings.database.resolved_dsn()
    if dsn is None:
        raise InputError("database.dsn: the aggregator needs a PostgreSQL; set SEEP_DATABASE__DSN or database.dsn_file")
    shown, metrics = watched(settings.monitors), metric_names(settings.metrics)
    tested = baselines(settings.monitors)
    stop = stop_on_signals()
    health = open_health(settings)
    collect_garbage_rarely()
    wait_for(lambda: migrate(dsn), stop)
    sender = wait_for(lambda: Sender(settings.kafka), stop)
    with Store.open(dsn, settings.aggregation.stalled_after_seconds) as store:
        wait_for(lambda: note_schedules(store, settings.monitors), stop)
        REGISTRY.register(RateCollector(lambda: watched_rates(store, shown, metrics)))
        REGISTRY.register(OperationCollector(lambda: operation(store, settings), sorted(settings.targets), STAGES))
        REGISTRY.register(MonitorCollector(lambda: Judgements(store).monitor_states(tested)))
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
