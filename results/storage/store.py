"""What the aggregator keeps of runs in PostgreSQL, and how it is asked for."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from typing import Any, Literal, LiteralString

from results.dead_jobs import DeadJob, DeadReason
from results.rates import (
    RunFacts,
    common_provenance,
    leak_rates,
    leak_rates_by_concept,
    missing_comparisons,
)
from results.runs import RunSummary, run_state
from results.storage import queries, statements
from results.storage.database import Connection, Database, Parameters, Record, as_dicts, records
from results.storage.recording import record
from results.sums import CellSums, Comparison, Place
from seep.codec import encode_rate
from seep.records import LeakRate, RunManifest, ScoredJob
from seep.settings import Aggregation

Only = Literal["leaks", "ties"]
MEASURES: Mapping[Only, str] = {"leaks": "leak", "ties": "tie"}
STALLED_AFTER_SECONDS = Aggregation().stalled_after_seconds


class Store(Database):
    """Runs, jobs, sums and comparisons; every method may raise DatabaseUnavailable."""

    def __init__(self, dsn: str, stalled_after_seconds: float) -> None:
        super().__init__(dsn)
        self.stalled_after_seconds = stalled_after_seconds

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
        with self.transaction() as connection:
            record(connection, scored, dead, manifests)

    def changed_runs(self) -> list[tuple[str, int]]:
        """The runs whose rates are to be published, each with the mark that `publish` takes."""
        with self.snapshot() as connection:
            return connection.cursor().execute(statements.CHANGED_RUNS).fetchall()

    def publish(self, run_id: str, mark: int, send: Callable[[Sequence[LeakRate]], None]) -> None:
        """Sends the run's rates and keeps them as its published ones; what changed after `mark` stays to be published.

        Where `send` raises nothing is kept. Processes that publish one run wait for each other.
        """
        with self.transaction() as connection:
            connection.execute(statements.WAIT_A_MINUTE)
            connection.execute(statements.LOCK_PUBLISHING, {"run_id": run_id})
            rates = self.rates(run_id)
            send(rates)
            rows = [
                {"run_id": run_id, "metric": rate.metric, "category": rate.category, "rate": encode_rate(rate)}
                for rate in rates
            ]
            connection.cursor().executemany(statements.KEEP_RATE, rows)
            connection.execute(statements.CLEAR_CHANGED, {"run_id": run_id, "mark": mark})

    def delete_texts(self, days: int) -> Iterator[tuple[str, int]]:
        """Deletes the comparisons, which hold the texts, of runs without progress for so many days; yields each run and
        how many it had. Each run is a transaction of its own; its sums, and so its rates, stay as they are."""
        with self.snapshot() as connection:
            expired = connection.execute(statements.EXPIRED_RUNS, {"days": days}).fetchall()
        for (run,) in expired:
            with self.transaction() as connection:
                deleted = connection.execute(statements.DELETE_TEXTS, {"run_id": run, "days": days}).rowcount
            yield run, deleted

    def rates(self, run_id: str, pools: Sequence[Sequence[str]] = ()) -> list[LeakRate]:
        """The run's rates per metric and category, `all`, and pools named "1+2"; empty for an unknown run.

        Raises InputError for a pool with a category that the run does not have.
        """
        with self.snapshot() as connection:
            facts = _facts(connection, run_id)
            if facts is None:
                return []
            return leak_rates(facts, records(connection, CellSums, statements.SUMS_BY_CATEGORY, (run_id,)), pools)

    def rates_by_concept(self, run_id: str) -> list[LeakRate]:
        """The run's rates per metric and concept, which stands where the category stands."""
        with self.snapshot() as connection:
            facts = _facts(connection, run_id)
            if facts is None:
                return []
            return leak_rates_by_concept(facts, records(connection, CellSums, statements.SUMS_BY_CONCEPT, (run_id,)))

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

    def run(self, run_id: str) -> RunSummary | None:
        """One run; None where it was never heard of."""
        with self.snapshot() as connection:
            return next(iter(self._summaries(connection, statements.ONE_RUN, (run_id,))), None)

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
        run_id: str,
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
        asked = {
            "run_id": run_id,
            "category": category,
            "metric": metric,
            "measure": measure,
            "test": test,
            "after": after,
        }
        place = {f"after_{name}": value for name, value in asdict(after).items()} if after else {}
        return self.select(
            Comparison, queries.comparisons_query(asked), asked | place | {"after": None, "limit": limit}
        )

    def select(self, record: type[Record], query: LiteralString, asked: Mapping[str, Any]) -> list[Record]:
        """What a query answers, a record per row: its columns are the record's fields."""
        with self.snapshot() as connection:
            return records(connection, record, query, asked)

    def dead_reasons(self, run_id: str) -> list[DeadReason]:
        """Why the run's dead jobs died, the commonest reason first."""
        with self.snapshot() as connection:
            return records(connection, DeadReason, statements.DEAD_REASONS, (run_id,))

    def _summaries(self, connection: Connection, query: LiteralString, asked: Parameters) -> list[RunSummary]:
        rows = as_dicts(connection, query, asked)
        recorded: defaultdict[str, list[Mapping[str, int]]] = defaultdict(list)
        runs = ([row["run_id"] for row in rows],)
        # In binary: hundreds of categories of hundreds of runs are many numbers to read from text.
        for run, categories, ns in connection.execute(statements.RECORDED_COMPARISONS, runs, binary=True):
            recorded[run].append(dict(zip(categories, ns, strict=True)))
        return [self._summary(row, recorded[row["run_id"]]) for row in rows]

    def _summary(self, row: Mapping[str, Any], recorded: Sequence[Mapping[str, int]]) -> RunSummary:
        facts = _facts_of(row)
        state = run_state(
            expected=row["job_count"],
            recorded=row["recorded"],
            dead=row["dead"],
            cancelled=row["cancelled"],
            idle_seconds=row["idle_seconds"],
            stalled_after_seconds=self.stalled_after_seconds,
        )
        return RunSummary(
            run_id=row["run_id"],
            target=row["target"],
            suite=row["suite"],
            suite_version=row["suite_version"],
            suite_hash=row["suite_hash"],
            probe=row["probe"],
            cluster=row["cluster"],
            monitor=row["monitor"],
            state=state,
            job_count=row["job_count"],
            recorded=row["recorded"],
            dead=row["dead"],
            comparisons=None if row["job_count"] is None else sum(facts.expected_comparisons.values()),
            missing=missing_comparisons(facts.expected_comparisons, recorded),
            mixed=facts.mixed,
            created_at=row["created_at"],
            progress_at=row["progress_at"],
            texts_deleted_at=row["texts_deleted_at"],
            samples=row["samples"],
            expected_comparisons=facts.expected_comparisons,
            provenance=common_provenance(facts.provenances),
        )


def _facts(connection: Connection, run_id: str) -> RunFacts | None:
    rows = as_dicts(connection, statements.ONE_RUN, (run_id,))
    if not rows:
        return None
    shared = connection.execute(statements.SHARED_CATEGORIES, (run_id,)).fetchall()
    return replace(_facts_of(rows[0]), shared=[frozenset(categories) for (categories,) in shared])


def _facts_of(row: Mapping[str, Any]) -> RunFacts:
    return RunFacts(
        row["run_id"], row["suite"], row["target"], row["probe"], row["expected_comparisons"], row["provenances"]
    )
