"""Writes what is new of runs, jobs and manifests."""

import logging
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, LiteralString

from results.dead_jobs import DeadJob
from results.job_sums import per_test_sums, sample_sums, sums_per_cluster
from results.job_texts import answered_tests, shared_answers
from results.progress import Progress, rates_due
from results.storage import rates
from results.storage.database import Connection, Cursor, records
from results.storage.rows import (
    cluster_rows,
    comparison_counts,
    comparison_rows,
    dead_row,
    job_row,
    manifest_row,
    run_row,
    sample_rows,
    shared_rows,
    storable,
    sum_rows,
)
from results.storage.runs import LOCK_RUNS
from seep.characters import visible
from seep.checksums import job_checksum
from seep.records import RunManifest, ScoredJob
from seep.slices import slices

log = logging.getLogger(__name__)

# Sums of jobs with so many series are held at once: a message of 100 kB may have 100,000.
SERIES_AT_ONCE = 100_000

# Statements for jobs take all rows of a batch: to plan one for each row took most of the time of runs of one job.
INSERT_RUNS: LiteralString = "INSERT INTO runs (run_id) SELECT unnest(%s::text[]) ON CONFLICT DO NOTHING"

# All that a scored job adds; a dead one may be anybody's.
FORGET_SCORED: tuple[LiteralString, ...] = (
    "DELETE FROM jobs WHERE run_id = %(run_id)s AND status = 'scored'",
    *(
        f"DELETE FROM {table} WHERE run_id = %(run_id)s"
        for table in (
            *("provenances", "test_sums", "cluster_sums", "sample_sums"),
            *("recorded_comparisons", "comparisons", "shared_answers", "rates"),
        )
    ),
)

FILL_FROM_MANIFEST: LiteralString = """
UPDATE runs
SET target = %(target)s, suite = %(suite)s, suite_version = %(suite_version)s, suite_hash = %(suite_hash)s,
    probe = %(probe)s, monitor = %(monitor)s, cluster = %(cluster)s, samples = %(samples)s, job_count = %(job_count)s,
    job_checksums = %(job_checksums)s, labels = %(labels)s, expected_comparisons = %(expected_comparisons)s,
    created_at = %(created_at)s
WHERE run_id = %(run_id)s AND job_count IS NULL
"""

CANCEL: LiteralString = """
UPDATE runs SET cancelled = true, reason = %(reason)s WHERE run_id = %(run_id)s AND NOT cancelled RETURNING run_id
"""

# The first job says what the run is, until its manifest does.
FILL_FROM_JOBS: LiteralString = """
UPDATE runs
SET target = first.target, suite = first.suite, suite_version = first.suite_version, suite_hash = first.suite_hash,
    probe = first.probe, cluster = first.cluster, samples = first.samples
FROM unnest(%(run_id)s::text[], %(target)s::text[], %(suite)s::text[], %(suite_version)s::text[],
            %(suite_hash)s::text[], %(probe)s::text[], %(cluster)s::text[], %(samples)s::bigint[])
     AS first (run_id, target, suite, suite_version, suite_hash, probe, cluster, samples)
WHERE runs.run_id = first.run_id AND runs.cluster IS NULL
"""

# What a scored job must say to be one of the run's: another suite, target or sample count is sent under the run's id.
FACTS: LiteralString = """
SELECT run_id, target, suite_hash, samples, cluster, job_count, dead FROM runs WHERE run_id = ANY(%s)
"""
OF_RUN = ("target", "suite_hash", "samples")

# First write wins; only a dead-lettered job may still be scored, when its dead letter is replayed.
INSERT_SCORED: LiteralString = """
INSERT INTO jobs (run_id, job_id, status, provenance, prompt_characters)
SELECT run_id, job_id, 'scored', provenance::jsonb, prompt_characters
FROM unnest(%(run_id)s::text[], %(job_id)s::text[], %(provenance)s::text[], %(prompt_characters)s::bigint[])
     AS new (run_id, job_id, provenance, prompt_characters)
ON CONFLICT (run_id, job_id) DO UPDATE
SET status = 'scored', stage = NULL, reason = NULL, provenance = EXCLUDED.provenance,
    prompt_characters = EXCLUDED.prompt_characters, recorded_at = now()
WHERE jobs.status = 'dead'
RETURNING run_id, job_id
"""

INSERT_PROVENANCES: LiteralString = """
INSERT INTO provenances (run_id, provenance)
SELECT run_id, provenance::jsonb FROM unnest(%s::text[], %s::text[]) AS new (run_id, provenance)
ON CONFLICT DO NOTHING
"""

# What a dead letter holds may say that it is no job of the run, as a scored one may; so may the manifest, of its key.
INSERT_DEAD: LiteralString = """
INSERT INTO jobs (run_id, job_id, status, stage, reason, prompt_characters)
SELECT run_id, %(job_id)s, 'dead', %(stage)s, %(reason)s, %(prompt_characters)s FROM runs
WHERE run_id = %(run_id)s
  AND (cluster IS NULL OR %(target)s::text IS NULL
       OR (target, suite_hash, samples) = (%(target)s, %(suite_hash)s, %(samples)s))
  AND (job_checksums IS NULL OR %(checksum)s = ANY(job_checksums))
ON CONFLICT (run_id, job_id) DO NOTHING
RETURNING run_id
"""

DEAD_JOBS: LiteralString = "SELECT job_id FROM jobs WHERE run_id = %s AND status = 'dead'"

FORGET_DEAD: LiteralString = "DELETE FROM jobs WHERE run_id = %s AND job_id = ANY(%s) AND status = 'dead'"

# Of a run whose manifest does not list its jobs. Where all of them are scored, what is left names no job of it.
FORGET_PHANTOMS: LiteralString = "DELETE FROM jobs WHERE run_id = %s AND status = 'dead'"

NONE_DEAD: LiteralString = "UPDATE runs SET dead = 0 WHERE run_id = %s"

# A job's sums are written once, and its comparisons are counted with them.
COUNT_COMPARISONS: LiteralString = """
INSERT INTO recorded_comparisons AS known (run_id, metric, category, measure, n)
SELECT * FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::bigint[])
ON CONFLICT (run_id, metric, category, measure) DO UPDATE SET n = known.n + EXCLUDED.n
"""

COPY_SUMS: LiteralString = """
COPY test_sums (run_id, job_id, cluster, test, concept, category, metric, measures, sizes, totals) FROM STDIN
"""

COPY_CLUSTER_SUMS: LiteralString = """
COPY cluster_sums (run_id, cluster, category, metric, measures, sizes, totals) FROM STDIN
"""

COPY_SAMPLE_SUMS: LiteralString = """
COPY sample_sums (run_id, job_id, metric, category, differ, samples, sizes, totals) FROM STDIN
"""

COPY_COMPARISONS: LiteralString = """
COPY comparisons (run_id, job_id, test, category, concept, prompt, control_prompt, samples, answers, controls,
                  outcomes, similarities) FROM STDIN
"""

COPY_SHARED_ANSWERS: LiteralString = """
COPY shared_answers (run_id, job_id, control_prompt, controls, neutral_prompt, neutrals) FROM STDIN
"""

# Counted again, not added up: a dead job that is scored moves from one count to the other.
MARK_CHANGED: LiteralString = """
UPDATE runs
SET changes = runs.changes + 1, last_progress_at = now(), recorded = counted.recorded, dead = counted.dead
FROM unnest(%s::text[]) AS changed (run_id) JOIN runs AS known USING (run_id), LATERAL (
    SELECT count(*) FILTER (WHERE status = 'scored') AS recorded, count(*) FILTER (WHERE status = 'dead') AS dead
    FROM jobs WHERE jobs.run_id = changed.run_id
) AS counted
WHERE runs.run_id = changed.run_id
RETURNING runs.run_id, runs.job_count, known.recorded AS before, runs.recorded, runs.dead, runs.cancelled
"""


def record(
    connection: Connection, scored: Sequence[ScoredJob], dead: Sequence[DeadJob], manifests: Sequence[RunManifest]
) -> list[int]:
    """Writes what is new, and marks its runs changed; what is known is dropped whole.

    Rates are written with it of a run that this ends, or that has grown by an eighth; others by `rates.write_behind`.
    Of a job the first score wins, over dead letters too. Of a run the first manifest wins, but a later one may cancel
    it. Scored jobs and manifests must be valid. Returns the positions of those scored jobs that are of another target,
    suite or sample count than their run, and so are not of it.
    """
    runs = sorted({storable(run) for run in _runs_of(scored, dead, manifests)})
    if not runs:
        return []
    with connection.cursor() as cursor:
        cursor.execute(INSERT_RUNS, (runs,))
        cursor.execute(LOCK_RUNS, (runs,))
        changed_by_manifests = _record_manifests(cursor, manifests) if manifests else set()
        changed_by_scores, foreign = _record_scored(cursor, scored)
        changed = changed_by_manifests | changed_by_scores | _record_dead(cursor, dead)
        progress = _mark_changed(connection, changed)
        _forget_phantoms(cursor, progress)
    # With what they count, in one transaction: nobody sees a run that is complete beside rates of half of it.
    due = [run.run_id for run in progress if run.run_id in changed_by_manifests or rates_due(run)]
    rates.write(connection, due)
    return foreign


def _runs_of(scored: Iterable[ScoredJob], dead: Iterable[DeadJob], manifests: Iterable[RunManifest]) -> Iterator[str]:
    yield from (job.generated.job.run_id for job in scored)
    yield from (job.run_id for job in dead)
    yield from (manifest.run_id for manifest in manifests)


def _record_manifests(cursor: Cursor, manifests: Sequence[RunManifest]) -> set[str]:
    rows = [manifest_row(manifest) for manifest in manifests]
    runs = _facts(cursor, rows)
    filled: dict[str, Mapping[str, Any]] = {}
    for row in rows:
        run_id, run = row["run_id"], runs[row["run_id"]]
        if run_id in filled or run["job_count"] is not None:
            first = filled.get(run_id, run)
            if any(row[name] != first[name] for name in (*OF_RUN, "job_count")):
                log.warning("run %s: a later manifest of other content changes nothing", visible(run_id))
            continue
        if run["cluster"] is not None and not _is_of(row, run):
            # They would be counted as its own. What has been dropped meanwhile for not being theirs is missing.
            dropped = [cursor.execute(statement, row).rowcount for statement in FORGET_SCORED]
            log.warning(
                "run %s: %d jobs came before its manifest and are not of it; dropped", visible(run_id), dropped[0]
            )
        filled[run_id] = row
        if run["dead"] and row["job_checksums"]:
            _forget_unlisted(cursor, run_id, frozenset(row["job_checksums"]))
    cursor.executemany(FILL_FROM_MANIFEST, list(filled.values()))
    cancelled = [found for row in rows if row["cancelled"] for found in cursor.execute(CANCEL, row).fetchall()]
    return {*filled, *(run_id for (run_id,) in cancelled)}


def _facts(cursor: Cursor, rows: Iterable[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """What is kept of the runs of these rows, by id."""
    names = ("target", "suite_hash", "samples", "cluster", "job_count", "dead")
    found = cursor.execute(FACTS, (list({row["run_id"] for row in rows}),))
    return {run_id: dict(zip(names, facts, strict=True)) for run_id, *facts in found}


def _is_of(row: Mapping[str, Any], run: Mapping[str, Any]) -> bool:
    """Whether a job or manifest is of what its run is of."""
    return all(row[name] == run[name] for name in OF_RUN)


def _forget_unlisted(cursor: Cursor, run_id: str, listed: frozenset[int]) -> None:
    """Drops dead jobs that came before the manifest and are none of the run's."""
    dead = [job_id for (job_id,) in cursor.execute(DEAD_JOBS, (run_id,))]
    unlisted = [job_id for job_id in dead if job_checksum(job_id) not in listed]
    if unlisted:
        cursor.execute(FORGET_DEAD, (run_id, unlisted))
        log.warning("run %s: %d dead letters name no job of it; dropped", visible(run_id), len(unlisted))


def _record_scored(cursor: Cursor, scored: Sequence[ScoredJob]) -> tuple[set[str], list[int]]:
    """The runs to which jobs were added, and the positions of jobs that are not of their run."""
    if not scored:
        return set(), []
    rows = [job_row(job) for job in scored]
    _fill_from_jobs(cursor, scored)
    foreign = _foreign(cursor, rows)
    positions = _added_scored(cursor, rows, foreign)
    provenances = sorted({(rows[place]["run_id"], rows[place]["provenance"]) for place in positions})
    _execute_with_rows(cursor, INSERT_PROVENANCES, provenances)
    new = [scored[position] for position in positions]
    _execute_with_rows(cursor, COUNT_COMPARISONS, comparison_counts(new))
    for some in slices(new, lambda job: len(job.outcomes), SERIES_AT_ONCE):
        _copy_all(cursor, some)
    return {run for run, _ in provenances}, foreign


def _copy_all(cursor: Cursor, new: Sequence[ScoredJob]) -> None:
    sums = [per_test_sums(job) for job in new]
    _copy(cursor, COPY_SUMS, sum_rows(chain.from_iterable(sums)))
    of_clusters = ((job.generated.job.run_id, sums_per_cluster(of_job)) for job, of_job in zip(new, sums, strict=True))
    _copy(cursor, COPY_CLUSTER_SUMS, cluster_rows(of_clusters))
    _copy(cursor, COPY_SAMPLE_SUMS, sample_rows(chain.from_iterable(map(sample_sums, new))))
    _copy(cursor, COPY_SHARED_ANSWERS, shared_rows(map(shared_answers, new)))
    _copy(cursor, COPY_COMPARISONS, comparison_rows(chain.from_iterable(map(answered_tests, new))))


def _fill_from_jobs(cursor: Cursor, scored: Sequence[ScoredJob]) -> None:
    of_jobs = [run_row(job.generated.job) for job in scored]
    firsts = {row["run_id"]: row for row in reversed(of_jobs)}
    cursor.execute(FILL_FROM_JOBS, _columns(firsts.values()))


def _foreign(cursor: Cursor, rows: Sequence[Mapping[str, Any]]) -> list[int]:
    """The positions of jobs that are not of their run."""
    runs = _facts(cursor, rows)
    return [place for place, row in enumerate(rows) if not _is_of(row, runs[row["run_id"]])]


def _added_scored(cursor: Cursor, rows: Sequence[Mapping[str, Any]], foreign: Sequence[int]) -> list[int]:
    """Inserts jobs; the positions of those that are new, the first of each."""
    own = sorted(set(range(len(rows))).difference(foreign), reverse=True)
    firsts = {(rows[place]["run_id"], rows[place]["job_id"]): place for place in own}
    added = cursor.execute(INSERT_SCORED, _columns([rows[place] for place in firsts.values()])) if firsts else ()
    return sorted(firsts[run_id, job_id] for run_id, job_id in added)


def _record_dead(cursor: Cursor, dead: Sequence[DeadJob]) -> set[str]:
    rows = [dead_row(job) for job in dead]
    added = _added(cursor, INSERT_DEAD, rows)
    return {row["run_id"] for row, is_new in zip(rows, added, strict=True) if is_new}


def _mark_changed(connection: Connection, changed: Iterable[str]) -> list[Progress]:
    """How far each of the runs is now, in the order of their ids."""
    found = records(connection, Progress, MARK_CHANGED, (list(changed),))
    return sorted(found, key=lambda run: run.run_id)


def _forget_phantoms(cursor: Cursor, progress: Iterable[Progress]) -> None:
    for run in progress:
        if run.dead and run.job_count is not None and run.job_count <= run.recorded:
            cursor.execute(FORGET_PHANTOMS, (run.run_id,))
            cursor.execute(NONE_DEAD, (run.run_id,))
            named = visible(run.run_id)
            log.warning("run %s: all of its jobs are scored; %d dead letters named none of them", named, run.dead)


def _added(cursor: Cursor, query: LiteralString, rows: Sequence[Mapping[str, object]]) -> list[bool]:
    """Inserts jobs; whether each is new."""
    if not rows:
        return []
    cursor.executemany(query, rows, returning=True)
    return [bool(result.fetchall()) for result in cursor.results()]


def _columns(rows: Collection[Mapping[str, object]]) -> dict[str, list[object]]:
    """The values of all rows by name."""
    return {name: [row[name] for row in rows] for name in next(iter(rows))}


def _execute_with_rows(cursor: Cursor, query: LiteralString, rows: Sequence[Sequence[object]]) -> None:
    """Executes a statement that takes a list for each column."""
    if rows:
        cursor.execute(query, [list(column) for column in zip(*rows, strict=True)])


def _copy(cursor: Cursor, query: LiteralString, rows: Iterable[Sequence[object]]) -> None:
    with cursor.copy(query) as copy:
        for row in rows:
            copy.write_row(row)
