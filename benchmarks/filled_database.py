"""A database with as many runs as asked for, each a copy of one that was recorded; for benchmarks and tests."""

import random

import psycopg

from benchmarks.aggregator import manifest_of, scored_job
from services.aggregator.aggregating import publish_changed
from services.aggregator.dead import DeadJob
from services.aggregator.store import Store

DAY = 86_400.0
MONITOR = "daily"
COPIED = {
    "jobs": "job, status, stage, reason, provenance",
    "provenances": "provenance",
    "test_sums": "job, cluster, test, concept, category, metric, measure, n, total",
    "cluster_sums": "cluster, category, metric, measure, n, total",
    "rates": "metric, category, rate",
    "comparisons": "job, test, sample, category, concept, prompt, generation, control_prompt, control_generation, "
    "outcomes, similarities",
}


def fill(dsn: str, *, run: str, jobs: int, tests: int, samples: int, copies: int, targets: int) -> None:
    """Records one run of this shape with a dead job, and copies it so many times, a day apart, as
    `<run>-<k>` of `target-<k % targets>`."""
    draw = random.Random(11)
    scored = [scored_job(run, number, tests, samples, draw) for number in range(jobs)]
    with Store.open(dsn) as store:
        for start in range(0, jobs, 50):
            store.record(scored[start : start + 50], [], [])
        dead = [DeadJob(run, "dead", "generator", "it timed out")]
        store.record([], dead, [manifest_of(scored, created_at=0.0, monitor=MONITOR)])
        publish_changed(store, lambda outgoing: None, {})
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(
            f"""
            INSERT INTO runs
            SELECT (jsonb_populate_record(runs, jsonb_build_object(
                'run', run || '-' || k, 'target', 'target-' || k % {targets}, 'created_at', k * {DAY},
                'first_seen_at', first_seen_at + k * interval '1 s'
            ))).*
            FROM runs, generate_series(1, {copies}) AS k WHERE run = '{run}'
            """
        )
        for table, columns in COPIED.items():
            connection.execute(
                f"INSERT INTO {table} (run, {columns}) SELECT run || '-' || k, {columns}"
                f" FROM generate_series(1, {copies}) AS k, {table} WHERE run = '{run}'"
            )
        connection.execute("VACUUM ANALYZE")
