"""Results as tests write and read them: each call is a transaction of its own."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

from results.baselines import Baseline
from results.comparison import LeakSum, RunVerdict
from results.dead_jobs import DeadJob, DeadReason
from results.drift_test import StreamRun
from results.monitor_status import MonitorStatus, Watched
from results.runs import RunSummary
from results.series import Point, SeriesFilter
from results.storage import (
    baselines,
    comparisons,
    dead_jobs,
    monitors,
    rates,
    recording,
    runs,
    series,
    streams,
    sums,
    verdicts,
)
from results.storage.database import Database
from results.sums import Comparison, SampleSums
from seep.kafka.messages import Outgoing
from seep.records import LeakRate, RunManifest, ScoredJob
from seep.settings import Events, Monitor, Scheduling, Settings
from services.aggregator.publishing import publish_changed

STALLED_AFTER_SECONDS = 1800.0


def nowhere(outgoing: Sequence[Outgoing]) -> None:
    """Takes messages as a broker does."""


class Stored(Database):
    """A database with the schema, and all that tests ask of it."""

    def __init__(
        self,
        dsn: str,
        statement_seconds: float | None = None,
        *,
        stalled_after_seconds: float = STALLED_AFTER_SECONDS,
    ) -> None:
        super().__init__(dsn, statement_seconds)
        self.stalled_after_seconds = stalled_after_seconds
        self.events = Events()

    def record(
        self, scored: Sequence[ScoredJob], dead: Sequence[DeadJob], manifests: Sequence[RunManifest]
    ) -> list[int]:
        """Records as the aggregator does; nothing is published."""
        with self.transaction() as connection:
            return recording.record(connection, scored, dead, manifests)

    def publish(
        self,
        configured: Mapping[str, Monitor] | None = None,
        send: Callable[[Sequence[Outgoing]], None] = nowhere,
    ) -> None:
        """Publishes what has changed."""
        publish_changed(self, send, Settings().model_copy(update={"monitors": configured or {}, "events": self.events}))

    def changed_runs(self) -> list[str]:
        """The runs that are to be published."""
        with self.snapshot() as connection:
            query = "SELECT run_id FROM runs WHERE rated > published ORDER BY run_id"
            return [run_id for (run_id,) in connection.execute(query)]

    def rates(self, run_id: str, pools: Sequence[Sequence[str]] = ()) -> list[LeakRate]:
        """The rates, and those of pools."""
        with self.snapshot() as connection:
            return rates.of_run(connection, run_id) + rates.of_pools(connection, run_id, pools)

    def written_rates(self, run_id: str) -> list[LeakRate]:
        """The rates as they were written last."""
        with self.snapshot() as connection:
            return rates.of_run(connection, run_id)

    def rates_by_concept(self, run_id: str) -> list[LeakRate]:
        """The rates of concepts."""
        with self.snapshot() as connection:
            return rates.by_concept(connection, run_id)

    def run(self, run_id: str) -> RunSummary | None:
        """The run at a glance."""
        with self.snapshot() as connection:
            return runs.one(connection, run_id, self.stalled_after_seconds)

    def runs(self, limit: int, **filters: Any) -> list[RunSummary]:
        """The newest runs."""
        with self.snapshot() as connection:
            return runs.newest(connection, limit, self.stalled_after_seconds, **filters)

    def comparisons(self, run_id: str, **filters: Any) -> list[Comparison]:
        """Comparisons with their texts."""
        with self.snapshot() as connection:
            return comparisons.page(connection, run_id, **filters)

    def delete_texts(self, days: int) -> Iterator[tuple[str, int]]:
        """Deletes the texts of old runs."""
        return comparisons.delete_texts(self, days)

    def dead_reasons(self, run_id: str) -> list[DeadReason]:
        """Why jobs are dead."""
        with self.snapshot() as connection:
            return dead_jobs.reasons(connection, run_id)

    def series(self, wanted: SeriesFilter, limit: int) -> list[Point]:
        """Rates over time."""
        with self.snapshot() as connection:
            return series.points(connection, wanted, limit)

    def set_baseline(self, name: str, run_ids: Sequence[str]) -> None:
        """Sets a baseline."""
        with self.transaction() as connection:
            baselines.set_baseline(connection, name, run_ids)

    def remove_baseline(self, name: str) -> None:
        """Removes a baseline."""
        with self.transaction() as connection:
            baselines.remove(connection, name)

    def baselines(self, limit: int | None = None, after: str = "") -> list[Baseline]:
        """Baselines by name."""
        with self.snapshot() as connection:
            return baselines.page(connection, limit, after)

    def baseline(self, name: str) -> Baseline | None:
        """One baseline."""
        with self.snapshot() as connection:
            return baselines.one(connection, name)

    def leak_sums(self, run_id: str) -> list[LeakSum]:
        """Leak scores by test."""
        with self.snapshot() as connection:
            return sums.leak_sums(connection, run_id)

    def sample_sums(self, run_id: str) -> list[SampleSums]:
        """Leak scores by sample."""
        with self.snapshot() as connection:
            return sums.sample_sums(connection, run_id)

    def conclude(self, monitor: str, baseline: str, run_id: str) -> None:
        """Compares a run with a baseline and adds it to the monitor's stream."""
        with self.transaction() as connection:
            streams.conclude(connection, monitor, baseline, run_id, self.stalled_after_seconds, alarm_points=3)

    def verdict(self, run_id: str, baseline: str) -> RunVerdict:
        """The verdict of a run."""
        with self.snapshot() as connection:
            return verdicts.one(connection, run_id, baseline)

    def stream(self, monitor: str, limit: int, after: str | None = None) -> list[StreamRun]:
        """A monitor's stream, newest first."""
        with self.snapshot() as connection:
            return streams.page(connection, monitor, limit, after)

    def latest_tested(self, tested: Mapping[str, str]) -> list[StreamRun]:
        """The newest tested run of each monitor."""
        with self.snapshot() as connection:
            return streams.latest_tested(connection, tested)

    def note_schedules(self, configured: Mapping[str, Monitor]) -> None:
        """Keeps since when monitors have their schedules."""
        with self.transaction() as connection:
            monitors.note_schedules(connection, configured)

    def monitor_statuses(self, configured: Mapping[str, Monitor], scheduling: Scheduling) -> list[MonitorStatus]:
        """How monitors stand."""
        with self.snapshot() as connection:
            return monitors.monitor_statuses(connection, configured, scheduling, self.stalled_after_seconds)

    def watched_rates(self, watched: Mapping[str, Watched], metrics: Collection[str]) -> list[LeakRate]:
        """The rates that gauges show."""
        with self.snapshot() as connection:
            found = monitors.watched_rates(connection, watched, metrics, self.stalled_after_seconds, rates.reaches_of)
        return [watched.rate for watched in found]

    def why_not_tested(self, monitor: str, baseline: str, run_id: str) -> str | None:
        """What keeps a run from being tested."""
        with self.snapshot() as connection:
            return streams.why_not_tested(connection, {monitor: (baseline, run_id)})[monitor]
