"""The SQL of baselines, verdicts and monitors."""

from typing import LiteralString

SET_BASELINE: LiteralString = """
INSERT INTO baselines (name) VALUES (%(name)s) ON CONFLICT (name) DO UPDATE SET set_at = now()
"""

CLEAR_BASELINE_RUNS: LiteralString = "DELETE FROM baseline_runs WHERE baseline = %(name)s"

ADD_BASELINE_RUNS: LiteralString = """
INSERT INTO baseline_runs (baseline, run) SELECT %(name)s, unnest(%(runs)s::text[])
"""

REMOVE_BASELINE: LiteralString = "DELETE FROM baselines WHERE name = %(name)s"

# Everything that was tested against another reference.
RESET_STREAMS: LiteralString = "DELETE FROM monitor_runs WHERE baseline = %(name)s"

BASELINES: LiteralString = """
SELECT name, array_agg(run ORDER BY run) AS runs, extract(epoch FROM set_at)::float8 AS set_at
FROM baselines JOIN baseline_runs ON baseline = name
WHERE %(name)s::text IS NULL OR name = %(name)s
GROUP BY name ORDER BY name
"""

# In one order, so that sums of fractions have the same last digit every time: equal scores must tie.
LEAK_SUMS: LiteralString = """
SELECT job, cluster, test, metric, category, sum(n)::bigint AS n, sum(total ORDER BY run) AS total
FROM test_sums WHERE run = ANY(%(runs)s) AND measure = 'leak'
GROUP BY job, cluster, test, metric, category ORDER BY job, cluster, test, metric, category
"""

CLEAR_VERDICTS: LiteralString = "DELETE FROM verdicts WHERE run = %(run)s AND baseline = %(baseline)s"

ADD_VERDICT: LiteralString = """
INSERT INTO verdicts (run, baseline, metric, category, effect, low, high, p, adjusted_p, detectable, pairs, clusters,
                      verdict)
VALUES (%(run)s, %(baseline)s, %(metric)s, %(category)s, %(effect)s, %(low)s, %(high)s, %(p)s, %(adjusted_p)s,
        %(detectable)s, %(pairs)s, %(clusters)s, %(verdict)s)
"""

VERDICTS: LiteralString = """
SELECT metric, category, effect, low, high, p, adjusted_p, detectable, pairs, clusters, verdict
FROM verdicts WHERE run = %(run)s AND baseline = %(baseline)s ORDER BY metric, category = 'all', category
"""

# One writer per monitor at a time.
LOCK_MONITOR: LiteralString = "SELECT pg_advisory_xact_lock(hashtextextended(%(monitor)s, 0))"

STREAM: LiteralString = """
SELECT monitor, run, baseline, role, reason, e_value, alarm, extract(epoch FROM at)::float8 AS at
FROM monitor_runs WHERE monitor = %(monitor)s ORDER BY place
"""

STREAM_SCORES: LiteralString = """
SELECT metric, category, jobs, score, monitor_scores.e_value
FROM monitor_scores JOIN monitor_runs USING (monitor, run) WHERE monitor = %(monitor)s ORDER BY place
"""

LEAVE_STREAM: LiteralString = "DELETE FROM monitor_runs WHERE monitor = %(monitor)s"

ADD_TO_STREAM: LiteralString = """
INSERT INTO monitor_runs (monitor, run, baseline, role, reason, e_value, alarm)
VALUES (%(monitor)s, %(run)s, %(baseline)s, %(role)s, %(reason)s, %(e_value)s, %(alarm)s)
"""

ADD_SCORE: LiteralString = """
INSERT INTO monitor_scores (monitor, run, metric, category, jobs, score, e_value)
VALUES (%(monitor)s, %(run)s, %(metric)s, %(category)s, %(jobs)s::jsonb, %(score)s, %(e_value)s)
"""

# The newest run that was tested speaks for each monitor.
MONITOR_STATES: LiteralString = """
SELECT DISTINCT ON (monitor) monitor, run, baseline, role, reason, e_value, alarm, extract(epoch FROM at)::float8 AS at
FROM monitor_runs WHERE role = 'tested' AND monitor = ANY(%(monitors)s) ORDER BY monitor, place DESC
"""
