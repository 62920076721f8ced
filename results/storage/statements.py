"""The SQL of the aggregator's store."""

from typing import LiteralString

INSERT_RUN: LiteralString = "INSERT INTO runs (run_id) VALUES (%s) ON CONFLICT DO NOTHING"

# In one order for all processes, so that two of them with the same runs wait for, and never deadlock, each other. No
# run changes its id: what only refers to one need not wait.
LOCK_RUNS: LiteralString = "SELECT 1 FROM runs WHERE run_id = ANY(%s) ORDER BY run_id FOR NO KEY UPDATE"

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

CANCEL: LiteralString = "UPDATE runs SET cancelled = true WHERE run_id = %s AND NOT cancelled RETURNING run_id"

# The first job says what the run is, until its manifest does.
FILL_FROM_JOB: LiteralString = """
UPDATE runs
SET target = %(target)s, suite = %(suite)s, suite_version = %(suite_version)s, suite_hash = %(suite_hash)s,
    probe = %(probe)s, cluster = %(cluster)s, samples = %(samples)s
WHERE run_id = %(run_id)s AND cluster IS NULL
"""

# First write wins; only a job that was given up may still be scored, when its dead letter is replayed. A job of another
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

# A job's sums are written once, and its comparisons are counted with them.
COUNT_COMPARISONS: LiteralString = """
INSERT INTO recorded_comparisons AS known (run_id, metric, category, n) VALUES (%s, %s, %s, %s)
ON CONFLICT (run_id, metric, category) DO UPDATE SET n = known.n + EXCLUDED.n
"""

# Counted anew, not added up: a dead job that is scored moves from one count to the other.
MARK_CHANGED: LiteralString = """
UPDATE runs
SET changes = changes + 1, last_progress_at = now(), recorded = counted.recorded, dead = counted.dead
FROM unnest(%s::text[]) AS changed (run_id), LATERAL (
    SELECT count(*) FILTER (WHERE status = 'scored') AS recorded, count(*) FILTER (WHERE status = 'dead') AS dead
    FROM jobs WHERE jobs.run_id = changed.run_id
) AS counted
WHERE runs.run_id = changed.run_id
"""

CHANGED_RUNS: LiteralString = "SELECT run_id, changes FROM runs WHERE changes > published ORDER BY run_id"

# One publisher of a run at a time, from reading its rates to their being sent: older ones never follow newer ones. It
# may be held by a process that hangs: whoever waits tries again later. The other locks of this kind are monitors'.
WAIT_A_MINUTE: LiteralString = "SET LOCAL lock_timeout = '60s'"
LOCK_PUBLISHING: LiteralString = "SELECT pg_advisory_xact_lock(hashtextextended(%(run_id)s, 1))"

CLEAR_CHANGED: LiteralString = "UPDATE runs SET published = greatest(published, %(mark)s) WHERE run_id = %(run_id)s"

KEEP_RATE: LiteralString = """
INSERT INTO rates (run_id, metric, category, rate) VALUES (%(run_id)s, %(metric)s, %(category)s, %(rate)s)
ON CONFLICT (run_id, metric, category) DO UPDATE SET rate = EXCLUDED.rate
"""

EXPIRED_RUNS: LiteralString = """
SELECT run_id FROM runs
WHERE last_progress_at < now() - make_interval(days => %(days)s)
  AND EXISTS (SELECT FROM comparisons WHERE comparisons.run_id = runs.run_id)
ORDER BY last_progress_at, run_id
"""

# The age is looked at again under the run's lock: a replayed job may just have given it new texts.
DELETE_TEXTS: LiteralString = """
WITH expired AS (
    UPDATE runs SET texts_deleted_at = clock_timestamp()
    WHERE run_id = %(run_id)s AND last_progress_at < now() - make_interval(days => %(days)s)
    RETURNING run_id
)
DELETE FROM comparisons USING expired WHERE comparisons.run_id = expired.run_id
"""

SUMMARIES: LiteralString = """
SELECT runs.run_id, target, suite, suite_version, suite_hash, probe, cluster, monitor, samples, job_count,
       expected_comparisons, cancelled, created_at,
       extract(epoch FROM last_progress_at)::float8 AS progress_at,
       extract(epoch FROM clock_timestamp() - last_progress_at)::float8 AS idle_seconds,
       extract(epoch FROM texts_deleted_at)::float8 AS texts_deleted_at,
       recorded, dead,
       ARRAY(
           SELECT provenance FROM provenances WHERE provenances.run_id = runs.run_id ORDER BY provenance
       ) AS provenances
FROM runs
"""

ONE_RUN: LiteralString = SUMMARIES + "WHERE run_id = %s"

SOME_RUNS: LiteralString = SUMMARIES + "WHERE run_id = ANY(%s)"

# One row for all clusters of a measure: to fetch a row for each takes longer than all that is done with them.
SUMS_BY_CATEGORY: LiteralString = """
SELECT category AS cell, metric, measure, array_agg(cluster) AS clusters, array_agg(n) AS sizes,
       array_agg(total) AS totals
FROM cluster_sums WHERE run_id = %s GROUP BY category, metric, measure
"""

# Added as decimals (of 15 digits each), which is exact: no order of the rows changes the last digit. Sums without a
# test belong to a whole job, and so to no concept.
SUMS_BY_CONCEPT: LiteralString = """
SELECT concept AS cell, metric, measure, array_agg(cluster) AS clusters, array_agg(n) AS sizes,
       array_agg(total) AS totals
FROM (
    SELECT cluster, concept, metric, measure, sum(n)::bigint AS n, sum(total::numeric)::float8 AS total
    FROM test_sums WHERE run_id = %s AND test <> '' GROUP BY cluster, concept, metric, measure
) AS of_clusters
GROUP BY concept, metric, measure
"""

# The sets of categories that share comparisons, where there are any; every comparison that counts has a leak score.
SHARED_CATEGORIES: LiteralString = """
SELECT DISTINCT array_agg(category ORDER BY category)
FROM (SELECT DISTINCT job_id, test, category FROM test_sums WHERE run_id = %s AND measure = 'leak') AS counted
GROUP BY job_id, test HAVING count(*) > 1
"""

RECORDED_COMPARISONS: LiteralString = """
SELECT run_id, array_agg(category), array_agg(n) FROM recorded_comparisons WHERE run_id = ANY(%s)
GROUP BY run_id, metric
"""

DEAD_REASONS: LiteralString = """
SELECT stage, reason, count(*) AS jobs FROM jobs WHERE run_id = %s AND status = 'dead'
GROUP BY stage, reason ORDER BY jobs DESC, stage, reason
"""
