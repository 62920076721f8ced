"""Events are written where a run concludes and nowhere else, on a real PostgreSQL."""

import json
from collections.abc import Callable, Sequence
from typing import Any

import psycopg
import pytest

from results.dead_jobs import DeadJob
from seep.errors import Unavailable
from seep.kafka.messages import Outgoing
from seep.records import RunManifest, ScoredJob
from seep.settings import Events, Monitor, Settings
from services.aggregator.announcing import announce_overdue, announce_run
from tests.builders import SendRun
from tests.stored import Stored

pytestmark = pytest.mark.slow

Scored = Callable[..., ScoredJob]
Manifest = Callable[..., RunManifest]
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
BOTH = Events.model_validate({"topic": True, "webhook": {"url": "https://hooks.example/seep", "secret": SECRET}})
TOPIC = Events(topic=True)


def written(dsn: str) -> list[dict[str, Any]]:
    """The events in the outbox, in order."""
    with psycopg.connect(dsn) as connection:
        return [json.loads(body) for (body,) in connection.execute("SELECT body FROM outbox ORDER BY place")]


def kinds(dsn: str) -> list[tuple[str, str]]:
    return [(event["type"].removeprefix("seep."), event["subject"]) for event in written(dsn)]


def test_a_run_is_told_of_once_when_it_has_ended_and_not_before(
    dsn: str, store: Stored, scored: Scored, manifest: Manifest
) -> None:
    store.events = BOTH
    store.record([scored("a", {"1": [1.0]})], [], [manifest(2, {"1": 2})])
    store.publish()
    assert kinds(dsn) == []
    store.record([scored("b", {"1": [0.0]})], [], [])
    store.publish()
    assert kinds(dsn) == [("run.finished", "run-1")] * 2  # for each destination
    with store.transaction() as connection:
        connection.execute("UPDATE runs SET published = 0")  # as where the process died before it cleared the mark
    store.publish()
    sent = written(dsn)
    assert len(sent) == 2
    assert sent[0] == sent[1]
    assert [rate["rate"] for rate in sent[0]["data"]["rates"]] == [50.0, 50.0]
    assert "prompt" not in json.dumps(sent)
    assert "answer" not in json.dumps(sent)


def test_nobody_is_told_by_default(dsn: str, store: Stored, scored: Scored, manifest: Manifest) -> None:
    store.record([scored("a", {"1": [1.0]})], [], [manifest(1, {"1": 1})])
    store.publish()
    assert kinds(dsn) == []
    with store.snapshot() as connection:
        assert connection.execute("SELECT count(*) FROM announced").fetchone() == (0,)


def test_what_ended_in_a_transaction_that_failed_was_not_told(
    dsn: str, store: Stored, scored: Scored, manifest: Manifest
) -> None:
    def crash() -> None:
        with store.transaction() as connection:
            announce_run(connection, "run-1", Settings(events=TOPIC))
            raise KeyboardInterrupt

    store.record([scored("a", {"1": [1.0]})], [], [manifest(1, {"1": 1})])
    with pytest.raises(KeyboardInterrupt):
        crash()
    assert kinds(dsn) == []
    store.events = TOPIC
    store.publish()
    assert kinds(dsn) == [("run.finished", "run-1")]


def test_a_broker_that_is_away_holds_up_no_event(dsn: str, store: Stored, scored: Scored, manifest: Manifest) -> None:
    def away(outgoing: Sequence[Outgoing]) -> None:
        raise Unavailable("no broker")

    store.events = TOPIC
    store.record([scored("a", {"1": [1.0]})], [], [manifest(1, {"1": 1})])
    for _ in range(2):
        with pytest.raises(Unavailable):
            store.publish(send=away)
        assert kinds(dsn) == [("run.finished", "run-1")]


def test_a_replayed_job_makes_the_end_of_its_run_news_again(
    dsn: str, store: Stored, scored: Scored, manifest: Manifest
) -> None:
    store.events = TOPIC
    store.record([scored("a", {"1": [1.0]})], [DeadJob("run-1", "b", "scorer", "it failed")], [manifest(2, {"1": 2})])
    store.publish()
    store.record([scored("b", {"1": [0.0]})], [], [])
    store.publish()
    partial, complete = written(dsn)
    assert (partial["data"]["state"], complete["data"]["state"]) == ("partial", "complete")
    assert partial["data"]["jobs"] == {"expected": 2, "scored": 1, "dead_lettered": 1}
    assert partial["id"] != complete["id"]


def test_each_run_of_a_monitor_has_a_verdict_and_its_alarm_is_told_once(
    dsn: str, store: Stored, send_run: SendRun
) -> None:
    window = [f"base-{number}" for number in range(7)]
    for run in window:
        send_run(run, 0.5, monitor="")
    store.set_baseline("first", window)
    store.events = TOPIC
    after = ["same", *(f"changed-{number}" for number in range(8))]
    for run in after:
        send_run(run, 0.5 if run == "same" else 1.0)
    sent = written(dsn)
    assert [event["subject"] for event in sent if event["type"] == "seep.run.finished"] == after
    said = {event["subject"]: event["data"] for event in sent if event["type"] == "seep.run.verdict"}
    assert {run: data["verdict"] for run, data in said.items()} == {
        run: store.verdict(run, "first").verdict for run in after
    }
    assert {cell["category"] for cell in said["changed-0"]["cells"]} == {"1", "all"}
    raised = next(run.run_id for run in store.stream("watch", 100)[::-1] if run.alarm)
    [alarm] = [event for event in sent if event["type"] == "seep.monitor.alarm"]
    assert (alarm["subject"], alarm["data"]["run_id"], alarm["data"]["baseline"]) == ("watch", raised, "first")
    assert alarm["data"]["e_value"] > 20


def test_a_run_that_is_not_compared_says_why(dsn: str, store: Stored, send_run: SendRun) -> None:
    send_run("base", 0.5, monitor="")
    store.set_baseline("first", ["base"])
    store.events = TOPIC
    send_run("late", 0.5, created_at=0.5)
    [verdict] = [event["data"] for event in written(dsn) if event["type"] == "seep.run.verdict"]
    assert (verdict["verdict"], verdict["reason"]) == (None, "it was sent before the newest run of the baseline")


def test_a_monitor_is_told_to_be_overdue_once_until_a_later_run_is_finished(
    dsn: str, store: Stored, scored: Scored, manifest: Manifest
) -> None:
    daily = {"daily": Monitor(target="stub", suite="colours.yaml", schedule="0 6 * * *")}
    settings = Settings().model_copy(update={"monitors": daily, "events": TOPIC})
    store.note_schedules(daily)
    announce_overdue(store, settings)
    assert kinds(dsn) == []
    with psycopg.connect(dsn) as connection:
        connection.execute("UPDATE monitor_schedules SET since = now() - interval '3 days'")
    for _ in range(2):
        announce_overdue(store, settings)
    assert kinds(dsn) == [("monitor.overdue", "daily")]
    late = manifest(1, {"1": 1}, run_id="daily-20200101T060000Z", monitor="daily")
    store.record([scored("a", {"1": [1.0]}, run_id="daily-20200101T060000Z")], [], [late])
    announce_overdue(store, settings)
    assert [event["data"]["last_finished_run_id"] for event in written(dsn)] == [None, "daily-20200101T060000Z"]
