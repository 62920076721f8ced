"""What pages and their API calls read of several runs or monitors at once."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import LiteralString

from results.drift_test import StreamRun
from results.monitor_status import MonitorStatus
from results.overview import COUNTED_RUNS, DeadOfRun, MonitorOverview, SuiteUse, Throughput
from results.rates import ALL
from results.runs import RunSummary
from results.series import Point
from results.storage import rates, verdicts
from results.storage.database import Connection, as_dicts, records
from results.storage.monitors import monitor_statuses
from results.storage.rates import RATE_FIELDS, with_provenance
from seep.schedule import occurrence_after
from seep.settings import Settings

TREND_RUNS = 30
THROUGHPUT_SECONDS = 300.0
LEAST_SECONDS = 1.0

# The newest runs are found one monitor at a time, along an index; a join would read all runs of all monitors.
POINTS_OF_MONITORS: LiteralString = f"""
SELECT monitor, created_at, job_count <= recorded + dead AS finished, {RATE_FIELDS}
FROM rates JOIN runs USING (run_id) WHERE runs.run_id IN (
    SELECT newest.run_id FROM unnest(%(monitors)s::text[]) AS watched (name), LATERAL (
        SELECT run_id FROM runs WHERE monitor = watched.name ORDER BY first_seen_at DESC, run_id DESC LIMIT %(limit)s
    ) AS newest
) AND created_at IS NOT NULL AND (%(categories)s::text[] IS NULL OR category = ANY(%(categories)s))
ORDER BY created_at, runs.run_id, metric, category = 'all', category
"""

# A run has begun when it was sent; where the sender's clock says later, with its first jobs, which then do not count.
RECENT_JOBS: LiteralString = """
WITH begun AS (
    SELECT greatest(
        extract(epoch FROM clock_timestamp())::float8 - %(seconds)s,
        least(%(created_at)s::float8, extract(epoch FROM min(recorded_at))::float8)
    ) AS at FROM jobs WHERE run_id = %(run_id)s
)
SELECT (SELECT count(*) FROM jobs WHERE run_id = %(run_id)s AND extract(epoch FROM recorded_at)::float8 > begun.at),
       extract(epoch FROM clock_timestamp())::float8 - begun.at
FROM begun
"""

PROVENANCES: LiteralString = "SELECT provenance FROM provenances WHERE run_id = %s ORDER BY provenance LIMIT 50"

# The first is looked for only where the newest has one.
FIRST_ALARMS: LiteralString = """
SELECT DISTINCT ON (monitor) monitor, run_id, monitor_runs.baseline, role, monitor_runs.reason, e_value, alarm,
       difference, autocorrelation, coalesce(created_at, extract(epoch FROM at)::float8) AS at
FROM monitor_runs JOIN runs USING (run_id, monitor) WHERE monitor = ANY(%(monitors)s) AND alarm ORDER BY monitor, place
"""

# All dead jobs are few, and indexed as such.
DEAD_BY_RUN: LiteralString = """
SELECT run_id, target, coalesce(jobs.stage, '') AS stage, coalesce(jobs.reason, '') AS reason, count(*) AS jobs,
       extract(epoch FROM max(recorded_at))::float8 AS newest_at
FROM jobs JOIN runs USING (run_id) WHERE status = 'dead'
GROUP BY run_id, target, jobs.stage, jobs.reason ORDER BY newest_at DESC, run_id LIMIT %(limit)s
"""

# From one value to the next along an index: to read every run for its few names would take longer with each run.
FACET: LiteralString = """
WITH RECURSIVE found (name) AS (
    SELECT min({column}) FROM runs WHERE {column} <> ''
    UNION ALL
    SELECT (SELECT min({column}) FROM runs WHERE {column} > found.name AND {column} <> '')
    FROM found WHERE found.name IS NOT NULL
)
SELECT name FROM found WHERE name IS NOT NULL
"""
FACETS: Mapping[str, LiteralString] = {
    "targets": FACET.replace("{column}", "target"),
    "suites": FACET.replace("{column}", "suite"),
    "monitors": FACET.replace("{column}", "monitor"),
}

# Of each suite its newest runs along an index: to count all of them would take longer with each run.
SUITE_USES: LiteralString = f"""
WITH suites AS ({FACETS["suites"]})
SELECT newest.suite, suite_version AS version, suite_hash AS hash, min(probe) AS probe, count(*) AS runs,
       (array_agg(run_id ORDER BY first_seen_at DESC, run_id DESC))[1] AS newest_run,
       extract(epoch FROM max(first_seen_at))::float8 AS newest_at, array_agg(DISTINCT target) AS targets
FROM suites, LATERAL (
    SELECT suite, suite_version, suite_hash, probe, run_id, first_seen_at, target FROM runs WHERE suite = suites.name
    ORDER BY first_seen_at DESC, run_id DESC LIMIT %(counted)s
) AS newest
GROUP BY newest.suite, suite_version, suite_hash ORDER BY newest.suite, newest_at DESC LIMIT %(limit)s
"""

# Of each target the newest run of the suite with anything to show. A subquery for one value is asked run by run; EXISTS
# becomes a join with the rates of all runs.
NEWEST_OF_TARGETS: LiteralString = """
SELECT newest.run_id FROM unnest(%(targets)s::text[]) AS of_target (name), LATERAL (
    SELECT run_id, first_seen_at FROM runs
    WHERE target = of_target.name AND suite = %(suite)s AND (job_count <= recorded + dead OR cancelled)
      AND (SELECT true FROM rates WHERE rates.run_id = runs.run_id AND rate IS NOT NULL LIMIT 1)
    ORDER BY first_seen_at DESC, run_id DESC LIMIT 1
) AS newest ORDER BY first_seen_at DESC, run_id DESC LIMIT %(limit)s
"""

SUITE_OF_MOST_TARGETS: LiteralString = """
SELECT suite FROM (SELECT suite, target, first_seen_at FROM runs ORDER BY first_seen_at DESC, run_id DESC LIMIT 100)
    AS newest
WHERE suite <> '' GROUP BY suite ORDER BY count(DISTINCT target) DESC, max(first_seen_at) DESC LIMIT 1
"""

# What the scorers of the newest runs said of their own canary.
CANARIES: LiteralString = """
SELECT newest.run_id, provenance ->> 'canary' AS canary FROM (
    SELECT run_id, first_seen_at FROM runs ORDER BY first_seen_at DESC, run_id DESC LIMIT 100
) AS newest JOIN provenances USING (run_id)
WHERE provenance ? 'canary' AND provenance ->> 'canary' <> 'ok' ORDER BY first_seen_at DESC LIMIT %(limit)s
"""


def monitors_overview(
    connection: Connection, settings: Settings, stalled_after_seconds: float, names: Sequence[str] | None = None
) -> list[MonitorOverview]:
    """Every configured monitor, or those named, by name."""
    chosen = {name: monitor for name, monitor in settings.monitors.items() if names is None or name in names}
    statuses = monitor_statuses(connection, chosen, settings.scheduling, stalled_after_seconds)
    return overviews(connection, settings, statuses)


def overviews(connection: Connection, settings: Settings, statuses: Sequence[MonitorStatus]) -> list[MonitorOverview]:
    """The same of monitors whose statuses are known, in their order."""
    names = [status.monitor for status in statuses]
    baselines = {name: baseline for name in names if (baseline := settings.monitors[name].baseline) is not None}
    alarms = {run.monitor: run for run in records(connection, StreamRun, FIRST_ALARMS, {"monitors": names})}
    trends = points_of_monitors(connection, names, [ALL], TREND_RUNS)
    finished = [status.finished.run_id for status in statuses if status.finished]
    found = rates.of_runs(connection, finished)
    compared = [
        (status.finished.run_id, baseline)
        for status in statuses
        if status.finished and (baseline := baselines.get(status.monitor))
    ]
    known = dict(zip(compared, verdicts.several(connection, compared), strict=True))
    now = datetime.now(UTC)
    return [
        MonitorOverview(
            status=status,
            suite_name=_suite_name(status.latest, status.suite),
            baseline=(baseline := baselines.get(status.monitor)),
            next_at=occurrence_after(status.schedule, now).timestamp() if status.schedule else None,
            alarm=alarms.get(status.monitor) if status.tested and status.tested.alarm else None,
            verdict=known.get((status.finished.run_id, baseline)) if baseline and status.finished else None,
            rates=found.get(status.finished.run_id, []) if status.finished else [],
            trend=trends.get(status.monitor, []),
        )
        for status in statuses
    ]


def points_of_monitors(
    connection: Connection, monitors: Sequence[str], categories: Sequence[str] | None, limit: int
) -> dict[str, list[Point]]:
    """By monitor, the rates of its newest `limit` runs, oldest first; of all categories where none are named."""
    given = {"monitors": list(monitors), "categories": categories, "limit": limit}
    found: defaultdict[str, list[Point]] = defaultdict(list)
    rows = as_dicts(connection, POINTS_OF_MONITORS, given)
    places = [tuple(row.pop(name) for name in ("monitor", "created_at", "finished")) for row in rows]
    for (monitor, created_at, finished), rate in zip(places, with_provenance(connection, rows), strict=True):
        found[monitor].append(Point(created_at, finished, rate))
    return found


def throughput(connection: Connection, run: RunSummary) -> Throughput:
    """How fast the run got on within the last five minutes, or since it was sent.

    Not since the first job of these: jobs come in batches, and a batch alone would have come in no time. Where nobody
    knows for how long the first batch was worked at, as the sender's clock is ahead, it is not counted.
    """
    given = {"run_id": run.run_id, "seconds": THROUGHPUT_SECONDS, "created_at": run.created_at}
    [(jobs, since)] = connection.execute(RECENT_JOBS, given).fetchall()
    seconds = min(max(since, LEAST_SECONDS), THROUGHPUT_SECONDS)
    left = None if run.job_count is None else max(run.job_count - run.recorded - run.dead, 0)
    return Throughput(jobs, seconds, left * seconds / jobs if left is not None and jobs else None)


def provenances(connection: Connection, run_id: str) -> list[Mapping[str, str]]:
    """The provenances of the run's jobs, each once; fifty at most."""
    return [provenance for (provenance,) in connection.execute(PROVENANCES, (run_id,))]


def dead_by_run(connection: Connection, limit: int) -> list[DeadOfRun]:
    """Why jobs are dead-lettered and not scored since, by run; the newest first."""
    return records(connection, DeadOfRun, DEAD_BY_RUN, {"limit": limit})


def suite_uses(connection: Connection, limit: int) -> list[SuiteUse]:
    """The versions of suites that the newest runs of each had, by suite, the newest first."""
    return records(connection, SuiteUse, SUITE_USES, {"limit": limit, "counted": COUNTED_RUNS})


def facets(connection: Connection) -> dict[str, list[str]]:
    """The targets, suites and monitors that runs have."""
    return {name: [value for (value,) in connection.execute(query)] for name, query in FACETS.items()}


def suite_of_most_targets(connection: Connection) -> str:
    """The suite that most targets were asked, of the newest hundred runs; empty where there is no run."""
    row = connection.execute(SUITE_OF_MOST_TARGETS).fetchone()
    return str(row[0]) if row else ""


def newest_of_targets(connection: Connection, suite: str, targets: Sequence[str], limit: int) -> list[str]:
    """Of each target its newest finished run of the suite that has a rate, the newest first."""
    given = {"suite": suite, "targets": list(targets), "limit": limit}
    return [run_id for (run_id,) in connection.execute(NEWEST_OF_TARGETS, given)]


def failed_canaries(connection: Connection, limit: int) -> list[tuple[str, str]]:
    """Of the newest hundred runs, those whose scorer's canary was not ok, and what it said."""
    return [(run_id, canary) for run_id, canary in connection.execute(CANARIES, {"limit": limit})]


def _suite_name(latest: RunSummary | None, file: str) -> str:
    return latest.suite if latest else file.rpartition("/")[2].rpartition(".")[0] or file
