"""Baselines, verdicts and the streams of monitors, as they are kept in the store's database."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Literal

from results.comparison import Judgement, LeakSum, SampleSum, judge
from results.drift_test import CellScore, advance, baseline_scores, unlike_baseline
from results.runs import RunSummary
from results.statistics.verdicts import DELTA_POINTS, Verdict, worst
from results.storage import judgement_statements as statements
from results.storage.database import Connection, records
from results.storage.statements import LOCK_RUNS
from results.storage.store import Store
from seep.errors import InputError


@dataclass(frozen=True)
class Baseline:
    """A name for the runs that others are compared with; `set_at` is Unix time in seconds."""

    name: str
    runs: list[str]
    set_at: float


@dataclass(frozen=True)
class RunVerdict:
    """What a run's comparison with a baseline came to: `verdict` is the worst of its judgements.

    `compared_at` is Unix time in seconds; it is `stale` if the baseline was set again or removed since then. Of a run
    that was not compared with it there is nothing.
    """

    run_id: str
    baseline: str
    verdict: Verdict | None
    compared_at: float | None
    stale: bool
    judgements: list[Judgement]


@dataclass(frozen=True)
class StreamRun:
    """A run's place in a monitor's stream: `e_value` and whether there is an alarm after it, or the reason why it was
    skipped; `at` is Unix time in seconds."""

    monitor: str
    run_id: str
    baseline: str
    role: Literal["baseline", "tested", "skipped"]
    reason: str | None
    e_value: float | None
    alarm: bool
    at: float


@dataclass(frozen=True)
class _Judged:
    compared_at: float
    stale: bool


@dataclass(frozen=True)
class _Standing:
    is_set: bool
    has_place: bool
    skipped: str | None


class Judgements:
    """What is concluded from the rates of a store; every method may raise DatabaseUnavailable."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def set_baseline(self, name: str, runs: Sequence[str]) -> None:
        """Names the runs, which must be known; the tests of all monitors with this baseline start anew, with the runs
        that were sent since the newest of these."""
        named = {"name": name, "runs": list(runs)}
        steps = (statements.SET_BASELINE, statements.CLEAR_BASELINE_RUNS, statements.ADD_BASELINE_RUNS)
        with self._store.transaction() as connection:
            for statement in (*steps, statements.RESET_STREAMS, statements.JUDGE_LATER_RUNS):
                connection.execute(statement, named)

    def remove_baseline(self, name: str) -> None:
        """Forgets the name and the tests against it; the runs and past verdicts stay."""
        with self._store.transaction() as connection:
            for statement in (statements.REMOVE_BASELINE, statements.RESET_STREAMS):
                connection.execute(statement, {"name": name})

    def baselines(self, limit: int | None = None, after: str = "") -> list[Baseline]:
        """So many of them by name, those after a name; all where no limit is given."""
        return self._store.select(Baseline, statements.BASELINES, {"limit": limit, "after": after})

    def baseline(self, name: str) -> Baseline | None:
        """The baseline of this name; None where there is none."""
        with self._store.snapshot() as connection:
            return _baseline(connection, name)

    def leak_sums(self, runs: Sequence[str]) -> list[LeakSum]:
        """The leak scores of each test, over the runs together."""
        with self._store.snapshot() as connection:
            return _leak_sums(connection, runs)

    def sample_sums(self, run_id: str) -> list[SampleSum]:
        """The leak scores of each job's samples, of the comparisons that are still there with their texts."""
        return self._store.select(SampleSum, statements.SAMPLE_SUMS, {"run_id": run_id})

    def verdict(self, run_id: str, baseline: str) -> RunVerdict:
        """What was concluded of a run; without judgements where it was not compared with this baseline."""
        names = {"run_id": run_id, "baseline": baseline}
        with self._store.snapshot() as connection:
            judgements = records(connection, Judgement, statements.VERDICTS, names)
            judged = next(iter(records(connection, _Judged, statements.JUDGED, names)), None)
        if judged is None:
            return RunVerdict(run_id, baseline, None, None, stale=False, judgements=[])
        return RunVerdict(
            run_id, baseline, worst(of.verdict for of in judgements), **vars(judged), judgements=judgements
        )

    def stream(self, monitor: str, limit: int, after: str | None = None) -> list[StreamRun]:
        """The newest runs of the monitor's stream, newest first, or those before a run of it; the baseline's come last,
        and there are none before the first run was tested. Raises InputError where `after` is not in it."""
        asked = {"monitor": monitor, "limit": limit, "after": after, "run_id": after}
        with self._store.snapshot() as connection:
            if after is not None and connection.execute(statements.IN_STREAM, asked).fetchone() is None:
                raise InputError(f"after: run {after} is not in the stream of {monitor}")
            query = statements.NEWEST_OF_STREAM if after is None else statements.NEWEST_BEFORE
            return records(connection, StreamRun, query, asked)

    def monitor_states(self, baselines: Mapping[str, str]) -> list[StreamRun]:
        """The run that was tested last against the baseline of its monitor, of each monitor that has one."""
        asked = {"monitors": list(baselines), "baselines": list(baselines.values())}
        return self._store.select(StreamRun, statements.MONITOR_STATES, asked)

    def why_not_tested(self, monitor: str, baseline: str, run_id: str) -> str | None:
        """What keeps a monitor's finished run from being tested against its baseline, or kept it."""
        asked = {"monitor": monitor, "baseline": baseline, "run_id": run_id}
        [standing] = self._store.select(_Standing, statements.STANDING, asked)
        if not standing.is_set:
            return f"the baseline {baseline} is not set"
        return standing.skipped if standing.has_place else f"it was not tested against the baseline {baseline}"

    def conclude(self, monitor: str, baseline: str, run_id: str) -> None:
        """Judges a monitor's finished run against its baseline and adds it to the monitor's stream, or notes there why
        it is skipped. In the stream a run counts once; its verdicts replace what was concluded of it before.

        The stream begins with the baseline's runs, and anew where the monitor has another baseline now. Does nothing
        where there is no such baseline, or the run is one of its own.
        """
        with self._store.transaction() as connection:
            # Held to the end, so that the baseline is set before all of this or after it, and of two processes that
            # judge a run one comes after the other.
            connection.execute(statements.LOCK_MONITOR, {"monitor": monitor})
            connection.execute(statements.LOCK_BASELINE, {"name": baseline})
            known = _baseline(connection, baseline)
            if known is None or run_id in known.runs:
                return
            connection.execute(LOCK_RUNS, ([run_id],))
            summaries = {of.run_id: of for of in self._store.summaries(connection, [run_id, *known.runs])}
            skipped = _why_skipped(summaries[run_id], [summaries[of] for of in known.runs])
            judgements: list[Judgement] = []
            if skipped is None:
                sums = _leak_sums(connection, [run_id]), [_leak_sums(connection, [of]) for of in known.runs]
                judgements = judge(*sums, summaries[run_id].expected_comparisons, DELTA_POINTS)
            _record_verdicts(connection, run_id, baseline, judgements)
            _extend_stream(connection, monitor, known, run_id, skipped)


def _why_skipped(run: RunSummary, baseline: Sequence[RunSummary]) -> str | None:
    if (run.created_at or 0) < max(of.created_at or 0 for of in baseline):
        # It is no news of the model as it is now, however late its last job was recorded.
        return "it was sent before the newest run of the baseline"
    mixed = [of.run_id for of in baseline if of.mixed]
    return f"the baseline's run {mixed[0]} is mixed" if mixed else unlike_baseline(run, baseline[0])


def _record_verdicts(connection: Connection, run_id: str, baseline: str, judgements: Iterable[Judgement]) -> None:
    names = {"run_id": run_id, "baseline": baseline}
    with connection.cursor() as cursor:
        cursor.execute(statements.CLEAR_VERDICTS, names)
        cursor.executemany(statements.ADD_VERDICT, [names | asdict(of) for of in judgements])


def _extend_stream(connection: Connection, monitor: str, baseline: Baseline, run_id: str, skipped: str | None) -> None:
    stream = records(connection, StreamRun, statements.STREAM, {"monitor": monitor})
    if not stream or stream[0].baseline != baseline.name:
        stream = []
        _begin_stream(connection, monitor, baseline)
    if any(of.run_id == run_id for of in stream):
        return
    alarm = any(of.alarm for of in stream)
    if skipped is not None:
        _add(connection, StreamRun(monitor, run_id, baseline.name, "skipped", skipped, None, alarm, 0), ())
        return
    scores = records(connection, CellScore, statements.STREAM_SCORES, {"monitor": monitor})
    step = advance(scores, _leak_sums(connection, [run_id]), monitor, run_id, alarm)
    _add(connection, StreamRun(monitor, run_id, baseline.name, "tested", None, step.e_value, step.alarm, 0), step.cells)


def _begin_stream(connection: Connection, monitor: str, baseline: Baseline) -> None:
    connection.execute(statements.LEAVE_STREAM, {"monitor": monitor})
    for run in baseline.runs:
        row = StreamRun(monitor, run, baseline.name, "baseline", None, None, False, 0)
        _add(connection, row, baseline_scores(_leak_sums(connection, [run])))


def _add(connection: Connection, run: StreamRun, cells: Iterable[CellScore]) -> None:
    """Adds a run at the end of a stream; the time is the database's own."""
    connection.execute(statements.ADD_TO_STREAM, vars(run))
    names = {"monitor": run.monitor, "run_id": run.run_id}
    rows = [names | vars(of) | {"jobs": json.dumps(dict(of.jobs))} for of in cells]
    with connection.cursor() as cursor:
        cursor.executemany(statements.ADD_SCORE, rows)


def _baseline(connection: Connection, name: str) -> Baseline | None:
    return next(iter(records(connection, Baseline, statements.ONE_BASELINE, {"name": name})), None)


def _leak_sums(connection: Connection, runs: Sequence[str]) -> list[LeakSum]:
    return records(connection, LeakSum, statements.LEAK_SUMS, {"runs": list(runs)})
