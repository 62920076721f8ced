"""Writes what is new of runs, jobs and manifests, within the store's transaction."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import LiteralString

from results.dead_jobs import DeadJob
from results.storage import statements
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
from results.sums import comparisons, per_test_sums
from seep.records import PromptJob, RunManifest, ScoredJob


def record(
    connection: Connection, scored: Sequence[ScoredJob], dead: Sequence[DeadJob], manifests: Sequence[RunManifest]
) -> None:
    """Writes what is new, and marks its runs changed; see `Store.record` for what wins."""
    runs = sorted({storable(run) for run in _runs_of(scored, dead, manifests)})
    if not runs:
        return
    with connection.cursor() as cursor:
        cursor.executemany(statements.INSERT_RUN, [(run,) for run in runs])
        cursor.execute(statements.LOCK_RUNS, (runs,))
        changed = _record_manifests(cursor, manifests) | _record_scored(cursor, scored)
        changed |= _record_dead(cursor, dead)
        cursor.execute(statements.MARK_CHANGED, (sorted(changed),))


def _runs_of(scored: Iterable[ScoredJob], dead: Iterable[DeadJob], manifests: Iterable[RunManifest]) -> Iterator[str]:
    yield from (job.generated.job.run_id for job in scored)
    yield from (job.run_id for job in dead)
    yield from (manifest.run_id for manifest in manifests)


def _record_manifests(cursor: Cursor, manifests: Iterable[RunManifest]) -> set[str]:
    changed: set[str] = set()
    for manifest in manifests:
        row = manifest_row(manifest)
        if cursor.execute(statements.OTHERS_JOBS, row).fetchone():
            # They would be counted as its own. What has been dropped meanwhile for not being theirs is missing.
            for statement in statements.FORGET_SCORED:
                cursor.execute(statement, row)
        changed.update(run for (run,) in cursor.execute(statements.FILL_FROM_MANIFEST, row))
        if manifest.cancelled:
            changed.update(run for (run,) in cursor.execute(statements.CANCEL, (row["run_id"],)))
    return changed


def _record_scored(cursor: Cursor, scored: Iterable[ScoredJob]) -> set[str]:
    by_key: dict[tuple[str, str], ScoredJob] = {}
    for job in scored:
        by_key.setdefault(_key(job.generated.job), job)
    first_of_run = {run: job.generated.job for (run, _), job in reversed(by_key.items())}
    cursor.executemany(statements.FILL_FROM_JOB, [run_row(prompts) for prompts in first_of_run.values()])
    rows = {key: job_row(job) for key, job in by_key.items()}
    added = _added(cursor, statements.INSERT_SCORED, list(rows.values()))
    provenances = {(rows[key]["run_id"], rows[key]["provenance"]) for key in added}
    cursor.executemany(statements.INSERT_PROVENANCE, sorted(provenances))
    new = [job for key, job in by_key.items() if key in added]
    sums = [(job.generated.job.run_id, per_test_sums(job)) for job in new]
    cursor.executemany(statements.COUNT_COMPARISONS, comparison_counts(row for _, of in sums for row in of))
    _copy(cursor, statements.COPY_SUMS, (row for _, of in sums for row in sum_rows(of)))
    _copy(cursor, statements.COPY_CLUSTER_SUMS, (row for run, of in sums for row in cluster_rows(run, of)))
    _copy(cursor, statements.COPY_COMPARISONS, (row for job in new for row in comparison_rows(comparisons(job))))
    return {run for run, _ in added}


def _record_dead(cursor: Cursor, dead: Iterable[DeadJob]) -> set[str]:
    return {run for run, _ in _added(cursor, statements.INSERT_DEAD, [dead_row(job) for job in dead])}


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
