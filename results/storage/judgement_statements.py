"""The SQL of baselines, verdicts and monitors."""

from typing import LiteralString

# The time is taken once the row is this transaction's own: verdicts before it are those of the baseline before it.
SET_BASELINE: LiteralString = """
INSERT INTO baselines (name, set_at) VALUES (%(name)s, clock_timestamp())
ON CONFLICT (name) DO UPDATE SET set_at = clock_timestamp()
"""

CLEAR_BASELINE_RUNS: LiteralString = "DELETE FROM baseline_runs WHERE baseline = %(name)s"

ADD_BASELINE_RUNS: LiteralString = """
INSERT INTO baseline_runs (baseline, run_id) SELECT %(name)s, unnest(%(runs)s::text[])
"""

REMOVE_BASELINE: LiteralString = "DELETE FROM baselines WHERE name = %(name)s"

# Everything that was tested against another reference.
RESET_STREAMS: LiteralString = "DELETE FROM monitor_runs WHERE baseline = %(name)s"

# Runs of monitors that were sent after all of the baseline, and perhaps finished before it was set: the aggregator
# judges what has changed. In one order, as all who change several runs take them.
JUDGE_LATER_RUNS: LiteralString = """
WITH newest AS (SELECT suite_hash, created_at FROM runs WHERE run_id = ANY(%(runs)s) ORDER BY created_at DESC LIMIT 1),
later AS (
    SELECT run_id FROM runs, newest
    WHERE monitor <> '' AND runs.suite_hash = newest.suite_hash AND runs.created_at > newest.created_at
    ORDER BY run_id FOR NO KEY UPDATE OF runs
)
UPDATE runs SET changes = changes + 1 FROM later WHERE runs.run_id = later.run_id
"""

# Whoever sets or removes the baseline waits for those who judge by it, and they for him.
LOCK_BASELINE: LiteralString = "SELECT FROM baselines WHERE name = %(name)s FOR SHARE"

_BASELINES: LiteralString = """
SELECT name, ARRAY(SELECT run_id FROM baseline_runs WHERE baseline = name ORDER BY run_id) AS runs,
       extract(epoch FROM set_at)::float8 AS set_at
FROM baselines
"""

ONE_BASELINE: LiteralString = _BASELINES + "WHERE name = %(name)s"

BASELINES: LiteralString = _BASELINES + "WHERE name > %(after)s ORDER BY name LIMIT %(limit)s"

# In one order, so that sums of fractions have the same last digit every time: equal scores must tie.
LEAK_SUMS: LiteralString = """
SELECT job_id, cluster, test, metric, category, sum(n)::bigint AS n, sum(total ORDER BY run_id) AS total
FROM test_sums WHERE run_id = ANY(%(runs)s) AND measure = 'leak'
GROUP BY job_id, cluster, test, metric, category ORDER BY job_id, cluster, test, metric, category
"""

# Of what is deleted with the texts: all tests of one sample together.
SAMPLE_SUMS: LiteralString = """
SELECT job_id, sample, metric, category, count(*) AS n, sum((measures ->> 'leak')::float8) AS total
FROM comparisons, LATERAL jsonb_each(outcomes) AS of (metric, measures)
WHERE run_id = %(run_id)s AND measures ->> 'leak' IS NOT NULL
GROUP BY job_id, sample, metric, category ORDER BY job_id, sample, metric, category
"""

CLEAR_VERDICTS: LiteralString = "DELETE FROM verdicts WHERE run_id = %(run_id)s AND baseline = %(baseline)s"

ADD_VERDICT: LiteralString = """
INSERT INTO verdicts (run_id, baseline, metric, category, effect, low, high, p, adjusted_p, detectable, pairs, clusters,
                      verdict)
VALUES (%(run_id)s, %(baseline)s, %(metric)s, %(category)s, %(effect)s, %(low)s, %(high)s, %(p)s, %(adjusted_p)s,
        %(detectable)s, %(pairs)s, %(clusters)s, %(verdict)s)
"""

VERDICTS: LiteralString = """
SELECT metric, category, effect, low, high, p, adjusted_p, detectable, pairs, clusters, verdict
FROM verdicts WHERE run_id = %(run_id)s AND baseline = %(baseline)s ORDER BY metric, category = 'all', category
"""

# Stale too where the baseline was removed.
JUDGED: LiteralString = """
SELECT extract(epoch FROM max(compared_at))::float8 AS compared_at,
       coalesce(max(compared_at) < (SELECT set_at FROM baselines WHERE name = %(baseline)s), true) AS stale
FROM verdicts WHERE run_id = %(run_id)s AND baseline = %(baseline)s HAVING count(*) > 0
"""

# One writer per monitor at a time.
LOCK_MONITOR: LiteralString = "SELECT pg_advisory_xact_lock(hashtextextended(%(monitor)s, 0))"

_STREAM_RUNS: LiteralString = """
SELECT monitor, run_id, baseline, role, reason, e_value, alarm, extract(epoch FROM at)::float8 AS at
FROM monitor_runs
"""

STREAM: LiteralString = _STREAM_RUNS + "WHERE monitor = %(monitor)s ORDER BY place"

NEWEST_OF_STREAM: LiteralString = _STREAM_RUNS + "WHERE monitor = %(monitor)s ORDER BY place DESC LIMIT %(limit)s"

NEWEST_BEFORE: LiteralString = (
    _STREAM_RUNS
    + """
WHERE monitor = %(monitor)s
  AND place < (SELECT place FROM monitor_runs WHERE monitor = %(monitor)s AND run_id = %(after)s)
ORDER BY place DESC LIMIT %(limit)s
"""
)

IN_STREAM: LiteralString = "SELECT FROM monitor_runs WHERE monitor = %(monitor)s AND run_id = %(run_id)s"

STREAM_SCORES: LiteralString = """
SELECT metric, category, jobs, score, monitor_scores.e_value
FROM monitor_scores JOIN monitor_runs USING (monitor, run_id) WHERE monitor = %(monitor)s ORDER BY place
"""

LEAVE_STREAM: LiteralString = "DELETE FROM monitor_runs WHERE monitor = %(monitor)s"

ADD_TO_STREAM: LiteralString = """
INSERT INTO monitor_runs (monitor, run_id, baseline, role, reason, e_value, alarm)
VALUES (%(monitor)s, %(run_id)s, %(baseline)s, %(role)s, %(reason)s, %(e_value)s, %(alarm)s)
"""

ADD_SCORE: LiteralString = """
INSERT INTO monitor_scores (monitor, run_id, metric, category, jobs, score, e_value)
VALUES (%(monitor)s, %(run_id)s, %(metric)s, %(category)s, %(jobs)s::jsonb, %(score)s, %(e_value)s)
"""

# The newest run that was tested speaks for each monitor; found one by one, or all runs of a monitor would be read.
MONITOR_STATES: LiteralString = """
SELECT newest.* FROM unnest(%(monitors)s::text[], %(baselines)s::text[]) AS asked (monitor, baseline), LATERAL (
    SELECT monitor, run_id, baseline, role, reason, e_value, alarm, extract(epoch FROM at)::float8 AS at
    FROM monitor_runs WHERE role = 'tested' AND monitor_runs.monitor = asked.monitor ORDER BY place DESC LIMIT 1
) AS newest WHERE newest.baseline = asked.baseline ORDER BY monitor
"""

STANDING: LiteralString = """
SELECT EXISTS (SELECT FROM baselines WHERE name = %(baseline)s) AS is_set,
       EXISTS (SELECT FROM baseline_runs WHERE baseline = %(baseline)s AND run_id = %(run_id)s)
       OR EXISTS (SELECT FROM monitor_runs
                  WHERE monitor = %(monitor)s AND run_id = %(run_id)s AND baseline = %(baseline)s) AS has_place,
       (SELECT reason FROM monitor_runs
        WHERE monitor = %(monitor)s AND run_id = %(run_id)s AND baseline = %(baseline)s AND role = 'skipped') AS skipped
"""
