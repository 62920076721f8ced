"""Writes what is new of runs, jobs and manifests."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import LiteralString

from results.dead_jobs import DeadJob
from results.storage import rates
from results.storage.database import Connection, Cursor
from results.storage.rows import (
    cluster_rows,
    comparison_counts,
    comparison_rows,
    dead_row,
    job_row,
    manifest_row,
    run_row,
    storable,
    sum_rows,
)
from results.storage.runs import LOCK_RUNS
from results.sums import comparisons, per_test_sums
from seep.records import PromptJob, RunManifest, ScoredJob

INSERT_RUN: LiteralString = "INSERT INTO runs (run_id) VALUES (%s) ON CONFLICT DO NOTHING"

# Jobs that came before the manifest, and are of something else that was sent under the run's id.
OTHERS_JOBS: LiteralString = """
SELECT 1 FROM runs WHERE run_id = %(run_id)s AND job_count IS NULL AND cluster IS NOT NULL
  AND (target, suite_hash, samples) <> (%(target)s, %(suite_hash)s, %(samples)s)
"""

# All that a scored job adds; a dead one may be anybody's.
FORGET_SCORED: tuple[LiteralString, ...] = (
    "DELETE FROM jobs WHERE run_id = %(run_id)s AND status = 'scored'",
    *(
        f"DELETE FROM {table} WHERE run_id = %(run_id)s"
        for table in ("provenances", "test_sums", "cluster_sums", "recorded_comparisons", "comparisons", "rates")
    ),
)

FILL_FROM_MANIFEST: LiteralString = """
UPDATE runs
SET target = %(target)s, suite = %(suite)s, suite_version = %(suite_version)s, suite_hash = %(suite_hash)s,
    probe = %(probe)s, monitor = %(monitor)s, cluster = %(cluster)s, samples = %(samples)s, job_count = %(job_count)s,
    expected_comparisons = %(expected_comparisons)s, created_at = %(created_at)s
WHERE run_id = %(run_id)s AND job_count IS NULL
RETURNING run_id
"""

CANCEL: LiteralString = """
UPDATE runs SET cancelled = true, reason = %(reason)s WHERE run_id = %(run_id)s AND NOT cancelled RETURNING run_id
"""

# The first job says what the run is, until its manifest does.
FILL_FROM_JOB: LiteralString = """
UPDATE runs
SET target = %(target)s, suite = %(suite)s, suite_version = %(suite_version)s, suite_hash = %(suite_hash)s,
    probe = %(probe)s, cluster = %(cluster)s, samples = %(samples)s
WHERE run_id = %(run_id)s AND cluster IS NULL
"""

# First write wins; only a dead-lettered job may still be scored, when its dead letter is replayed. A job of another
# suite, target or sample count, sent under the run's id, is no job of the run.
INSERT_SCORED: LiteralString = """
INSERT INTO jobs (run_id, job_id, status, provenance)
SELECT run_id, %(job_id)s, 'scored', %(provenance)s FROM runs
WHERE run_id = %(run_id)s AND (target, suite_hash, samples) = (%(target)s, %(suite_hash)s, %(samples)s)
ON CONFLICT (run_id, job_id) DO UPDATE
SET status = 'scored', stage = NULL, reason = NULL, provenance = EXCLUDED.provenance, recorded_at = now()
WHERE jobs.status = 'dead'
RETURNING run_id, job_id
"""

INSERT_PROVENANCE: LiteralString = """
INSERT INTO provenances (run_id, provenance) VALUES (%s, %s) ON CONFLICT DO NOTHING
"""

INSERT_DEAD: LiteralString = """
INSERT INTO jobs (run_id, job_id, status, stage, reason) VALUES (%s, %s, 'dead', %s, %s)
ON CONFLICT (run_id, job_id) DO NOTHING
RETURNING run_id, job_id
"""

# A job's sums are written once, and its comparisons are counted with them.
COUNT_COMPARISONS: LiteralString = """
INSERT INTO recorded_comparisons AS known (run_id, metric, category, measure, n) VALUES (%s, %s, %s, %s, %s)
ON CONFLICT (run_id, metric, category, measure) DO UPDATE SET n = known.n + EXCLUDED.n
"""

COPY_SUMS: LiteralString = """
COPY test_sums (run_id, job_id, cluster, test, concept, category, metric, measure, n, total) FROM STDIN
"""

COPY_CLUSTER_SUMS: LiteralString = """
COPY cluster_sums (run_id, cluster, category, metric, measure, n, total) FROM STDIN
"""

COPY_COMPARISONS: LiteralString = """
COPY comparisons (run_id, job_id, test, sample, category, concept, prompt,
                  generation, ended, reasoning, model,
                  control_prompt, control_generation, control_ended, control_reasoning, control_model,
                  outcomes, similarities) FROM STDIN
"""

# Counted again, not added up: a dead job that is scored moves from one count to the other.
MARK_CHANGED: LiteralString = """
UPDATE runs
SET changes = changes + 1, last_progress_at = now(), recorded = counted.recorded, dead = counted.dead
FROM unnest(%s::text[]) AS changed (run_id), LATERAL (
    SELECT count(*) FILTER (WHERE status = 'scored') AS recorded, count(*) FILTER (WHERE status = 'dead') AS dead
    FROM jobs WHERE jobs.run_id = changed.run_id
) AS counted
WHERE runs.run_id = changed.run_id
"""


def record(
    connection: Connection, scored: Sequence[ScoredJob], dead: Sequence[DeadJob], manifests: Sequence[RunManifest]
) -> None:
    """Writes what is new, and marks its runs changed; the rest is dropped whole.

    Of a job the first score wins, over dead letters too. Of a run the first manifest wins, but a later one may cancel
    it. Scored jobs and manifests must be valid.
    """
    runs = sorted({storable(run) for run in _runs_of(scored, dead, manifests)})
    if not runs:
        return
    with connection.cursor() as cursor:
        cursor.executemany(INSERT_RUN, [(run,) for run in runs])
        cursor.execute(LOCK_RUNS, (runs,))
        changed = _record_manifests(cursor, manifests) | _record_scored(cursor, scored)
        changed |= _record_dead(cursor, dead)
        cursor.execute(MARK_CHANGED, (sorted(changed),))
    # With what they count, in one transaction: nobody sees a run that is complete beside rates of half of it.
    for run_id in sorted(changed):
        rates.write(connection, run_id)


def _runs_of(scored: Iterable[ScoredJob], dead: Iterable[DeadJob], manifests: Iterable[RunManifest]) -> Iterator[str]:
    yield from (job.generated.job.run_id for job in scored)
    yield from (job.run_id for job in dead)
    yield from (manifest.run_id for manifest in manifests)


def _record_manifests(cursor: Cursor, manifests: Iterable[RunManifest]) -> set[str]:
    changed: set[str] = set()
    for manifest in manifests:
        row = manifest_row(manifest)
        if cursor.execute(OTHERS_JOBS, row).fetchone():
            # They would be counted as its own. What has been dropped meanwhile for not being theirs is missing.
            for statement in FORGET_SCORED:
                cursor.execute(statement, row)
        changed.update(run for (run,) in cursor.execute(FILL_FROM_MANIFEST, row))
        if manifest.cancelled:
            changed.update(run for (run,) in cursor.execute(CANCEL, row))
    return changed


def _record_scored(cursor: Cursor, scored: Iterable[ScoredJob]) -> set[str]:
    by_key: dict[tuple[str, str], ScoredJob] = {}
    for job in scored:
        by_key.setdefault(_key(job.generated.job), job)
    first_of_run = {run: job.generated.job for (run, _), job in reversed(by_key.items())}
    cursor.executemany(FILL_FROM_JOB, [run_row(prompts) for prompts in first_of_run.values()])
    rows = {key: job_row(job) for key, job in by_key.items()}
    added = _added(cursor, INSERT_SCORED, list(rows.values()))
    provenances = {(rows[key]["run_id"], rows[key]["provenance"]) for key in added}
    cursor.executemany(INSERT_PROVENANCE, sorted(provenances))
    new = [job for key, job in by_key.items() if key in added]
    sums = [(job.generated.job.run_id, per_test_sums(job)) for job in new]
    cursor.executemany(COUNT_COMPARISONS, comparison_counts(row for _, of_job in sums for row in of_job))
    _copy(cursor, COPY_SUMS, (row for _, of_job in sums for row in sum_rows(of_job)))
    _copy(cursor, COPY_CLUSTER_SUMS, (row for run_id, of_job in sums for row in cluster_rows(run_id, of_job)))
    _copy(cursor, COPY_COMPARISONS, (row for job in new for row in comparison_rows(comparisons(job))))
    return {run for run, _ in added}


def _record_dead(cursor: Cursor, dead: Iterable[DeadJob]) -> set[str]:
    return {run for run, _ in _added(cursor, INSERT_DEAD, [dead_row(job) for job in dead])}


def _added(
    cursor: Cursor, query: LiteralString, rows: Sequence[Sequence[object] | Mapping[str, object]]
) -> set[tuple[str, str]]:
    """Inserts jobs; returns the keys of those that are new."""
    if not rows:
        return set()
    cursor.executemany(query, rows, returning=True)
    return {(run, job) for result in cursor.results() for run, job in result}


def _copy(cursor: Cursor, query: LiteralString, rows: Iterable[Sequence[object]]) -> None:
    with cursor.copy(query) as copy:
        for row in rows:
            copy.write_row(row)


def _key(prompts: PromptJob) -> tuple[str, str]:
    return storable(prompts.run_id), storable(prompts.job_id)
