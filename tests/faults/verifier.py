"""Compares a run by ids with an undisturbed run of the same handlers: what is lost, and what is there twice."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from unittest.mock import patch

import psycopg

from results.storage.migrate import migrate
from seep.codec import decode_rate
from seep.kafka.client import KafkaBroker
from seep.kafka.topics import RATES
from seep.local_postgres import local_postgres
from seep.records import LeakRate
from tests.commands import run_command
from tests.faults.questions import MODE, Questions
from tests.stack import Stack

Rows = Mapping[str, Counter[str]]

# What two runs of the same answers may differ in.
NAMES = [
    *("run_id", "target", "provenance"),
    *(
        "created_at",
        "first_seen_at",
        "recorded_at",
        "last_progress_at",
        "changes",
        "rated",
        "published",
        "publishing_until",
    ),
]
TABLES = (
    *("runs", "jobs", "test_sums", "cluster_sums", "sample_sums"),
    *("recorded_comparisons", "comparisons", "shared_answers", "rates"),
)


def undisturbed(questions: Questions, folder: Path) -> Rows:
    """What the suite leaves in the database when it runs in one process that nothing disturbs."""
    run = "undisturbed"
    with local_postgres(folder / "undisturbed") as dsn:
        migrate(dsn)
        options = ("--recorded", str(questions.recorded), "--run-id", run, "--mode", MODE, "--json")
        with patch.dict("os.environ", {"SEEP_DATABASE__DSN": dsn}):
            code, _, complaint = run_command("run", str(questions.suite), *options, folder=folder)
        assert code == 0, complaint
        rows = rows_of(dsn, run)
    assert rows["jobs"].total() == questions.jobs
    return rows


def rows_of(dsn: str, run_id: str) -> Rows:
    """All rows of a run by table, each as text to the last digit, but for names and times."""
    with psycopg.connect(dsn) as connection:
        return {
            table: Counter(
                row
                for (row,) in connection.execute(
                    f"SELECT (to_jsonb(t) - %s::text[])::text FROM {table} t WHERE run_id = %s".encode(),
                    (NAMES, run_id),
                )
            )
            for table in TABLES
        }


def assert_exact(stack: Stack, run_id: str, expected: Rows) -> None:
    """Nothing is lost, nothing is there twice, and sums and rates, published ones too, are equal to the last digit."""
    found = rows_of(stack.dsn, run_id)
    lost = {table: list((expected[table] - found[table]).elements())[:3] for table in TABLES}
    twice = {table: list((found[table] - expected[table]).elements())[:3] for table in TABLES}
    assert not any(lost.values()), f"lost of {run_id}: {lost}; there instead: {twice}"
    assert not any(twice.values()), f"twice, or another's, in {run_id}: {twice}"
    store = stack.store()
    stack.wait_until(lambda: not store.changed_runs(), "the rates to be published")
    assert published(stack, run_id) == {(rate.metric, rate.category): rate for rate in store.written_rates(run_id)}


def published(stack: Stack, run_id: str) -> dict[tuple[str, str], LeakRate]:
    """The living values on seep.rates."""
    reader = KafkaBroker(stack.settings.kafka).reader(RATES)
    try:
        rates = [decode_rate(message.value or b"") for message in reader.new_messages()]
    finally:
        reader.close()
    return {(rate.metric, rate.category): rate for rate in rates if rate.run_id == run_id}
