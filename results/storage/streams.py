"""The streams of monitors: their runs in order, each with the evidence after it."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import LiteralString

from results.baselines import Baseline
from results.comparison import CellVerdict, compare
from results.drift_test import CellScore, StreamRun, advance, baseline_scores, why_skipped
from results.runs import FINISHED, RunSummary
from results.statistics.verdicts import DELTA_POINTS
from results.storage import baselines, runs, sums, verdicts
from results.storage.database import Connection, one_record, records
from seep.errors import InputError

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
SELECT newest.* FROM unnest(%(monitors)s::text[], %(baselines)s::text[]) AS watched (monitor, baseline), LATERAL (
    SELECT monitor, run_id, baseline, role, reason, e_value, alarm, extract(epoch FROM at)::float8 AS at
    FROM monitor_runs WHERE role = 'tested' AND monitor_runs.monitor = watched.monitor ORDER BY place DESC LIMIT 1
) AS newest WHERE newest.baseline = watched.baseline ORDER BY monitor
"""

STANDING: LiteralString = """
SELECT EXISTS (SELECT FROM baselines WHERE name = %(baseline)s) AS is_set,
       EXISTS (SELECT FROM baseline_runs WHERE baseline = %(baseline)s AND run_id = %(run_id)s)
       OR EXISTS (SELECT FROM monitor_runs
                  WHERE monitor = %(monitor)s AND run_id = %(run_id)s AND baseline = %(baseline)s) AS has_place,
       (SELECT reason FROM monitor_runs
        WHERE monitor = %(monitor)s AND run_id = %(run_id)s AND baseline = %(baseline)s AND role = 'skipped') AS skipped
"""


@dataclass(frozen=True)
class _Standing:
    is_set: bool
    has_place: bool
    skipped: str | None


def page(connection: Connection, monitor: str, limit: int, after: str | None = None) -> list[StreamRun]:
    """The newest runs of the monitor's stream, newest first, or those before a run of it.

    The baseline's come last; there are none before the first run was tested. Raises InputError if `after` is not in it.
    """
    given = {"monitor": monitor, "limit": limit, "after": after, "run_id": after}
    if after is not None and connection.execute(IN_STREAM, given).fetchone() is None:
        raise InputError(f"after: run {after} is not in the stream of {monitor}")
    return records(connection, StreamRun, NEWEST_OF_STREAM if after is None else NEWEST_BEFORE, given)


def latest_tested(connection: Connection, monitors: Mapping[str, str]) -> list[StreamRun]:
    """The run that was tested last, of each monitor that has one; `monitors` are the baselines by monitor.

    What was tested against another baseline than that is left out.
    """
    given = {"monitors": list(monitors), "baselines": list(monitors.values())}
    return records(connection, StreamRun, MONITOR_STATES, given)


def why_not_tested(connection: Connection, monitor: str, baseline: str, run_id: str) -> str | None:
    """What keeps a monitor's finished run from being tested against its baseline, or kept it."""
    given = {"monitor": monitor, "baseline": baseline, "run_id": run_id}
    standing = one_record(connection, _Standing, STANDING, given)
    if standing is None or not standing.is_set:
        return f"the baseline {baseline} is not set"
    return standing.skipped if standing.has_place else f"it was not tested against the baseline {baseline}"


def conclude(connection: Connection, monitor: str, baseline: str, run_id: str, stalled_after_seconds: float) -> None:
    """Compares a monitor's finished run with its baseline and adds it to the monitor's stream.

    If it is skipped, the stream says why. In the stream a run counts once; its verdicts replace those that it had. The
    stream begins with the baseline's runs, and again if the monitor has another baseline now. Does nothing if the run
    is not finished, there is no such baseline, or the run is one of its own.
    """
    # Held to the end, so that the baseline is set before all of this or after it, and of two processes that compare a
    # run one comes after the other.
    connection.execute(LOCK_MONITOR, {"monitor": monitor})
    known = baselines.lock(connection, baseline)
    if known is None or run_id in known.runs:
        return
    connection.execute(runs.LOCK_RUNS, ([run_id],))
    summaries = runs.several(connection, [run_id, *known.runs], stalled_after_seconds)
    run, references = summaries[run_id], [summaries[name] for name in known.runs]
    if run.state not in FINISHED:
        return
    skipped = why_skipped(run, references)
    verdicts.replace(connection, run_id, baseline, [] if skipped else _cells(connection, run, known))
    _extend(connection, monitor, known, run_id, skipped)


def _cells(connection: Connection, run: RunSummary, baseline: Baseline) -> list[CellVerdict]:
    references = [sums.leak_sums(connection, [name]) for name in baseline.runs]
    return compare(sums.leak_sums(connection, [run.run_id]), references, run.expected_comparisons, DELTA_POINTS)


def _extend(connection: Connection, monitor: str, baseline: Baseline, run_id: str, skipped: str | None) -> None:
    stream = records(connection, StreamRun, STREAM, {"monitor": monitor})
    if not stream or stream[0].baseline != baseline.name:
        stream = []
        _begin(connection, monitor, baseline)
    if any(earlier.run_id == run_id for earlier in stream):
        return
    alarm = any(earlier.alarm for earlier in stream)
    if skipped is not None:
        _add(connection, StreamRun(monitor, run_id, baseline.name, "skipped", skipped, None, alarm, 0), ())
        return
    scores = records(connection, CellScore, STREAM_SCORES, {"monitor": monitor})
    step = advance(scores, sums.leak_sums(connection, [run_id]), monitor, run_id, alarm)
    _add(connection, StreamRun(monitor, run_id, baseline.name, "tested", None, step.e_value, step.alarm, 0), step.cells)


def _begin(connection: Connection, monitor: str, baseline: Baseline) -> None:
    connection.execute(LEAVE_STREAM, {"monitor": monitor})
    for run_id in baseline.runs:
        row = StreamRun(monitor, run_id, baseline.name, "baseline", None, None, False, 0)
        _add(connection, row, baseline_scores(sums.leak_sums(connection, [run_id])))


def _add(connection: Connection, run: StreamRun, cells: Iterable[CellScore]) -> None:
    """Adds a run at the end of a stream; the time is the database's own."""
    connection.execute(ADD_TO_STREAM, vars(run))
    names = {"monitor": run.monitor, "run_id": run.run_id}
    rows = [names | vars(cell) | {"jobs": json.dumps(dict(cell.jobs))} for cell in cells]
    with connection.cursor() as cursor:
        cursor.executemany(ADD_SCORE, rows)
