"""Baselines, verdicts and the streams of monitors, as they are kept in the store's database."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Literal

from services.aggregator import judgement_statements as statements
from services.aggregator.judging import Judgement, LeakSum
from services.aggregator.monitoring import CellScore, advance, baseline_scores
from services.aggregator.store import Connection, Store, records


@dataclass(frozen=True)
class Baseline:
    """A name for the runs that others are compared with; `set_at` is Unix time in seconds."""

    name: str
    runs: list[str]
    set_at: float


@dataclass(frozen=True)
class StreamRun:
    """A run's place in a monitor's stream: `e_value` and whether there is an alarm after it, or the reason why it was
    skipped; `at` is Unix time in seconds."""

    monitor: str
    run: str
    baseline: str
    role: Literal["baseline", "tested", "skipped"]
    reason: str | None
    e_value: float | None
    alarm: bool
    at: float


class Judgements:
    """What is concluded from the rates of a store; every method may raise DatabaseUnavailable."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def set_baseline(self, name: str, runs: Sequence[str]) -> None:
        """Names the runs, which must be known; the tests of all monitors with this baseline start anew."""
        named = {"name": name, "runs": list(runs)}
        steps = (statements.SET_BASELINE, statements.CLEAR_BASELINE_RUNS, statements.ADD_BASELINE_RUNS)
        with self._store.transaction() as connection:
            for statement in (*steps, statements.RESET_STREAMS):
                connection.execute(statement, named)

    def remove_baseline(self, name: str) -> None:
        """Forgets the name and the tests against it; the runs and past verdicts stay."""
        with self._store.transaction() as connection:
            for statement in (statements.REMOVE_BASELINE, statements.RESET_STREAMS):
                connection.execute(statement, {"name": name})

    def baselines(self) -> list[Baseline]:
        """All of them by name."""
        with self._store.snapshot() as connection:
            return records(connection, Baseline, statements.BASELINES, {"name": None})

    def baseline(self, name: str) -> Baseline | None:
        """The baseline of this name; None where there is none."""
        with self._store.snapshot() as connection:
            return _baseline(connection, name)

    def leak_sums(self, runs: Sequence[str]) -> list[LeakSum]:
        """The leak scores of each test, over the runs together."""
        with self._store.snapshot() as connection:
            return _leak_sums(connection, runs)

    def record_verdicts(self, run: str, baseline: str, judgements: Iterable[Judgement]) -> None:
        """Keeps what became of a run, in place of what was concluded of it before."""
        names = {"run": run, "baseline": baseline}
        with self._store.transaction() as connection, connection.cursor() as cursor:
            cursor.execute(statements.CLEAR_VERDICTS, names)
            cursor.executemany(statements.ADD_VERDICT, [names | asdict(of) for of in judgements])

    def verdicts(self, run: str, baseline: str) -> list[Judgement]:
        """What was concluded of a run; empty where it was not compared with this baseline."""
        with self._store.snapshot() as connection:
            return records(connection, Judgement, statements.VERDICTS, {"run": run, "baseline": baseline})

    def stream(self, monitor: str) -> list[StreamRun]:
        """The monitor's runs in order, the baseline's first; empty before the first was tested."""
        with self._store.snapshot() as connection:
            return records(connection, StreamRun, statements.STREAM, {"monitor": monitor})

    def monitor_states(self, monitors: Sequence[str]) -> list[StreamRun]:
        """The run that was tested last, of each monitor that has one."""
        with self._store.snapshot() as connection:
            return records(connection, StreamRun, statements.MONITOR_STATES, {"monitors": list(monitors)})

    def extend_stream(self, monitor: str, baseline: str, run: str, skipped: str | None) -> None:
        """Adds a finished run to the monitor's stream and tests it, or notes why it is skipped; a run counts once.

        The stream begins with the baseline's runs, and anew where the monitor has another baseline now. Does nothing
        where there is no such baseline, or the run is one of its own.
        """
        with self._store.transaction() as connection:
            connection.execute(statements.LOCK_MONITOR, {"monitor": monitor})
            known = _baseline(connection, baseline)
            if known is None:
                return
            stream = records(connection, StreamRun, statements.STREAM, {"monitor": monitor})
            if not stream or stream[0].baseline != baseline:
                stream = []
                _begin_stream(connection, monitor, known)
            if run in known.runs or any(of.run == run for of in stream):
                return
            alarm = any(of.alarm for of in stream)
            if skipped is not None:
                row = StreamRun(monitor, run, baseline, "skipped", skipped, None, alarm, 0)
                _add(connection, row, ())
                return
            scores = records(connection, CellScore, statements.STREAM_SCORES, {"monitor": monitor})
            step = advance(scores, _leak_sums(connection, [run]), monitor, run, alarm)
            row = StreamRun(monitor, run, baseline, "tested", None, step.e_value, step.alarm, 0)
            _add(connection, row, step.cells)


def _begin_stream(connection: Connection, monitor: str, baseline: Baseline) -> None:
    connection.execute(statements.LEAVE_STREAM, {"monitor": monitor})
    for run in baseline.runs:
        row = StreamRun(monitor, run, baseline.name, "baseline", None, None, False, 0)
        _add(connection, row, baseline_scores(_leak_sums(connection, [run])))


def _add(connection: Connection, run: StreamRun, cells: Iterable[CellScore]) -> None:
    """Adds a run at the end of a stream; the time is the database's own."""
    connection.execute(statements.ADD_TO_STREAM, vars(run))
    names = {"monitor": run.monitor, "run": run.run}
    rows = [names | vars(of) | {"jobs": json.dumps(dict(of.jobs))} for of in cells]
    with connection.cursor() as cursor:
        cursor.executemany(statements.ADD_SCORE, rows)


def _baseline(connection: Connection, name: str) -> Baseline | None:
    return next(iter(records(connection, Baseline, statements.BASELINES, {"name": name})), None)


def _leak_sums(connection: Connection, runs: Sequence[str]) -> list[LeakSum]:
    return records(connection, LeakSum, statements.LEAK_SUMS, {"runs": list(runs)})
