"""The configured monitors: how each one stands, and whose rates the gauges show."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from seep.records import LeakRate
from seep.schedule import is_overdue, scheduled_time
from seep.settings import Metrics, Monitor, Scheduling
from seep.suites.loading import load_suite
from services.aggregator import queries
from services.aggregator.judgements import Judgements
from services.aggregator.rates import ALL
from services.aggregator.states import RunSummary
from services.aggregator.store import Store

# By which the language probe tells languages; it needs no metric that is configured.
OF_LANGUAGES = ("consensus", "langdetect")


@dataclass(frozen=True)
class MonitorStatus:
    """A monitor with its runs of the latest scheduled times; `overdue` is None where it has no schedule.

    `unjudged` says what keeps the latest finished run from being judged; None where nothing does, or there is none.
    """

    monitor: str
    target: str
    suite: str
    schedule: str | None
    overdue: bool | None
    latest: RunSummary | None
    finished: RunSummary | None
    unjudged: str | None


@dataclass(frozen=True)
class Watched:
    """What a monitor's rates may be called: a label must not come from a message."""

    target: str
    suite: str
    categories: Collection[str]


@dataclass(frozen=True)
class _Since:
    monitor: str
    schedule: str
    since: float


def note_schedules(store: Store, monitors: Mapping[str, Monitor]) -> None:
    """Keeps since when each monitor has its schedule; what is known already stays, and others are forgotten."""
    rows = [(name, monitor.schedule) for name, monitor in monitors.items() if monitor.schedule is not None]
    with store.transaction() as connection:
        connection.execute(queries.FORGET_SCHEDULES, ([name for name, _ in rows],))
        connection.cursor().executemany(queries.NOTE_SCHEDULE, rows)


def monitor_statuses(store: Store, monitors: Mapping[str, Monitor], scheduling: Scheduling) -> list[MonitorStatus]:
    """Every configured monitor with the runs that were sent for it."""
    noted = {of.monitor: of for of in store.select(_Since, queries.SCHEDULES, {"monitors": list(monitors)})}
    return [_status(store, name, monitor, scheduling, noted.get(name)) for name, monitor in sorted(monitors.items())]


def watched(monitors: Mapping[str, Monitor]) -> dict[str, Watched]:
    """What may be shown of each monitor. Raises InputError for a suite that cannot be read."""
    suites = {name: load_suite(monitor.suite) for name, monitor in monitors.items()}
    return {
        name: Watched(monitors[name].target, suite.name, frozenset(suite.comparisons) | {ALL})
        for name, suite in suites.items()
    }


def metric_names(metrics: Metrics) -> set[str]:
    """The names of all metrics that a scorer of this configuration may judge by."""
    names = {*OF_LANGUAGES}
    if metrics.sentence_bert is not None:
        names.add("sentence_bert")
    if metrics.bert_score is not None:
        names |= {"bert_score" if score == "f1" else f"bert_score_{score}" for score in metrics.bert_score.scores}
    return names


def baselines(monitors: Mapping[str, Monitor]) -> dict[str, str]:
    """The baseline of each monitor that has one."""
    return {name: monitor.baseline for name, monitor in monitors.items() if monitor.baseline is not None}


def watched_rates(store: Store, monitors: Mapping[str, Watched], metrics: Collection[str]) -> list[LeakRate]:
    """The rates of each monitor's latest finished run; none of a run whose jobs differ in their provenance.

    Where two monitors watch one suite on one target, those of the run that was sent last come last.
    """
    found = [(run, of) for name, of in monitors.items() if (run := store.latest_of_monitor(name, finished=True))]
    found.sort(key=lambda pair: pair[0].created_at or 0)
    return [rate for run, of in found if not run.mixed for rate in _nameable(store.rates(run.run), of, metrics)]


def _nameable(rates: list[LeakRate], of: Watched, metrics: Collection[str]) -> Iterator[LeakRate]:
    for rate in rates:
        named = (rate.target, rate.suite) == (of.target, of.suite)
        if named and rate.category in of.categories and rate.metric in metrics:
            yield rate


def _status(store: Store, name: str, monitor: Monitor, scheduling: Scheduling, noted: _Since | None) -> MonitorStatus:
    latest, finished = (store.latest_of_monitor(name, finished=finished) for finished in (False, True))
    overdue = None
    if monitor.schedule is not None:
        is_noted = noted is not None and noted.schedule == monitor.schedule
        since = datetime.fromtimestamp(noted.since, UTC) if noted and is_noted else None
        completed = scheduled_time(name, finished.run) if finished else None
        allowed = timedelta(seconds=scheduling.overdue_after_seconds)
        overdue = is_overdue(monitor.schedule, datetime.now(UTC), completed, allowed, since)
    return MonitorStatus(
        monitor=name,
        target=monitor.target,
        suite=str(monitor.suite),
        schedule=monitor.schedule,
        overdue=overdue,
        latest=latest,
        finished=finished,
        unjudged=_why_unjudged(store, monitor, finished) if finished else None,
    )


def _why_unjudged(store: Store, monitor: Monitor, finished: RunSummary) -> str | None:
    if finished.recorded == 0:
        return "nothing of it was scored"
    if finished.mixed:
        return "its jobs differ in model, engine, decoding or scorer"
    if monitor.baseline is None:
        return None
    return Judgements(store).why_not_tested(finished.monitor, monitor.baseline, finished.run)
