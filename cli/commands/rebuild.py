"""The command that makes the results again of what is on the topics."""

from contextlib import closing
from itertools import islice

import typer

from cli.broker import open_broker
from cli.database import open_database
from cli.rendering.consoles import progress_bars
from cli.rendering.output import echo
from results.storage.database import Database
from results.storage.rates import write_behind
from results.storage.recording import record
from seep.errors import InputError
from seep.kafka.broker import Broker
from seep.kafka.messages import Message
from seep.kafka.topics import DEAD_LETTERS, RUNS, SCORES
from seep.settings import load_settings


def rebuild(context: typer.Context) -> None:
    """Record again what the topics still hold: after a backup was restored, or into an empty database.

    What the database has already stays as it is. Stop the aggregator before, and start it after, to publish the rates.
    Baselines, verdicts and monitors' tests are in no topic.
    """
    # Not above: no other command needs what it imports.
    from services.aggregator.ingest import GROUP

    settings = load_settings()
    broker = open_broker(context, settings)
    if members := broker.members(GROUP):
        raise InputError(f"rebuild: {members} aggregators are running, the members of group {GROUP}: stop them first")
    with open_database(settings) as database:
        # Manifests first: they say which jobs are of their run.
        for topic in (RUNS, SCORES, DEAD_LETTERS):
            echo(f"{topic}: {_record_topic(broker, topic, database, settings.worker.batch_size)}")
        write_behind(database, quiet_seconds=0)


def _record_topic(broker: Broker, topic: str, database: Database, batch_size: int) -> str:
    """Records all messages of a topic; says how many, from which offsets, and how many of them say nothing usable."""
    firsts: dict[int, int] = {}
    messages = unusable = 0
    with closing(broker.reader(topic)) as reader, progress_bars() as progress:
        task = progress.add_task(topic, total=None)
        found = reader.new_messages()
        while batch := list(islice(found, batch_size)):
            unusable += record_again(database, batch)
            messages += len(batch)
            for message in batch:
                firsts.setdefault(message.partition, message.offset)
            progress.update(task, completed=messages)
    # Of a compacted topic nothing but older manifests of the same runs is gone.
    begins = "" if topic == RUNS else _from_offsets(firsts)
    return f"{messages} messages{begins}" + (f", {unusable} unusable" if unusable else "")


def record_again(database: Database, messages: list[Message]) -> int:
    """Records messages of the aggregator's topics in one transaction; how many of them say nothing usable.

    Those are dead letters already, since an aggregator has had them.
    """
    from services.aggregator.ingest import read_batch

    batch = read_batch(messages)
    with database.transaction() as connection:
        foreign = record(connection, batch.scored, batch.dead, batch.manifests)
    return len(batch.unusable) + len(foreign)


def _from_offsets(firsts: dict[int, int]) -> str:
    """Where the topic began, by partition, if it no longer begins at 0."""
    gone = [f"{partition}:{offset}" for partition, offset in sorted(firsts.items()) if offset]
    return f" from offsets {' '.join(gone)} (what was before is deleted)" if gone else ""
