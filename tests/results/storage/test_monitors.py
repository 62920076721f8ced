"""How configured monitors stand, and whose rates speak for them, on a real PostgreSQL."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, cast

import psycopg
import pytest
import yaml

from results.dead_jobs import DeadJob
from results.monitor_status import MonitorStatus, Watched, metric_names, watched
from results.overview import MonitorOverview
from results.storage import rates, runs
from results.storage.database import Connection
from results.storage.overview import monitors_overview
from results.storage.rates import KnownReaches
from seep.probes import own_metrics
from seep.records import LeakRate, RunManifest, ScoredJob
from seep.settings import BertScore, Metrics, Monitor, Scheduling, Settings
from tests.builders import job_of_concepts, run_manifest
from tests.stored import Stored

pytestmark = pytest.mark.slow

Scored = Callable[..., ScoredJob]
Manifest = Callable[..., RunManifest]
Send = Callable[..., str]
SCHEDULING = Scheduling(overdue_after_seconds=3600)
METRICS = ("bert_score", "sentence_bert")


def monitor(**changes: object) -> Monitor:
    return Monitor.model_validate({"target": "stub", "suite": "colours.yaml"} | changes)


DAILY = monitor(schedule="0 6 * * *")
WITH_BASELINE = monitor(baseline="first")


@pytest.fixture
def send(store: Stored, scored: Scored, manifest: Manifest) -> Send:
    """Records a whole run of one job for a monitor's scheduled time, or a run of another id."""

    def record(run_id: str, leak: float = 1.0, *, name: str = "daily", jobs: int = 1, **changes: object) -> str:
        created_at = float(changes.pop("created_at", 1.0))  # type: ignore[arg-type]
        job = scored("a", {"1": [leak]}, run_id=run_id, **changes)
        facts = {"target": job.generated.job.target, "monitor": name, "created_at": created_at}
        store.record([job], [], [manifest(jobs, {"1": jobs}, run_id=run_id, **facts)])
        return run_id

    return record


def status(store: Stored, configured: Monitor = DAILY) -> MonitorStatus:
    [found] = store.monitor_statuses({"daily": configured}, SCHEDULING)
    return found


def watched_now(store: Stored, shown: Mapping[str, Watched], metrics: Collection[str]) -> list[LeakRate]:
    """The rates shown, once all is published."""
    store.publish()
    return store.watched_rates(shown, metrics)


def known_since(dsn: str, time: datetime) -> None:
    with psycopg.connect(dsn) as connection:
        connection.execute("UPDATE monitor_schedules SET since = %s", (time,))


def test_the_latest_run_is_that_of_the_latest_scheduled_time_not_the_one_heard_of_last(
    store: Stored, send: Send
) -> None:
    assert status(store).latest is status(store).finished is None
    for run in ("daily-20261120T060000Z", "daily-20261121T060000Z", "daily-20261122T060000Z"):
        send(run, jobs=2 if run == "daily-20261122T060000Z" else 1)
    send("daily-20261114T060000Z")  # a backfill
    send("daily-20991114T060000Z-again")  # no run of the schedule
    send("daily-20991114T060000Z")  # sent by a clock that was ahead
    send("other-20261123T060000Z", name="other")
    found = status(store)
    assert found.latest is not None
    assert found.finished is not None
    assert (found.latest.run_id, found.finished.run_id) == ("daily-20261122T060000Z", "daily-20261121T060000Z")


def test_whose_interval_a_rate_has_is_read_again_only_where_the_rates_are_others(store: Stored) -> None:
    for run_id, jobs in (("first", 8), ("second", 9)):
        few = [{f"colour {k}": float((n + k) % 2) for k in range(5)} for n in range(jobs)]
        of_run = [job_of_concepts(f"job-{n}", leaks, run_id) for n, leaks in enumerate(few)]
        store.record(of_run, [], [run_manifest(jobs, {"1": 5 * jobs}, run_id)])
    known = KnownReaches()
    unread = cast("Connection", None)
    with store.snapshot() as connection:
        (first, rates_of_first), (second, rates_of_second) = [
            (runs.one(connection, name, 60), rates.of_run(connection, name)) for name in ("first", "second")
        ]
        assert first is not None
        assert second is not None
        found = known(connection, first, rates_of_first)
        assert [reach.concepts if reach else None for reach in found] == [5] * 4
        assert known(unread, first, rates_of_first) == found
        assert known(connection, second, rates_of_second) != found


def test_a_new_monitor_is_not_overdue_until_a_time_of_it_has_passed(dsn: str, store: Stored) -> None:
    now = datetime.now(UTC)
    store.note_schedules({"daily": DAILY})
    assert status(store).overdue is False
    known_since(dsn, now - timedelta(days=2))
    assert status(store).overdue is True
    # As when the process starts again: what has been waited for is not forgotten.
    store.note_schedules({"daily": DAILY})
    assert status(store).overdue is True
    # Another schedule has no past.
    changed = monitor(schedule="0 7 * * *")
    assert status(store, changed).overdue is False
    store.note_schedules({"daily": changed})
    assert status(store, changed).overdue is False
    known_since(dsn, now - timedelta(days=2))
    assert status(store, changed).overdue is True


def test_a_monitor_that_is_configured_again_has_not_been_waiting_meanwhile(dsn: str, store: Stored) -> None:
    store.note_schedules({"daily": DAILY})
    known_since(dsn, datetime.now(UTC) - timedelta(days=60))
    store.note_schedules({})
    store.note_schedules({"daily": DAILY})
    assert status(store).overdue is False


def test_a_completed_run_ends_being_overdue_and_a_backfill_does_not_begin_it(
    dsn: str, store: Stored, send: Send
) -> None:
    store.note_schedules({"daily": DAILY})
    known_since(dsn, datetime.now(UTC) - timedelta(days=30))
    assert status(store).overdue is True
    send(f"daily-{datetime.now(UTC):%Y%m%d}T060000Z")
    send(f"daily-{datetime.now(UTC) - timedelta(days=1):%Y%m%d}T060000Z")
    assert status(store).overdue is False
    send(f"daily-{datetime.now(UTC) - timedelta(days=7):%Y%m%d}T060000Z")
    assert status(store).overdue is False


def test_a_monitor_without_a_schedule_is_never_overdue(store: Stored) -> None:
    store.note_schedules({"daily": monitor()})
    assert status(store, monitor()).overdue is None


def test_what_keeps_the_latest_finished_run_from_being_tested_is_said(
    store: Stored, scored: Scored, manifest: Manifest, send: Send
) -> None:
    monitors = {"daily": WITH_BASELINE}

    def unevaluated(run_id: str) -> str | None:
        store.publish(monitors)
        return status(store, WITH_BASELINE).unevaluated

    assert status(store, WITH_BASELINE).unevaluated is None
    base = send("daily-20261101T060000Z")
    assert unevaluated(base) == "the baseline first is not set"
    store.set_baseline("first", [base])
    assert unevaluated(base) is None
    assert unevaluated(send("daily-20261102T060000Z")) is None
    hotter = send("daily-20261103T060000Z", provenance={"model": "m", "decoding": "hotter"})
    assert unevaluated(hotter) == "it differs from the baseline in decoding"
    assert status(store, monitor()).unevaluated is None  # without a baseline it is not compared

    mixed = send("daily-20261104T060000Z")
    store.record([scored("b", {"1": [1.0]}, run_id=mixed, provenance={"model": "other"})], [], [])
    assert unevaluated(mixed) == "its jobs differ in model, engine, decoding or scorer"
    dead = "daily-20261105T060000Z"
    store.record([], [DeadJob(dead, "a", "generator", "why")], [manifest(1, {"1": 1}, run_id=dead, monitor="daily")])
    assert unevaluated(dead) == "nothing of it was scored"
    lost = "daily-20261106T060000Z"
    answers = scored("a", {"1": ["filtered"]}, run_id=lost)
    store.record([answers], [], [manifest(1, {"1": 1}, run_id=lost, monitor="daily")])
    assert unevaluated(lost) == "no comparison has an answer"
    assert store.stream("daily", limit=1)[0].reason == "nothing of it was measured"
    assert unevaluated(send("daily-20261107T060000Z")) is None


def test_the_rates_shown_are_those_of_the_monitors_own_latest_finished_run(
    store: Stored, scored: Scored, send: Send
) -> None:
    shown = {"daily": Watched("stub", "colours", ("1", "all")), "never": Watched("stub", "colours", ("1", "all"))}
    send("daily-20261101T060000Z", 0.0)
    send("daily-20261102T060000Z", 0.5)
    send("daily-20261103T060000Z", jobs=2)  # still running
    send("by-hand", name="", created_at=9.0)
    found = watched_now(store, shown, METRICS)
    assert {(rate.run_id, rate.category, rate.rate) for rate in found} == {
        ("daily-20261102T060000Z", "1", 50.0),
        ("daily-20261102T060000Z", "all", 50.0),
    }
    mixed = send("daily-20261104T060000Z")
    store.record([scored("b", {"1": [1.0]}, run_id=mixed, provenance={"model": "other"})], [], [])
    assert watched_now(store, shown, METRICS) == []


def test_no_rate_is_shown_whose_names_are_not_of_the_configuration(store: Stored, send: Send) -> None:
    send("daily-20261101T060000Z")
    known = Watched("stub", "colours", ("1", "all"))
    assert {rate.metric for rate in watched_now(store, {"daily": known}, ["sentence_bert"])} == {"sentence_bert"}
    assert {rate.category for rate in watched_now(store, {"daily": replace(known, categories=["1"])}, METRICS)} == {"1"}
    for other in (replace(known, target="other"), replace(known, suite="other")):
        assert watched_now(store, {"daily": other}, METRICS) == []


def test_of_two_monitors_of_one_suite_and_target_both_are_shown(store: Stored, send: Send) -> None:
    shown = dict.fromkeys(("daily", "hourly"), Watched("stub", "colours", ("1",)))
    send("daily-20261101T060000Z", created_at=7.0)
    send("hourly-20261101T050000Z", name="hourly", created_at=6.0)
    assert [rate.run_id[:5] for rate in watched_now(store, shown, METRICS)] == ["daily"] * 2 + ["hourl"] * 2


def test_what_may_be_shown_comes_from_the_suites(tmp_path: Path) -> None:
    suite = {
        "name": "guests",
        "version": "1",
        "format": {"kind": "plain", "user": "{prompt}"},
        "decoding": {"temperature": 1.0, "max_tokens": 5, "samples": 2},
        "jobs": [{"control": "A", "tests": [{"concept": "red", "prompt": "red A", "category": "colour"}]}],
    }
    (tmp_path / "guests.yaml").write_text(yaml.safe_dump(suite), encoding="utf-8")
    found = watched({"daily": monitor(suite=str(tmp_path / "guests.yaml"))})
    assert found == {"daily": Watched("stub", "guests", frozenset({"colour", "all"}))}


def test_every_metric_that_a_scorer_has_may_be_shown_and_no_other() -> None:
    every = Metrics(bert_score=BertScore(scores=("f1", "precision", "recall")))
    of_models = {"sentence_bert", "bert_score", "bert_score_precision", "bert_score_recall"}
    own = {"consensus", "langdetect", *own_metrics()}
    assert metric_names(every) == of_models | own
    assert metric_names(Metrics(sentence_bert=None, bert_score=None)) == own


def statements(monkeypatch: pytest.MonkeyPatch, read: Callable[[], object]) -> int:
    """How many statements a reading sends."""
    sent: list[object] = []
    execute = psycopg.Cursor.execute

    def counting(cursor: psycopg.Cursor, query: Any, *arguments: Any, **options: Any) -> psycopg.Cursor:
        sent.append(query)
        return execute(cursor, query, *arguments, **options)

    with monkeypatch.context() as patched:
        patched.setattr(psycopg.Cursor, "execute", counting)
        read()
    return len(sent)


def test_many_monitors_are_read_by_as_many_statements_as_one(
    store: Stored, send: Send, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"m{number:03}" for number in range(40)]
    many = {name: monitor(schedule="0 6 * * *", baseline="first") for name in names}
    shown = {name: Watched("stub", "colours", {"1", "all"}) for name in names}
    for name in names[:3]:
        send(f"{name}-20240101T060000Z", name=name)
    store.publish()
    store.set_baseline("first", [f"{names[0]}-20240101T060000Z"])
    of_one, of_many = (
        statements(monkeypatch, partial(store.monitor_statuses, each, SCHEDULING))
        for each in ({names[0]: many[names[0]]}, many)
    )
    assert of_one == of_many
    of_one, of_many = (
        statements(monkeypatch, partial(store.watched_rates, each, METRICS))
        for each in ({names[0]: shown[names[0]]}, shown)
    )
    assert of_many == of_one + 2, "the sums by concept of each run that is shown"

    def overview(configured: Mapping[str, Monitor]) -> list[MonitorOverview]:
        with store.snapshot() as connection:
            return monitors_overview(connection, Settings().model_copy(update={"monitors": configured}), 60)

    store.publish(many)
    of_one, of_many = (statements(monkeypatch, partial(overview, each)) for each in ({names[0]: many[names[0]]}, many))
    assert of_many == of_one
    compared = [each.verdict and each.verdict.run_id for each in overview(many)[:4]]
    assert compared == [*(f"{name}-20240101T060000Z" for name in names[:3]), None]
    found = {each.monitor: each for each in store.monitor_statuses(many, SCHEDULING)}
    assert [found[name].unevaluated for name in names[:4]] == [
        None,
        *["it was not tested against the baseline first"] * 2,
        None,
    ]
