"""Many runs of one job in a batch: on a real PostgreSQL, they take as many journeys as few, and each is as alone."""

import gc
import sys
from collections.abc import Callable, Sequence
from typing import Any

import psycopg
import pytest
from prometheus_client import CollectorRegistry, generate_latest

from results.storage import recording
from seep.codec import encode_manifest, encode_scored_job
from seep.kafka.messages import Message, Outgoing
from seep.kafka.topics import RUNS, SCORES
from seep.records import RunManifest, ScoredJob
from seep.settings import Settings
from services.aggregator.__main__ import batch_process, expose
from tests.stored import Stored, nowhere

BATCH, BATCHES = 64, 4
Scored = Callable[..., ScoredJob]
Manifest = Callable[..., RunManifest]


def messages(scored: Scored, manifest: Manifest, names: Sequence[str]) -> list[Message]:
    """A job and the manifest of each run."""
    jobs = [encode_scored_job(scored("job", {"1": [float(len(name) % 2)]}, run_id=name)) for name in names]
    manifests = [encode_manifest(manifest(1, {"1": 1}, run_id=name)) for name in names]
    of_topics = [*((SCORES, value) for value in jobs), *((RUNS, value) for value in manifests)]
    return [Message(topic, 0, place, b"", value, ()) for place, (topic, value) in enumerate(of_topics)]


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """The statements that are sent; those for many rows of parameters go together."""
    found: list[object] = []
    execute, executemany, copy = psycopg.Cursor.execute, psycopg.Cursor.executemany, psycopg.Cursor.copy

    def counted(cursor: Any, query: Any, *arguments: Any, **options: Any) -> Any:
        found.append(query)
        return execute(cursor, query, *arguments, **options)

    def counted_together(cursor: Any, query: Any, *arguments: Any, **options: Any) -> None:
        found.append(query)
        executemany(cursor, query, *arguments, **options)

    def counted_copy(cursor: Any, query: Any, *arguments: Any, **options: Any) -> Any:
        found.append(query)
        return copy(cursor, query, *arguments, **options)

    monkeypatch.setattr(psycopg.Cursor, "execute", counted)
    monkeypatch.setattr(psycopg.Cursor, "executemany", counted_together)
    monkeypatch.setattr(psycopg.Cursor, "copy", counted_copy)
    return found


def test_a_batch_of_many_small_runs_takes_as_many_journeys_to_the_server_as_one_of_few(
    store: Stored, scored: Scored, manifest: Manifest, sent: list[object]
) -> None:
    process = batch_process(store, nowhere, Settings())
    process(messages(scored, manifest, ["warm"]))
    counts = []
    for size in (2, 20):
        sent.clear()
        process(messages(scored, manifest, [f"of-{size}-{number}" for number in range(size)]))
        counts.append(len(sent))
    assert counts[0] == counts[1]
    assert store.changed_runs() == []


def test_runs_of_one_batch_are_recorded_and_sent_as_each_is_alone(
    store: Stored, scored: Scored, manifest: Manifest
) -> None:
    names = [f"run-{'x' * number}" for number in range(8)]
    together: list[Outgoing] = []
    alone: list[Outgoing] = []
    batch_process(store, together.extend, Settings())(messages(scored, manifest, names))
    tables = rows(store)
    empty(store)
    for name in names:
        batch_process(store, alone.extend, Settings())(messages(scored, manifest, [name]))
    assert rows(store) == tables
    assert sorted(together, key=key_of) == sorted(alone, key=key_of)
    assert len(together) == len(names) * len(store.written_rates(names[0])) > 0


def test_a_batch_that_is_too_large_to_be_held_is_recorded_in_slices_to_the_same_rows(
    store: Stored, scored: Scored, manifest: Manifest, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = messages(scored, manifest, ["a", "b", "c"])
    batch_process(store, nowhere, Settings())(batch)
    tables = rows(store)
    empty(store)
    monkeypatch.setattr(recording, "SERIES_AT_ONCE", 1)
    batch_process(store, nowhere, Settings())(batch)
    assert rows(store) == tables


def empty(store: Stored) -> None:
    """Deletes all that is kept of the runs."""
    with store.transaction() as connection:
        connection.execute("TRUNCATE runs, test_sums, cluster_sums, sample_sums, comparisons, shared_answers CASCADE")


def key_of(message: Outgoing) -> bytes:
    return message.key or b""


def rows(store: Stored) -> dict[str, list[str]]:
    """All that is kept of the runs, without times."""
    with store.snapshot() as connection:
        return {
            table: sorted(
                text
                for (text,) in connection.execute(
                    f"SELECT (to_jsonb({table}) - %s::text[])::text FROM {table}",
                    (["first_seen_at", "last_progress_at", "recorded_at"],),
                )
            )
            for table in ("runs", "jobs", "provenances", "recorded_comparisons", "test_sums", "cluster_sums", "rates")
        }


def test_nothing_is_held_of_each_run_that_was_recorded_and_published(
    store: Stored, scored: Scored, manifest: Manifest
) -> None:
    process, registry = batch_process(store, nowhere, Settings()), CollectorRegistry()
    expose(registry, store, Settings(), {})
    held = []
    for turn in range(4):
        for batch in range(BATCHES):
            process(messages(scored, manifest, [f"run-{turn}-{batch}-{number}" for number in range(BATCH)]))
        generate_latest(registry)
        gc.collect()
        held.append(sys.getallocatedblocks())
    # What is kept by run takes a block for each at least; what is kept once is there by the second turn.
    assert held[3] - held[1] < 2 * BATCHES * BATCH
