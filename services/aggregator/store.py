"""What the aggregator keeps in PostgreSQL: the only file that speaks to it."""

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from typing import Any, Literal, LiteralString, TypeVar

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.rows import class_row, dict_row

from seep.codec import encode_rate
from seep.errors import InputError, Unavailable
from seep.records import LeakRate, PromptJob, RunManifest, ScoredJob
from seep.settings import Aggregation
from services.aggregator import queries, statements
from services.aggregator.dead import DeadJob, DeadReason
from services.aggregator.rates import (
    RunFacts,
    common_provenance,
    leak_rates,
    leak_rates_by_concept,
    missing_comparisons,
)
from services.aggregator.rows import (
    cluster_rows,
    comparison_rows,
    dead_row,
    job_row,
    manifest_row,
    run_row,
    storable,
    sum_rows,
)
from services.aggregator.states import RunSummary, run_state
from services.aggregator.sums import CellSum, Comparison, Place, comparisons, per_test_sums

Only = Literal["leaks", "ties"]
# The last two: its schema is not there yet, or not yet this version's.
UNUSABLE = (psycopg.OperationalError, psycopg.errors.UndefinedTable, psycopg.errors.UndefinedColumn)
# Called operational too, but the database is well: a value is too large for it, and will be at every try.
TOO_LARGE = (psycopg.errors.ProgramLimitExceeded, psycopg.errors.StatementTooComplex)
MEASURES: Mapping[Only, str] = {"leaks": "leak", "ties": "tie"}
Record = TypeVar("Record")
STALLED_AFTER_SECONDS = Aggregation().stalled_after_seconds

# So that a server that vanished without a word is noticed within a minute; the DSN may say otherwise.
CONNECTION_DEFAULTS = {"connect_timeout": "10", "keepalives_idle": "30", "tcp_user_timeout": "30000"}

Connection = psycopg.Connection


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


def records(
    connection: Connection, of: type[Record], query: LiteralString, parameters: Mapping[str, object] | None = None
) -> list[Record]:
    """The rows of a query as dataclasses whose fields are named like its columns."""
    with connection.cursor(row_factory=class_row(of)) as cursor:
        return cursor.execute(query, parameters).fetchall()


class Store:
    """Runs, jobs, sums and comparisons. Connects at the first call, and again after DatabaseUnavailable, which every
    method may raise; may be used from several threads, each of which then has a connection."""

    def __init__(self, dsn: str, stalled_after_seconds: float) -> None:
        self._dsn = dsn
        self.stalled_after_seconds = stalled_after_seconds
        self._idle: deque[psycopg.Connection] = deque()

    @classmethod
    @contextmanager
    def open(cls, dsn: str, stalled_after_seconds: float = STALLED_AFTER_SECONDS) -> Iterator["Store"]:
        """A store whose connection is closed at the end; the schema must be there (`migrate`)."""
        store = cls(dsn, stalled_after_seconds)
        try:
            yield store
        finally:
            store.close()

    def record(self, scored: Sequence[ScoredJob], dead: Sequence[DeadJob], manifests: Sequence[RunManifest]) -> None:
        """Keeps what is new, in one transaction, and marks its runs changed; the rest is dropped whole.

        Of a job the first score wins, over dead letters too; of a run the first manifest, save that it may be
        cancelled later. Scored jobs and manifests must be without `flaw`.
        """
        runs = sorted({storable(run) for run in _runs_of(scored, dead, manifests)})
        if not runs:
            return
        with self.transaction() as connection, connection.cursor() as cursor:
            cursor.executemany(statements.INSERT_RUN, [(run,) for run in runs])
            cursor.execute(statements.LOCK_RUNS, (runs,))
            changed = _record_manifests(cursor, manifests) | _record_scored(cursor, scored)
            changed |= _record_dead(cursor, dead)
            cursor.execute(statements.MARK_CHANGED, (sorted(changed),))

    def changed_runs(self) -> list[tuple[str, int]]:
        """The runs whose rates are to be published, each with the mark that `clear_changed` takes afterwards."""
        with self.snapshot() as connection:
            return connection.cursor().execute(statements.CHANGED_RUNS).fetchall()

    def clear_changed(self, run: str, mark: int, rates: Sequence[LeakRate] = ()) -> None:
        """Keeps the run's rates as of `mark`, which are published; what changed since stays to be published."""
        rows = [
            {"run": run, "mark": mark, "metric": rate.metric, "category": rate.category, "rate": encode_rate(rate)}
            for rate in rates
        ]
        with self.transaction() as connection:
            connection.execute(statements.LOCK_RUNS, ([run],))
            connection.cursor().executemany(statements.KEEP_RATE, rows)
            connection.execute(statements.CLEAR_CHANGED, {"run": run, "mark": mark})

    def delete_texts(self, days: int) -> Iterator[tuple[str, int]]:
        """Deletes the comparisons, which hold the texts, of runs without progress for so many days; yields each run and
        how many it had. Each run is a transaction of its own; its sums, and so its rates, stay as they are."""
        with self.snapshot() as connection:
            expired = connection.execute(statements.EXPIRED_RUNS, {"days": days}).fetchall()
        for (run,) in expired:
            with self.transaction() as connection:
                deleted = connection.execute(statements.DELETE_TEXTS, {"run": run, "days": days}).rowcount
            yield run, deleted

    def rates(self, run: str, pools: Sequence[Sequence[str]] = ()) -> list[LeakRate]:
        """The run's rates per metric and category, `all`, and pools named "1+2"; empty for an unknown run.

        Raises InputError for a pool with a category that the run does not have.
        """
        with self.snapshot() as connection:
            facts = _facts(connection, run)
            return leak_rates(facts, _cells(connection, statements.SUMS_BY_CATEGORY, run), pools) if facts else []

    def rates_by_concept(self, run: str) -> list[LeakRate]:
        """The run's rates per metric and concept, which stands where the category stands."""
        with self.snapshot() as connection:
            facts = _facts(connection, run)
            return leak_rates_by_concept(facts, _cells(connection, statements.SUMS_BY_CONCEPT, run)) if facts else []

    def runs(
        self,
        limit: int,
        *,
        target: str | None = None,
        suite: str | None = None,
        monitor: str | None = None,
        after: str | None = None,
    ) -> list[RunSummary]:
        """The runs that were heard of last, newest first: all of them, or those that what is given names.

        `after`: those that come after this run in the list.
        """
        asked = {"target": target, "suite": suite, "monitor": monitor, "after": after}
        with self.snapshot() as connection:
            return self._summaries(connection, queries.runs_query(asked), asked | {"limit": limit})

    def run(self, run: str) -> RunSummary | None:
        """One run; None where it was never heard of."""
        with self.snapshot() as connection:
            return next(iter(self._summaries(connection, statements.ONE_RUN, (run,))), None)

    def latest_of_monitor(self, monitor: str, *, finished: bool) -> RunSummary | None:
        """The monitor's run of the latest scheduled time, of all or of those with nothing left to come."""
        query = queries.LATEST_FINISHED_OF_MONITOR if finished else queries.LATEST_OF_MONITOR
        with self.snapshot() as connection:
            return next(iter(self._summaries(connection, query, {"monitor": monitor})), None)

    def summaries(self, connection: Connection, runs: Sequence[str]) -> list[RunSummary]:
        """Several runs, in no order, as a transaction sees them."""
        return self._summaries(connection, statements.SOME_RUNS, (list(runs),))

    def comparisons(
        self,
        run: str,
        category: str | None = None,
        metric: str | None = None,
        only: Only | None = None,
        limit: int = 20,
        *,
        test: str | None = None,
        after: Place | None = None,
    ) -> list[Comparison]:
        """Comparisons with their texts; `only` those that leak or tie, under `metric` or else under any.

        `after`: those that come after this place in the list.
        """
        measure = MEASURES[only] if only else None
        asked = {"run": run, "category": category, "metric": metric, "measure": measure, "test": test, "after": after}
        place = {f"after_{name}": value for name, value in asdict(after).items()} if after else {}
        return self.select(
            Comparison, queries.comparisons_query(asked), asked | place | {"after": None, "limit": limit}
        )

    def select(self, record: type[Record], query: LiteralString, asked: Mapping[str, Any]) -> list[Record]:
        """What a query answers, a record per row: its columns are the record's fields."""
        with self.snapshot() as connection:
            return records(connection, record, query, asked)

    def dead_reasons(self, run: str) -> list[DeadReason]:
        """Why the run's dead jobs died, the commonest reason first."""
        with self.snapshot() as connection, connection.cursor(row_factory=class_row(DeadReason)) as cursor:
            return cursor.execute(statements.DEAD_REASONS, (run,)).fetchall()

    def _summaries(
        self, connection: psycopg.Connection, query: LiteralString, asked: Sequence[object] | Mapping[str, object]
    ) -> list[RunSummary]:
        rows = connection.cursor(row_factory=dict_row).execute(query, asked).fetchall()
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
            stalled_after_seconds=self.stalled_after_seconds,
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
            texts_deleted_at=row["texts_deleted_at"],
            samples=row["samples"],
            expected=facts.expected,
            provenance=common_provenance(facts.provenances),
        )

    @contextmanager
    def snapshot(self) -> Iterator[psycopg.Connection]:
        """A transaction whose queries all see the same state."""
        with self.transaction() as connection:
            connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            yield connection

    @contextmanager
    def transaction(self) -> Iterator[psycopg.Connection]:
        """A transaction that ends with the block: committed, or rolled back where the block raises.

        It is on an idle connection, else on a new one: there are as many as are used at once.
        """
        try:
            connection = self._idle.pop()
        except IndexError:
            connection = connect(self._dsn)
        try:
            with connection.transaction():
                yield connection
        except TOO_LARGE:
            raise
        except UNUSABLE as error:
            # What happened to this connection has happened to the idle ones as well.
            connection.close()
            self.close()
            raise DatabaseUnavailable(_one_line(error)) from error
        finally:
            if not connection.closed:
                self._idle.append(connection)

    def close(self) -> None:
        """Closes the connections that are not in use; the next call opens one anew."""
        while self._idle:
            self._idle.pop().close()


def _runs_of(scored: Iterable[ScoredJob], dead: Iterable[DeadJob], manifests: Iterable[RunManifest]) -> Iterator[str]:
    yield from (job.generated.prompts.run for job in scored)
    yield from (job.run for job in dead)
    yield from (manifest.run for manifest in manifests)


def _record_manifests(cursor: psycopg.Cursor, manifests: Iterable[RunManifest]) -> set[str]:
    changed: set[str] = set()
    for manifest in manifests:
        row = manifest_row(manifest)
        changed.update(run for (run,) in cursor.execute(statements.FILL_FROM_MANIFEST, row))
        if manifest.cancelled:
            changed.update(run for (run,) in cursor.execute(statements.CANCEL, (row["run"],)))
    return changed


def _record_scored(cursor: psycopg.Cursor, scored: Iterable[ScoredJob]) -> set[str]:
    by_key: dict[tuple[str, str], ScoredJob] = {}
    for job in scored:
        by_key.setdefault(_key(job.generated.prompts), job)
    first_of_run = {run: job.generated.prompts for (run, _), job in reversed(by_key.items())}
    cursor.executemany(statements.FILL_FROM_JOB, [run_row(prompts) for prompts in first_of_run.values()])
    rows = {key: job_row(job) for key, job in by_key.items()}
    added = _added(cursor, statements.INSERT_SCORED, list(rows.values()))
    provenances = {(rows[key]["run"], rows[key]["provenance"]) for key in added}
    cursor.executemany(statements.INSERT_PROVENANCE, sorted(provenances))
    new = [job for key, job in by_key.items() if key in added]
    sums = [(job.generated.prompts.run, per_test_sums(job)) for job in new]
    _copy(cursor, statements.COPY_SUMS, (row for _, of in sums for row in sum_rows(of)))
    _copy(cursor, statements.COPY_CLUSTER_SUMS, (row for run, of in sums for row in cluster_rows(run, of)))
    _copy(cursor, statements.COPY_COMPARISONS, (row for job in new for row in comparison_rows(comparisons(job))))
    return {run for run, _ in added}


def _record_dead(cursor: psycopg.Cursor, dead: Iterable[DeadJob]) -> set[str]:
    return {run for run, _ in _added(cursor, statements.INSERT_DEAD, [dead_row(job) for job in dead])}


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
            copy.write_row(row)


def _key(prompts: PromptJob) -> tuple[str, str]:
    return storable(prompts.run), storable(prompts.job)


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
