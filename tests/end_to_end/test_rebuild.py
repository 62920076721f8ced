"""The database made again from the topics: whole, from an older backup, in order and shuffled, to the same state."""

import os
import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from cli.commands.rebuild import record_again
from cli.sending import manifest_message
from results.storage.migrate import migrate
from seep.codec import encode_scored_job
from seep.kafka.client import KafkaBroker
from seep.kafka.dead_letters import dead_letter
from seep.kafka.messages import Message, Outgoing
from seep.kafka.topics import DEAD_LETTERS, RUNS, SCORES, job_key
from seep.records import ScoredJob
from tests.builders import run_manifest, scored_job
from tests.commands import run_command
from tests.databases import NUMBERS
from tests.stack import Stack, stack_in
from tests.stored import Stored

RUN_IDS = ("whole", "half", "dead", "cancelled")
JOBS = 20
# What is the same however the rows came: not the times, which are the database's own, nor what is to be published.
TABLES = {
    "runs": "run_id, target, suite, suite_version, suite_hash, probe, monitor, cluster, samples, job_count,"
    " job_checksums, expected_comparisons, recorded, dead, created_at, cancelled, reason",
    "jobs": "run_id, job_id, status, stage, reason, provenance",
    "provenances": "run_id, provenance",
    "test_sums": "run_id, job_id, cluster, test, concept, category, metric, measures, sizes, totals",
    "cluster_sums": "run_id, cluster, category, metric, measures, sizes, totals",
    "sample_sums": "run_id, job_id, metric, category, differ, samples, sizes, totals",
    "recorded_comparisons": "run_id, metric, category, measure, n",
    "comparisons": "run_id, job_id, test, category, prompt, samples, answers::text, outcomes::text, similarities::text",
    "shared_answers": "run_id, job_id, control_prompt, controls::text, neutral_prompt, neutrals::text",
    "rates": "run_id, metric, category, rate, low, high, comparisons, clusters, missing, mixed, measures, kappa",
}


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A broker, a database and an aggregator, which is started by the test."""
    folder = tmp_path_factory.mktemp("rebuild")
    (folder / "answers.jsonl").write_text("")
    engine = {"backend": "recorded", "file": str(folder / "answers.jsonl")}
    configuration = {"engines": {"e": engine}, "targets": {"stub": {"engine": "e"}}, "worker": {"batch_size": 16}}
    with stack_in(folder, configuration) as stack:
        yield stack


def scored(run_id: str, number: int) -> ScoredJob:
    draw = random.Random(f"{run_id}/{number}")
    return scored_job(f"j{number}", {"1": [draw.random(), 1.0], "2": [0.0, draw.random()]}, run_id=run_id)


def score_message(job: ScoredJob) -> Outgoing:
    prompts = job.generated.job
    return Outgoing(SCORES, job_key(prompts.run_id, prompts.job_id), encode_scored_job(job))


def history() -> list[Outgoing]:
    """Runs of all kinds, doubled messages, jobs of something else, garbage, and dead letters of which one is mended."""
    manifests = [
        run_manifest(JOBS, {"1": 2 * JOBS, "2": 2 * JOBS}, run_id=run_id, samples=2, created_at=float(place))
        for place, run_id in enumerate(RUN_IDS)
    ]
    sent = [manifest_message(replace(each, sending=True)) for each in manifests]
    sent += [score_message(scored("whole", n)) for n in range(JOBS)] + [score_message(scored("whole", 3))]
    sent += [score_message(scored("half", n)) for n in range(JOBS // 2)]
    sent += [score_message(scored("dead", n)) for n in range(JOBS - 2)]
    sent += [score_message(scored("cancelled", n)) for n in range(5)]
    sent.append(score_message(scored_job("j4", {"1": [1.0]}, run_id="whole")))
    sent.append(Outgoing(SCORES, b"half/j15", b"garbage"))
    for n in (JOBS - 3, JOBS - 2, JOBS - 1):  # the first of them was replayed, and scored
        jobs_message = Message("seep.jobs.stub", 0, n, job_key("dead", f"j{n}"), b"garbled")
        sent.append(dead_letter(jobs_message, stage="generator", class_name="DecodeError", reason="not a PromptJob"))
    sent.append(Outgoing(DEAD_LETTERS, b"whole/phantom", b"anything"))
    return [
        *sent,
        *map(manifest_message, manifests),
        manifest_message(replace(manifests[3], cancelled=True, reason="interrupted")),
    ]


def state(dsn: str) -> dict[str, list[str]]:
    with psycopg.connect(dsn) as connection:
        queries = {table: f"SELECT {columns} FROM {table} ORDER BY {table}::text" for table, columns in TABLES.items()}
        found = {table: connection.execute(query.encode()).fetchall() for table, query in queries.items()}
    return {table: sorted(map(repr, rows)) for table, rows in found.items()}


def empty_database(stack: Stack) -> str:
    name = f"rebuilt_{next(NUMBERS)}"
    with psycopg.connect(stack.dsn, autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}".encode())
    return make_conninfo(stack.dsn, dbname=name)


def rebuild(stack: Stack, dsn: str) -> tuple[int, str, str]:
    with patch.dict(os.environ, {"SEEP_DATABASE__DSN": dsn}):
        return run_command("--config", str(stack.config), "rebuild")


def on_topic(stack: Stack, topic: str) -> list[Message]:
    with closing(KafkaBroker(stack.settings.kafka).reader(topic)) as reader:
        return list(reader.new_messages())


def shuffled(messages: Sequence[Message], draw: random.Random) -> list[Message]:
    """In any order, some twice, but those of one key in their own: of a job the first score wins."""
    by_key: defaultdict[tuple[str, bytes | None], list[Message]] = defaultdict(list)
    for message in messages:
        by_key[message.topic, message.key] += [message] * draw.choice((1, 1, 2))
    order = [key for key, own in by_key.items() for _ in own]
    draw.shuffle(order)
    return [by_key[key].pop(0) for key in order]


def record_in_batches(dsn: str, messages: Sequence[Message], draw: random.Random) -> None:
    with Stored(dsn) as store:
        start = 0
        while start < len(messages):
            size = draw.choice((1, 5, 40))
            record_again(store, list(messages[start : start + size]))
            start += size


def test_the_database_is_rebuilt_from_the_topics(stack: Stack, tmp_path: Path) -> None:
    sender = KafkaBroker(stack.settings.kafka).sender()
    sender.send(history())
    sender.close()
    aggregator = stack.services["aggregator"]
    aggregator.start()
    stack.wait_for_state("whole", "complete")
    stack.wait_for_state("dead", "partial")
    stack.wait_for_state("cancelled", "cancelled")
    stack.wait_for_jobs("half", JOBS // 2)
    # Garbage, a job of something else, three of the generator's and a foreign one.
    stack.wait_until(lambda: len(on_topic(stack, DEAD_LETTERS)) == 6, "the aggregator's own dead letters")
    stack.wait_until(lambda: bool(state(stack.dsn)["jobs"]) and no_lag(stack), "all to be recorded")

    code, _, complaint = rebuild(stack, stack.dsn)
    assert (code, complaint.count("\n")) == (2, 1)
    assert "1 aggregators are running, the members of group seep-aggregator: stop them first" in complaint
    aggregator.stop()
    original = state(stack.dsn)
    assert len(original["runs"]) == len(RUN_IDS)

    again = empty_database(stack)
    code, printed, complaint = rebuild(stack, again)
    assert code == 0, complaint
    assert "seep.scores: 56 messages, 2 unusable\n" in printed
    assert state(again) == original
    assert rebuild(stack, again)[0] == 0
    assert state(again) == original
    with Stored(again) as store:
        assert store.changed_runs() == sorted(RUN_IDS)

    messages = [message for topic in (RUNS, SCORES, DEAD_LETTERS) for message in on_topic(stack, topic)]
    for seed in range(4):
        draw = random.Random(seed)
        other = empty_database(stack)
        migrate(other)
        record_in_batches(other, shuffled(messages, draw), draw)
        assert state(other) == original

    older = empty_database(stack)
    migrate(older)
    record_in_batches(older, messages[: len(messages) // 2], random.Random(5))
    assert state(older) != original
    assert rebuild(stack, older)[0] == 0
    assert state(older) == original


def no_lag(stack: Stack) -> bool:
    """Whether the last of the history has reached the database."""
    with Stored(stack.dsn) as store:
        cancelled, half, dead = (store.run(run_id) for run_id in ("cancelled", "half", "dead"))
    return (
        cancelled is not None
        and half is not None
        and dead is not None
        and (cancelled.recorded, half.dead, dead.dead) == (5, 1, 2)
    )
