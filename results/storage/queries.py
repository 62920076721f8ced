"""The SQL of what is read by many filters, and for charts and alarms.

Only filters that are given become part of a query: a condition on what may be null would keep the planner from the
index that serves it.
"""

from collections.abc import Mapping
from typing import Any, LiteralString

from results.storage.statements import SUMMARIES

RUN_FILTERS: Mapping[str, LiteralString] = {
    "target": "target = %(target)s",
    "suite": "suite = %(suite)s",
    "monitor": "monitor = %(monitor)s",
    "after": "(first_seen_at, runs.run_id) < (SELECT first_seen_at, run_id FROM runs WHERE run_id = %(after)s)",
}

COMPARISON_FILTERS: Mapping[str, LiteralString] = {
    "run_id": "run_id = %(run_id)s",
    "category": "category = %(category)s",
    "test": "test = %(test)s",
    "metric": "outcomes ? %(metric)s",
    "after": "(sample, job_id, test, category) > "
    "(%(after_sample)s, %(after_job_id)s, %(after_test)s, %(after_category)s)",
}
OF_METRIC: LiteralString = "(outcomes -> %(metric)s ->> %(measure)s)::float8 = 1"
OF_ANY_METRIC: LiteralString = """
EXISTS (SELECT FROM jsonb_each(outcomes) AS of (metric, measures) WHERE (measures ->> %(measure)s)::float8 = 1)
"""

POINT_FILTERS: Mapping[str, LiteralString] = {
    "since": "created_at >= %(since)s",
    "until": "created_at < %(until)s",
    "after": "(created_at, runs.run_id) < (SELECT created_at, run_id FROM runs WHERE run_id = %(after)s)",
}

# By the scheduled time: a run that makes up for an earlier one is heard of last, and is not the latest.
_OF_MONITOR: LiteralString = SUMMARIES + "WHERE monitor = %(monitor)s AND scheduled IS NOT NULL "
LATEST_OF_MONITOR: LiteralString = _OF_MONITOR + "ORDER BY scheduled DESC LIMIT 1"
LATEST_FINISHED_OF_MONITOR: LiteralString = (
    _OF_MONITOR + "AND job_count <= recorded + dead ORDER BY scheduled DESC LIMIT 1"
)

# Who takes up a schedule again has not been waiting meanwhile.
FORGET_SCHEDULES: LiteralString = "DELETE FROM monitor_schedules WHERE monitor <> ALL(%s)"

NOTE_SCHEDULE: LiteralString = """
INSERT INTO monitor_schedules (monitor, schedule) VALUES (%s, %s)
ON CONFLICT (monitor) DO UPDATE SET schedule = EXCLUDED.schedule, since = now()
WHERE monitor_schedules.schedule <> EXCLUDED.schedule
"""

SCHEDULES: LiteralString = """
SELECT monitor, schedule, extract(epoch FROM since)::float8 AS since FROM monitor_schedules
WHERE monitor = ANY(%(monitors)s)
"""

DEAD_BY_TARGET_AND_STAGE: LiteralString = """
SELECT target, stage, count(*) AS jobs FROM jobs JOIN runs USING (run_id) WHERE status = 'dead'
GROUP BY target, stage ORDER BY target, stage
"""

STALLED_BY_TARGET: LiteralString = """
SELECT target, count(*) AS runs FROM runs
WHERE NOT cancelled AND (job_count IS NULL OR recorded + dead < job_count)
  AND last_progress_at < now() - make_interval(secs => %(stalled_after_seconds)s)
GROUP BY target
"""


def runs_query(asked: Mapping[str, Any]) -> LiteralString:
    """Summaries of runs, those that were heard of last first."""
    return SUMMARIES + _where(RUN_FILTERS, asked) + " ORDER BY first_seen_at DESC, runs.run_id DESC LIMIT %(limit)s"


def comparisons_query(asked: Mapping[str, Any]) -> LiteralString:
    """Comparisons with their texts; samples before jobs, so that a short list shows many prompts rather than one
    prompt's many answers."""
    where = _where(COMPARISON_FILTERS, asked)
    if asked["measure"] is not None:
        where += " AND " + (OF_ANY_METRIC if asked["metric"] is None else OF_METRIC)
    names: LiteralString = (
        "run_id, job_id, test, sample, category, concept, prompt, generation, ended, reasoning, model,"
        " control_prompt, control_generation, control_ended, control_reasoning, control_model"
    )
    return (
        f"SELECT {names}, outcomes, similarities FROM comparisons{where}"
        " ORDER BY sample, job_id, test, category LIMIT %(limit)s"
    )


def points_query(asked: Mapping[str, Any]) -> LiteralString:
    """Published rates of a target's runs of a suite, newest first."""
    where = _where(POINT_FILTERS, asked)
    return (
        "SELECT created_at, job_count <= recorded + dead AS finished, rate FROM runs JOIN rates USING (run_id)"
        f"{where}{' AND' if where else ' WHERE'} target = %(target)s AND suite = %(suite)s"
        " AND metric = %(metric)s AND category = %(category)s AND created_at IS NOT NULL"
        " ORDER BY created_at DESC, runs.run_id DESC LIMIT %(limit)s"
    )


def _where(filters: Mapping[str, LiteralString], asked: Mapping[str, Any]) -> LiteralString:
    given = [condition for name, condition in filters.items() if asked.get(name) is not None]
    return " WHERE " + " AND ".join(given) if given else ""
