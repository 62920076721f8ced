"""The streams of monitors: their runs in order, each with the evidence after it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import LiteralString

from results.baselines import Baseline
from results.comparison import CellVerdict, LeakSum, compare, too_much_missing
from results.drift_test import Step, StreamRun, advance, begin, why_skipped
from results.runs import FINISHED, RunSummary
from results.statistics.verdicts import DELTA_POINTS
from results.storage import baselines, cell_tests, runs, sums, verdicts
from results.storage.database import Connection, records
from results.trust import LAST_RUNS, differ, difference, quiet_autocorrelation
from seep.errors import InputError

LOOKED_AT = "it was tested before the baseline was set"
MOST_QUIET = 300
"""So many of a stream's newest runs say how like each other they are."""

# One writer per monitor at a time.
LOCK_MONITOR: LiteralString = "SELECT pg_advisory_xact_lock(hashtextextended(%(monitor)s, 0))"

_STREAM_RUNS: LiteralString = """
SELECT monitor, run_id, baseline, role, reason, e_value, alarm, difference, autocorrelation,
       extract(epoch FROM at)::float8 AS at
FROM monitor_runs
"""

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

LEAVE_STREAM: LiteralString = """
WITH runs AS (DELETE FROM monitor_runs WHERE monitor = %(monitor)s)
DELETE FROM monitor_evidence WHERE monitor = %(monitor)s
"""

ADD_TO_STREAM: LiteralString = """
INSERT INTO monitor_runs (monitor, run_id, baseline, role, reason, e_value, alarm, difference, autocorrelation)
VALUES (%(monitor)s, %(run_id)s, %(baseline)s, %(role)s, %(reason)s, %(e_value)s, %(alarm)s, %(difference)s,
        %(autocorrelation)s)
"""

# What an alarm rests on: of each run, found by place, so that a long stream costs what a short one does.
LAST_TESTED: LiteralString = """
SELECT run_id FROM monitor_runs WHERE monitor = %(monitor)s AND role = 'tested' ORDER BY place DESC LIMIT %(limit)s
"""

NEWEST_DIFFERENCES: LiteralString = """
SELECT difference FROM monitor_runs WHERE monitor = %(monitor)s AND role <> 'skipped'
ORDER BY place DESC LIMIT %(limit)s
"""

# Whoever set the baseline may have chosen it by what this run's test showed.
TESTED_BEFORE: LiteralString = """
SELECT FROM verdicts JOIN baselines ON baselines.name = %(baseline)s
WHERE run_id = %(run_id)s AND compared_at < set_at LIMIT 1
"""

# The newest run that was tested speaks for each monitor; found one by one, or all runs of a monitor would be read.
MONITOR_STATES: LiteralString = """
SELECT newest.* FROM unnest(%(monitors)s::text[], %(baselines)s::text[]) AS watched (monitor, baseline), LATERAL (
    SELECT monitor, run_id, baseline, role, reason, e_value, alarm, difference, autocorrelation,
           extract(epoch FROM at)::float8 AS at
    FROM monitor_runs WHERE role = 'tested' AND monitor_runs.monitor = watched.monitor ORDER BY place DESC LIMIT 1
) AS newest WHERE newest.baseline = watched.baseline ORDER BY monitor
"""

STANDINGS: LiteralString = """
SELECT asked.monitor,
       EXISTS (SELECT FROM baseline_runs AS named WHERE named.baseline = asked.baseline AND named.run_id = asked.run_id)
       OR stream.run_id IS NOT NULL AS has_place,
       CASE WHEN stream.role = 'skipped' THEN stream.reason END AS skipped
FROM unnest(%(monitors)s::text[], %(baselines)s::text[], %(runs)s::text[]) AS asked (monitor, baseline, run_id)
LEFT JOIN monitor_runs AS stream USING (monitor, baseline, run_id)
"""


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


def why_not_tested(connection: Connection, finished: Mapping[str, tuple[str, str]]) -> dict[str, str | None]:
    """What keeps monitors' finished runs from being tested against baselines that are set, or kept them.

    By monitor the baseline and the run's id.
    """
    given = {
        "monitors": list(finished),
        "baselines": [baseline for baseline, _ in finished.values()],
        "runs": [run_id for _, run_id in finished.values()],
    }
    return {
        monitor: skipped if has_place else f"it was not tested against the baseline {finished[monitor][0]}"
        for monitor, has_place, skipped in connection.execute(STANDINGS, given)
    }


def conclude(
    connection: Connection,
    monitor: str,
    baseline: str,
    run_id: str,
    stalled_after_seconds: float,
    alarm_points: float,
) -> None:
    """Compares a monitor's finished run with its baseline and adds it to the monitor's stream.

    If it is skipped, the stream says why. In the stream a run counts once; its verdicts replace those that it had. The
    stream begins with the baseline's runs, and again if the monitor has another baseline now. Does nothing if the run
    is not finished, there is no such baseline, or the run is one of its own. An alarm needs so many points of
    difference.
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
    looked_at = _was_tested_before(connection, known, run_id)
    sides = _Sides(sums.leak_sums(connection, run_id), [sums.leak_sums(connection, name) for name in known.runs])
    reason = too_much_missing([run, *references])
    cells = [] if skipped else _cells(connection, run, references, sides)
    verdicts.replace(connection, run_id, baseline, cells, reason)
    if _begins(connection, monitor, known, sides.baseline) or not _is_in(connection, monitor, run_id):
        _extend(connection, _empty(monitor, run_id, baseline, skipped or looked_at), sides, alarm_points)


@dataclass(frozen=True)
class _Sides:
    """The leak scores of a run, and of each run of its baseline."""

    run: Sequence[LeakSum]
    baseline: Sequence[Sequence[LeakSum]]


def _cells(
    connection: Connection, run: RunSummary, references: Sequence[RunSummary], sides: _Sides
) -> list[CellVerdict]:
    samples = sums.exchangeable_samples(connection, run, references)
    return compare(sides.run, sides.baseline, run.expected_comparisons, DELTA_POINTS, samples)


def _was_tested_before(connection: Connection, baseline: Baseline, run_id: str) -> str | None:
    found = connection.execute(TESTED_BEFORE, {"baseline": baseline.name, "run_id": run_id}).fetchone()
    return None if found is None else LOOKED_AT


def _is_in(connection: Connection, monitor: str, run_id: str) -> bool:
    return connection.execute(IN_STREAM, {"monitor": monitor, "run_id": run_id}).fetchone() is not None


def _newest(connection: Connection, monitor: str) -> StreamRun | None:
    return next(iter(page(connection, monitor, limit=1)), None)


def _begins(connection: Connection, monitor: str, baseline: Baseline, of_runs: Sequence[Sequence[LeakSum]]) -> bool:
    """Whether there was no stream of this baseline; then there is now, with the baseline's runs."""
    newest = _newest(connection, monitor)
    if newest is not None and newest.baseline == baseline.name:
        return False
    connection.execute(LEAVE_STREAM, {"monitor": monitor})
    for run_id, of_run in zip(baseline.runs, of_runs, strict=True):
        row = _empty(monitor, run_id, baseline.name, None)
        connection.execute(ADD_TO_STREAM, vars(replace(row, role="baseline", difference=difference(of_run, of_runs))))
    cell_tests.put(connection, monitor, baseline.name, begin(of_runs, monitor, baseline.runs))
    return True


def _extend(connection: Connection, run: StreamRun, sides: _Sides, alarm_points: float) -> None:
    """Adds a run at the end of the monitor's stream; the time is the database's own."""
    newest = _newest(connection, run.monitor)
    alarm = newest is not None and newest.alarm
    if run.reason is not None:
        connection.execute(ADD_TO_STREAM, vars(replace(run, alarm=alarm)))
        return
    step = advance(cell_tests.of_monitor(connection, run.monitor), sides.run, run.monitor, run.run_id)
    cell_tests.add(connection, run.monitor, run.baseline, step.cells)
    from_baseline = difference(sides.run, sides.baseline)
    tested = replace(
        run,
        role="tested",
        e_value=step.e_value,
        alarm=alarm or _differs(connection, run.monitor, step, sides, alarm_points),
        difference=from_baseline,
        autocorrelation=newest.autocorrelation if alarm and newest else _quiet(connection, run.monitor, from_baseline),
    )
    connection.execute(ADD_TO_STREAM, vars(tested))


def _differs(connection: Connection, monitor: str, step: Step, sides: _Sides, alarm_points: float) -> bool:
    """Whether the last runs are so far from the baseline's where the evidence is."""
    if not step.convincing:
        return False
    before = connection.execute(LAST_TESTED, {"monitor": monitor, "limit": LAST_RUNS - 1}).fetchall()
    last = [sides.run, *(sums.leak_sums(connection, run_id) for (run_id,) in before)]
    return differ(step.convincing, last, sides.baseline, alarm_points)


def _quiet(connection: Connection, monitor: str, newest: float | None) -> float | None:
    """How like each other the runs of a stream are that has raised no alarm, up to this one."""
    found = connection.execute(NEWEST_DIFFERENCES, {"monitor": monitor, "limit": MOST_QUIET - 1}).fetchall()
    in_order = [*(difference for (difference,) in reversed(found)), newest]
    return quiet_autocorrelation([value for value in in_order if value is not None])


def _empty(monitor: str, run_id: str, baseline: str, reason: str | None) -> StreamRun:
    """A run's place in the stream while nothing is known of it but why it is skipped, if it is."""
    return StreamRun(monitor, run_id, baseline, "skipped", reason, None, False, None, None, 0)
