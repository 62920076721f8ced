"""Runs as they are kept: at a glance, by filters, and those that stall."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any, LiteralString

from results.rates import common_provenance, missing_comparisons
from results.runs import FINISHED, RunState, RunSummary, StalledRuns, Wait, run_state
from results.storage.database import Connection, Parameters, as_dicts, records, where
from results.sums import LEAK
from seep.answers import LOST
from seep.provenance import is_mixed

# In one order for all processes, so that two of them with the same runs wait for, and never deadlock, each other. No
# run changes its id: what only refers to one need not wait.
LOCK_RUNS: LiteralString = "SELECT 1 FROM runs WHERE run_id = ANY(%s) ORDER BY run_id FOR NO KEY UPDATE"

SUMMARIES: LiteralString = """
SELECT runs.run_id, target, suite, suite_version, suite_hash, probe, cluster, monitor, labels, samples, job_count,
       expected_comparisons, cancelled, reason, created_at,
       extract(epoch FROM last_progress_at)::float8 AS progress_at,
       extract(epoch FROM clock_timestamp() - last_progress_at)::float8 AS idle_seconds,
       extract(epoch FROM texts_deleted_at)::float8 AS texts_deleted_at,
       recorded, dead,
       COALESCE((
           SELECT jsonb_agg(jsonb_build_object(
               'stage', stage, 'reason', waits.reason, 'since', extract(epoch FROM since)::float8
           ) ORDER BY stage)
           FROM run_waits AS waits WHERE waits.run_id = runs.run_id AND said_at >= last_progress_at
       ), '[]') AS waits,
       ARRAY(
           SELECT provenance FROM provenances WHERE provenances.run_id = runs.run_id ORDER BY provenance
       ) AS provenances
FROM runs
"""

ONE_RUN: LiteralString = SUMMARIES + "WHERE run_id = %s"

SOME_RUNS: LiteralString = SUMMARIES + "WHERE run_id = ANY(%s)"

RECORDED_COMPARISONS: LiteralString = """
SELECT run_id, measure, array_agg(category), array_agg(n) FROM recorded_comparisons WHERE run_id = ANY(%s)
GROUP BY run_id, metric, measure
"""

NAMES: LiteralString = "concat_ws(' ', runs.run_id, target, suite, monitor, array_to_string(labels, ' '))"
RUN_FILTERS: Mapping[str, LiteralString] = {
    "target": "target = %(target)s",
    "suite": "suite = %(suite)s",
    "monitor": "monitor = %(monitor)s",
    "label": "labels @> ARRAY[%(label)s]",
    "since": "created_at >= %(since)s",
    "until": "created_at < %(until)s",
    "text": f"strpos(lower({NAMES}), lower(%(text)s)) > 0",
    "after": "(first_seen_at, runs.run_id) < (SELECT first_seen_at, run_id FROM runs WHERE run_id = %(after)s)",
}

NEWEST_FIRST: LiteralString = " ORDER BY first_seen_at DESC, runs.run_id DESC LIMIT %(limit)s"
_UNFINISHED: LiteralString = "(job_count IS NULL OR recorded + dead < job_count)"
_IDLE: LiteralString = "last_progress_at < clock_timestamp() - make_interval(secs => %(stalled_after_seconds)s)"
# What results.runs.run_state says, as PostgreSQL says it.
OF_STATE: Mapping[RunState, LiteralString] = {
    "complete": "job_count <= recorded",
    "partial": "recorded < job_count AND job_count <= recorded + dead",
    "cancelled": f"cancelled AND {_UNFINISHED}",
    "stalled": f"NOT cancelled AND {_UNFINISHED} AND {_IDLE}",
    "running": f"NOT cancelled AND {_UNFINISHED} AND NOT {_IDLE}",
}

# By the scheduled time: a run that makes up for an earlier one is heard of last, and is not the latest. One whose time
# is still to come was sent by a clock that was ahead; it would stand for the monitor until then.
_SCHEDULED: LiteralString = """scheduled IS NOT NULL
AND scheduled < to_char((clock_timestamp() + interval '1 hour') AT TIME ZONE 'UTC', 'YYYYMMDD"T"HH24MISS"Z"')
"""
FINISHED_OF_MONITOR: LiteralString = f"""{SUMMARIES}
WHERE monitor = %(monitor)s AND {_SCHEDULED} AND job_count <= recorded + dead ORDER BY scheduled DESC LIMIT %(limit)s
"""
LATEST_OF_MONITORS: LiteralString = f"""
SELECT name,
       (SELECT run_id FROM runs WHERE monitor = name AND {_SCHEDULED} ORDER BY scheduled DESC LIMIT 1) AS latest,
       (SELECT run_id FROM runs WHERE monitor = name AND {_SCHEDULED} AND job_count <= recorded + dead
        ORDER BY scheduled DESC LIMIT 1) AS finished
FROM unnest(%(monitors)s::text[]) AS watched (name)
"""

# By starts_with, since in LIKE an underscore would be any character.
BY_BEGINNING: LiteralString = """
SELECT run_id FROM runs WHERE starts_with(run_id, %(beginning)s)
ORDER BY run_id = %(beginning)s DESC, first_seen_at DESC, run_id DESC LIMIT %(limit)s
"""

STALLED_BY_TARGET: LiteralString = """
SELECT target, count(*) AS runs FROM runs
WHERE NOT cancelled AND (job_count IS NULL OR recorded + dead < job_count)
  AND last_progress_at < now() - make_interval(secs => %(stalled_after_seconds)s)
GROUP BY target
"""


Recorded = defaultdict[str, list[Mapping[str, int]]]
"""By measure: of each metric, how many comparisons of each category have it."""

AS_THEY_ARE = (
    *("run_id", "target", "suite", "suite_version", "suite_hash", "probe", "cluster", "monitor", "reason", "job_count"),
    *("recorded", "dead", "created_at", "progress_at", "texts_deleted_at", "samples", "expected_comparisons"),
)


def one(connection: Connection, run_id: str, stalled_after_seconds: float) -> RunSummary | None:
    """One run; None if it was never heard of. Unfinished without progress for so many seconds, it is stalled."""
    return next(iter(_summaries(connection, ONE_RUN, (run_id,), stalled_after_seconds)), None)


def several(connection: Connection, run_ids: Sequence[str], stalled_after_seconds: float) -> dict[str, RunSummary]:
    """Those of the runs that are known, by id."""
    found = _summaries(connection, SOME_RUNS, (list(run_ids),), stalled_after_seconds)
    return {summary.run_id: summary for summary in found}


def newest(
    connection: Connection,
    limit: int,
    stalled_after_seconds: float,
    *,
    target: str | None = None,
    suite: str | None = None,
    monitor: str | None = None,
    label: str | None = None,
    state: RunState | None = None,
    text: str | None = None,
    since: float | None = None,
    until: float | None = None,
    after: str | None = None,
) -> list[RunSummary]:
    """The runs that were heard of last, newest first: all of them, or those that what is given names.

    `text` is part of a run's id, target, suite, monitor or labels. `since` and `until` bound when it was sent (Unix, in
    seconds; the latter excluded). `after` is the last run of the page before.
    """
    given: dict[str, object] = {"target": target, "suite": suite, "monitor": monitor, "label": label, "text": text}
    given |= {"since": since, "until": until, "after": after}
    conditions = RUN_FILTERS if state is None else {**RUN_FILTERS, "state": OF_STATE[state]}
    query = SUMMARIES + where(conditions, given | {"state": state}) + NEWEST_FIRST
    more: dict[str, object] = {"limit": limit, "stalled_after_seconds": stalled_after_seconds}
    return _summaries(connection, query, more | given, stalled_after_seconds)


def newest_ids(connection: Connection, limit: int, probe: str | None = None) -> list[str]:
    """The ids of the runs that were heard of last, newest first; of one probe where it is given."""
    given = {"probe": probe, "limit": limit}
    query = "SELECT run_id FROM runs" + where({"probe": "probe = %(probe)s"}, given) + NEWEST_FIRST
    return [run_id for (run_id,) in connection.execute(query, given)]


def ids_that_begin(connection: Connection, beginning: str, limit: int) -> list[str]:
    """The ids that begin so, and no more than the limit: the one that is the beginning first, then the newest."""
    parameters = {"beginning": beginning, "limit": limit}
    return [run_id for (run_id,) in connection.execute(BY_BEGINNING, parameters)]


def latest_of_monitors(
    connection: Connection, monitors: Collection[str], stalled_after_seconds: float
) -> dict[str, tuple[RunSummary | None, RunSummary | None]]:
    """By monitor its runs of the latest scheduled time: of all, and of those with nothing left to come."""
    found = connection.execute(LATEST_OF_MONITORS, {"monitors": list(monitors)}).fetchall()
    known = several(
        connection, [run_id for _, *both in found for run_id in both if run_id is not None], stalled_after_seconds
    )
    return {name: (known.get(latest), known.get(finished)) for name, latest, finished in found}


def finished_of_monitor(
    connection: Connection, monitor: str, limit: int, stalled_after_seconds: float
) -> list[RunSummary]:
    """The monitor's runs of the latest scheduled times with nothing left to come, the earliest first."""
    given = {"monitor": monitor, "limit": limit}
    found = _summaries(connection, FINISHED_OF_MONITOR, given, stalled_after_seconds)
    return found[::-1]


def stalled_runs(connection: Connection, stalled_after_seconds: float) -> list[StalledRuns]:
    """Unfinished runs without progress for so many seconds, by target; none where there are none."""
    return records(connection, StalledRuns, STALLED_BY_TARGET, {"stalled_after_seconds": stalled_after_seconds})


def _summaries(
    connection: Connection, query: LiteralString, parameters: Parameters, stalled_after_seconds: float
) -> list[RunSummary]:
    rows = as_dicts(connection, query, parameters)
    recorded: defaultdict[str, Recorded] = defaultdict(lambda: defaultdict(list))
    run_ids = ([row["run_id"] for row in rows],)
    # In binary: hundreds of categories of hundreds of runs are many numbers to read from text.
    for run_id, measure, categories, ns in connection.execute(RECORDED_COMPARISONS, run_ids, binary=True):
        recorded[run_id][measure].append(dict(zip(categories, ns, strict=True)))
    return [_summary(row, recorded[row["run_id"]], stalled_after_seconds) for row in rows]


def _summary(row: Mapping[str, Any], recorded: Recorded, stalled_after_seconds: float) -> RunSummary:
    state = run_state(
        expected=row["job_count"],
        recorded=row["recorded"],
        dead=row["dead"],
        cancelled=row["cancelled"],
        idle_seconds=row["idle_seconds"],
        stalled_after_seconds=stalled_after_seconds,
    )
    expected: Mapping[str, int] = row["expected_comparisons"]
    as_they_are = {name: row[name] for name in AS_THEY_ARE}
    return RunSummary(
        **as_they_are,
        state=state,
        comparisons=None if row["job_count"] is None else sum(expected.values()),
        missing=missing_comparisons(expected, recorded[LEAK]),
        # Of every metric they are the same answers.
        lost={reason: max(sum(n.values()) for n in recorded[reason]) for reason in LOST if reason in recorded},
        waits=() if state in FINISHED else tuple(Wait(**wait) for wait in row["waits"]),
        mixed=is_mixed(row["provenances"]),
        provenance=common_provenance(row["provenances"]),
        labels=tuple(row["labels"]),
    )
