"""What the aggregator keeps in PostgreSQL: the only file that speaks to it."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from threading import Lock
from typing import Any, Literal, LiteralString

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.rows import class_row, dict_row
from psycopg.types.json import Jsonb

from seep.errors import InputError, Unavailable
from seep.records import LeakRate, PromptJob, RunManifest, ScoredJob
from seep.settings import Aggregation
from services.aggregator import statements
from services.aggregator.dead import DeadJob, DeadReason
from services.aggregator.rates import RunFacts, leak_rates, leak_rates_by_concept, missing_comparisons
from services.aggregator.states import RunSummary, run_state
from services.aggregator.sums import CellSum, Comparison, PerTestSum, comparisons, per_test_sums

Only = Literal["leaks", "ties"]
MEASURES: Mapping[Only, str] = {"leaks": "leak", "ties": "tie"}
STALLED_AFTER_SECONDS = Aggregation().stalled_after_seconds

# So that a server that vanished without a word is noticed within a minute; the DSN may say otherwise.
CONNECTION_DEFAULTS = {"connect_timeout": "10", "keepalives_idle": "30", "tcp_user_timeout": "30000"}


class DatabaseUnavailable(Unavailable):
    """The database cannot be reached or used now."""


def connect(dsn: str) -> psycopg.Connection:
    """A new connection; raises InputError for a malformed DSN, DatabaseUnavailable where nothing answers."""
    try:
        parameters = CONNECTION_DEFAULTS | conninfo_to_dict(dsn)
    except psycopg.ProgrammingError:
        # The message may quote the DSN, and with it a password.
        raise InputError("database.dsn: not a PostgreSQL connection string") from None
    try:
        return psycopg.connect(make_conninfo("", **parameters))
    except psycopg.OperationalError as error:
        raise DatabaseUnavailable(_one_line(error)) from error


class Store:
    """Runs, jobs, sums and comparisons. Connects at the first call, and again after DatabaseUnavailable, which every
    method may raise; may be used from several threads, one at a time."""

    def __init__(self, dsn: str, stalled_after_seconds: float) -> None:
        self._dsn = dsn
        self._stalled_after_seconds = stalled_after_seconds
        self._connection: psycopg.Connection | None = None
        self._lock = Lock()

    @classmethod
    @contextmanager
    def open(cls, dsn: str, stalled_after_seconds: float = STALLED_AFTER_SECONDS) -> Iterator["Store"]:
        """A store whose connection is closed at the end; the schema must be there (`migrate`)."""
        store = cls(dsn, stalled_after_seconds)
        try:
            yield store
        finally:
            store._disconnect()

    def record(self, scored: Sequence[ScoredJob], dead: Sequence[DeadJob], manifests: Sequence[RunManifest]) -> None:
        """Keeps what is new, in one transaction, and marks its runs changed; the rest is dropped whole.

        Of a job the first score wins, over dead letters too; of a run the first manifest, save that it may be
        cancelled later. Scored jobs and manifests must be without `flaw`.
        """
        runs = sorted({_storable(run) for run in _runs_of(scored, dead, manifests)})
        if not runs:
            return
        with self._transaction() as connection, connection.cursor() as cursor:
            cursor.executemany(statements.INSERT_RUN, [(run,) for run in runs])
            cursor.execute(statements.LOCK_RUNS, (runs,))
            changed = _record_manifests(cursor, manifests) | _record_scored(cursor, scored)
            changed |= _record_dead(cursor, dead)
            cursor.execute(statements.MARK_CHANGED, (sorted(changed),))

    def changed_runs(self) -> list[tuple[str, int]]:
        """The runs whose rates are to be published, each with the mark that `clear_changed` takes afterwards."""
        with self._snapshot() as connection:
            return connection.cursor().execute(statements.CHANGED_RUNS).fetchall()

    def clear_changed(self, run: str, mark: int) -> None:
        """Notes that the run's rates as of `mark` are published; what changed since stays to be published."""
        with self._transaction() as connection:
            connection.execute(statements.CLEAR_CHANGED, {"run": run, "mark": mark})

    def rates(self, run: str, pools: Sequence[Sequence[str]] = ()) -> list[LeakRate]:
        """The run's rates per metric and category, `all`, and pools named "1+2"; empty for an unknown run.

        Raises InputError for a pool with a category that the run does not have.
        """
        with self._snapshot() as connection:
            facts = _facts(connection, run)
            return leak_rates(facts, _cells(connection, statements.SUMS_BY_CATEGORY, run), pools) if facts else []

    def rates_by_concept(self, run: str) -> list[LeakRate]:
        """The run's rates per metric and concept, which stands where the category stands."""
        with self._snapshot() as connection:
            facts = _facts(connection, run)
            return leak_rates_by_concept(facts, _cells(connection, statements.SUMS_BY_CONCEPT, run)) if facts else []

    def watched_rates(self, watched: Iterable[tuple[str, str]]) -> list[LeakRate]:
        """The rates of the latest finished run of each (target, suite name); nothing where none has finished, or
        where its jobs differ in their provenance."""
        latest = [self.latest_finished(target, suite) for target, suite in watched]
        rates = [rate for run in latest if run is not None for rate in self.rates(run)]
        return [rate for rate in rates if not rate.mixed]

    def runs(self, limit: int) -> list[RunSummary]:
        """The runs that were heard of last, newest first."""
        with self._snapshot() as connection:
            return self._summaries(connection, statements.LATEST_RUNS, limit)

    def run(self, run: str) -> RunSummary | None:
        """One run; None where it was never heard of."""
        with self._snapshot() as connection:
            return next(iter(self._summaries(connection, statements.ONE_RUN, run)), None)

    def comparisons(
        self,
        run: str,
        category: str | None = None,
        metric: str | None = None,
        only: Only | None = None,
        limit: int = 20,
    ) -> list[Comparison]:
        """Comparisons with their texts; `only` those that leak or tie, under `metric` or else under any."""
        measure = MEASURES[only] if only else None
        asked = {"run": run, "category": category, "metric": metric, "measure": measure, "limit": limit}
        with self._snapshot() as connection, connection.cursor(row_factory=class_row(Comparison)) as cursor:
            return cursor.execute(statements.COMPARISONS, asked).fetchall()

    def dead_reasons(self, run: str) -> list[DeadReason]:
        """Why the run's dead jobs died, the commonest reason first."""
        with self._snapshot() as connection, connection.cursor(row_factory=class_row(DeadReason)) as cursor:
            return cursor.execute(statements.DEAD_REASONS, (run,)).fetchall()

    def latest_finished(self, target: str, suite: str) -> str | None:
        """The finished run of this target and suite name that was sent last."""
        with self._snapshot() as connection:
            row = connection.execute(statements.LATEST_FINISHED, (target, suite)).fetchone()
            return row[0] if row else None

    def _summaries(self, connection: psycopg.Connection, query: LiteralString, argument: object) -> list[RunSummary]:
        rows = connection.cursor(row_factory=dict_row).execute(query, (argument,)).fetchall()
        recorded: defaultdict[str, list[CellSum]] = defaultdict(list)
        for run, *cell in connection.execute(statements.RECORDED_PER_CELL, ([row["run"] for row in rows],)):
            recorded[run].append(CellSum(*cell))
        return [self._summary(row, recorded[row["run"]]) for row in rows]

    def _summary(self, row: Mapping[str, Any], recorded: Sequence[CellSum]) -> RunSummary:
        facts = _facts_of(row)
        state = run_state(
            expected=row["jobs"],
            recorded=row["recorded"],
            dead=row["dead"],
            cancelled=row["cancelled"],
            idle_seconds=row["idle_seconds"],
            stalled_after_seconds=self._stalled_after_seconds,
        )
        return RunSummary(
            run=row["run"],
            target=row["target"],
            suite=row["suite"],
            suite_version=row["suite_version"],
            suite_hash=row["suite_hash"],
            probe=row["probe"],
            cluster=row["cluster"],
            monitor=row["monitor"],
            state=state,
            jobs=row["jobs"],
            recorded=row["recorded"],
            dead=row["dead"],
            comparisons=None if row["jobs"] is None else sum(facts.expected.values()),
            missing=missing_comparisons(facts, recorded),
            mixed=facts.mixed,
            created_at=row["created_at"],
            progress_at=row["progress_at"],
        )

    @contextmanager
    def _snapshot(self) -> Iterator[psycopg.Connection]:
        """A transaction whose queries all see the same state."""
        with self._transaction() as connection:
            connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            yield connection

    @contextmanager
    def _transaction(self) -> Iterator[psycopg.Connection]:
        with self._lock:
            try:
                if self._connection is None:
                    self._connection = connect(self._dsn)
                with self._connection.transaction():
                    yield self._connection
            except psycopg.OperationalError as error:
                self._disconnect()
                raise DatabaseUnavailable(_one_line(error)) from error

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _runs_of(scored: Iterable[ScoredJob], dead: Iterable[DeadJob], manifests: Iterable[RunManifest]) -> Iterator[str]:
    yield from (job.generated.prompts.run for job in scored)
    yield from (job.run for job in dead)
    yield from (manifest.run for manifest in manifests)


def _record_manifests(cursor: psycopg.Cursor, manifests: Iterable[RunManifest]) -> set[str]:
    changed: set[str] = set()
    for manifest in manifests:
        row = _storable(asdict(manifest))
        row["comparisons"] = Jsonb(row["comparisons"])
        changed.update(run for (run,) in cursor.execute(statements.FILL_FROM_MANIFEST, row))
        if manifest.cancelled:
            changed.update(run for (run,) in cursor.execute(statements.CANCEL, (row["run"],)))
    return changed


def _record_scored(cursor: psycopg.Cursor, scored: Iterable[ScoredJob]) -> set[str]:
    by_key: dict[tuple[str, str], ScoredJob] = {}
    for job in scored:
        by_key.setdefault(_key(job.generated.prompts), job)
    first_of_run = {run: job.generated.prompts for (run, _), job in reversed(by_key.items())}
    cursor.executemany(statements.FILL_FROM_JOB, [_storable(_names(prompts)) for prompts in first_of_run.values()])
    rows = [_storable(_names(job.generated.prompts)) | {"provenance": _provenance(job)} for job in by_key.values()]
    added = _added(cursor, statements.INSERT_SCORED, rows)
    new = [job for key, job in by_key.items() if key in added]
    _copy(cursor, statements.COPY_SUMS, (_columns(row) for job in new for row in per_test_sums(job)))
    _copy(cursor, statements.COPY_COMPARISONS, (_with_json(row) for job in new for row in comparisons(job)))
    return {run for run, _ in added}


def _record_dead(cursor: psycopg.Cursor, dead: Iterable[DeadJob]) -> set[str]:
    return {run for run, _ in _added(cursor, statements.INSERT_DEAD, [_storable(_columns(job)) for job in dead])}


def _added(
    cursor: psycopg.Cursor, query: LiteralString, rows: Sequence[Sequence[object] | Mapping[str, object]]
) -> set[tuple[str, str]]:
    """Inserts jobs; returns the keys of those that are new."""
    if not rows:
        return set()
    cursor.executemany(query, rows, returning=True)
    return {(run, job) for result in cursor.results() for run, job in result}


def _copy(cursor: psycopg.Cursor, query: LiteralString, rows: Iterable[Sequence[object]]) -> None:
    with cursor.copy(query) as copy:
        for row in rows:
            copy.write_row(_storable(row))


def _key(prompts: PromptJob) -> tuple[str, str]:
    return _storable(prompts.run), _storable(prompts.job)


def _names(prompts: PromptJob) -> dict[str, object]:
    named = ("run", "job", "target", "suite", "suite_version", "suite_hash", "probe", "cluster", "samples")
    return {name: getattr(prompts, name) for name in named}


def _provenance(job: ScoredJob) -> Jsonb:
    return Jsonb(_storable({**job.generated.provenance, **job.provenance}))


def _columns(record: PerTestSum | Comparison | DeadJob) -> tuple[Any, ...]:
    # dataclasses.astuple copies deeply, which takes longer than all the rest of a transaction.
    return tuple(vars(record).values())


def _with_json(comparison: Comparison) -> tuple[Any, ...]:
    *texts, outcomes, similarities = _columns(comparison)
    return (*texts, Jsonb(_storable(outcomes)), Jsonb(_storable(similarities)))


def _storable(value: Any) -> Any:
    """The value with U+FFFD for U+0000, which models do write and PostgreSQL's text and jsonb refuse."""
    if isinstance(value, str):
        return value.replace("\0", "\ufffd")
    if isinstance(value, Mapping):
        return {_storable(key): _storable(of) for key, of in value.items()}
    if isinstance(value, tuple):
        return tuple(_storable(of) for of in value)
    return value


def _facts(connection: psycopg.Connection, run: str) -> RunFacts | None:
    row = connection.cursor(row_factory=dict_row).execute(statements.ONE_RUN, (run,)).fetchone()
    if row is None:
        return None
    shared = connection.execute(statements.SHARED_CATEGORIES, (run,)).fetchall()
    return replace(_facts_of(row), shared=[frozenset(categories) for (categories,) in shared])


def _facts_of(row: Mapping[str, Any]) -> RunFacts:
    return RunFacts(row["run"], row["suite"], row["target"], row["probe"], row["comparisons"], row["provenances"])


def _cells(connection: psycopg.Connection, query: LiteralString, run: str) -> list[CellSum]:
    with connection.cursor(row_factory=class_row(CellSum)) as cursor:
        return cursor.execute(query, (run,)).fetchall()


def _one_line(error: psycopg.Error) -> str:
    # What the server adds to its message can quote a row, and with it a prompt.
    told = error.diag.message_primary or str(error)
    return " ".join(told.split()) or type(error).__name__
