"""Small runs that changed together are published together, on a real PostgreSQL; what may take its time is alone."""

from collections.abc import Callable, Sequence
from typing import Any

import psycopg
import pytest

from results.storage import publications
from results.storage.database import Connection
from results.storage.rates import PAGE
from seep.codec import decode_rate
from seep.kafka.broker import MessagesRefused
from seep.kafka.messages import Outgoing
from seep.records import LeakRate, RunManifest, ScoredJob
from seep.settings import Monitor
from tests.stored import Stored

Scored = Callable[..., ScoredJob]
Manifest = Callable[..., RunManifest]
MONITORS = {"watch": Monitor(target="stub", suite="suite.yaml", baseline="base")}


def record_small(store: Stored, scored: Scored, names: Sequence[str]) -> None:
    store.record([scored("a", {"1": [number % 2]}, run_id=name) for number, name in enumerate(names)], [], [])


def set_baseline(store: Stored, scored: Scored, manifest: Manifest) -> None:
    """The baseline that the monitor's runs are compared with, of one run."""
    store.record([scored("a", {"1": [1.0]}, run_id="base-1")], [], [manifest(1, {"1": 1}, run_id="base-1")])
    store.publish(MONITORS)
    store.set_baseline("base", ["base-1"])


def rates_in(outgoing: Sequence[Outgoing]) -> list[LeakRate]:
    return [decode_rate(message.value or b"") for message in outgoing]


def claimed(store: Stored, slow_monitors: Sequence[str] = ()) -> list[list[str]]:
    """The runs' ids, by what is claimed together."""
    found: list[list[str]] = []
    with store.transaction() as connection:
        while claims := publications.claim_next(connection, found[-1][-1] if found else "", slow_monitors):
            found.append([claim.run_id for claim in claims])
    return found


def test_runs_that_changed_together_are_sent_at_once_each_with_its_own_rates(store: Stored, scored: Scored) -> None:
    sent: list[list[LeakRate]] = []
    names = [f"run-{number}" for number in range(10)]
    record_small(store, scored, names)
    store.publish(send=lambda outgoing: sent.append(rates_in(outgoing)))
    assert len(sent) == 1
    assert sent[0] == [rate for name in names for rate in store.written_rates(name)]
    assert {(rate.run_id, rate.rate) for rate in sent[0]} == {
        (name, 100.0 * (number % 2)) for number, name in enumerate(names)
    }
    assert store.changed_runs() == []


def test_a_run_of_more_rates_than_a_page_is_published_alone(store: Stored, scored: Scored) -> None:
    large = scored("a", {f"{number}": [1.0] for number in range(PAGE)}, run_id="run-2")
    record_small(store, scored, ["run-1", "run-3", "run-4"])
    store.record([large], [], [])
    assert claimed(store) == [["run-1"], ["run-2"], ["run-3", "run-4"]]


def test_runs_that_grow_once_they_are_claimed_are_sent_alone(
    store: Stored, scored: Scored, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[list[LeakRate]] = []
    names = ["run-1", "run-2", "run-3"]
    record_small(store, scored, names)
    claim_next = publications.claim_next

    def grown(connection: Connection, *given: Any) -> list[publications.Claim]:
        claims = claim_next(connection, *given)
        if len(claims) == len(names):
            connection.execute("UPDATE runs SET changes = changes + 1, rated = rated + 1")
            connection.execute(
                "INSERT INTO rates"
                " SELECT (jsonb_populate_record(rates, jsonb_build_object('category', 'more ' || more))).*"
                " FROM rates, generate_series(1, %s) AS more WHERE run_id = 'run-2' AND category = '1'",
                (PAGE,),
            )
        return claims

    monkeypatch.setattr(publications, "claim_next", grown)
    store.publish(send=lambda outgoing: sent.append(rates_in(outgoing)))
    assert max(map(len, sent)) <= PAGE
    assert all(len({rate.run_id for rate in rates}) == 1 for rates in sent)
    assert {rate.run_id for rates in sent for rate in rates} == set(names)
    assert store.changed_runs() == []


def test_no_more_rates_than_a_page_are_sent_at_once(store: Stored, scored: Scored) -> None:
    sent: list[int] = []
    names = [f"run-{number:03}" for number in range(PAGE)]
    record_small(store, scored, names)
    store.publish(send=lambda outgoing: sent.append(len(outgoing)))
    assert max(sent) <= PAGE
    assert len(sent) <= 2 * sum(sent) / PAGE
    assert store.changed_runs() == []


def test_a_run_without_rates_is_no_longer_changed_once_it_was_published(store: Stored, manifest: Manifest) -> None:
    store.record([], [], [manifest(1, {"1": 1}, run_id=name) for name in ("run-1", "run-2")])
    store.publish(send=lambda outgoing: pytest.fail("there is nothing to send"))
    assert store.changed_runs() == []


def test_a_run_that_is_compared_with_a_baseline_is_published_alone(
    store: Stored, scored: Scored, manifest: Manifest
) -> None:
    record_small(store, scored, ["run-1", "run-2", "run-3", "run-4"])
    store.record([], [], [manifest(1, {"1": 1}, run_id="run-2", monitor="watch")])
    assert claimed(store, ["watch"]) == [["run-1"], ["run-2"], ["run-3", "run-4"]]


def test_a_run_that_turns_out_to_be_a_monitors_once_it_is_claimed_is_compared_all_the_same(
    dsn: str, store: Stored, scored: Scored, manifest: Manifest, monkeypatch: pytest.MonkeyPatch
) -> None:
    marks, late = publications.marks, [manifest(1, {"1": 1}, run_id="run-2", monitor="watch")]

    def marks_after_its_manifest_came(connection: object, *arguments: object) -> dict[str, int]:
        with Stored(dsn) as other:
            other.record([], [], [late.pop()] if late else [])
        return marks(connection, *arguments)  # type: ignore[arg-type]

    set_baseline(store, scored, manifest)
    record_small(store, scored, ["run-1", "run-2", "run-3"])
    monkeypatch.setattr(publications, "marks", marks_after_its_manifest_came)
    store.publish(MONITORS)
    assert store.changed_runs() == ["run-2"]
    store.publish(MONITORS)
    assert [run.run_id for run in store.stream("watch", 10)] == ["run-2", "base-1"]


def test_a_manifest_that_comes_while_its_run_is_published_has_it_compared_the_next_time(
    dsn: str, store: Stored, scored: Scored, manifest: Manifest, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock, late = publications.lock, [manifest(1, {"1": 1}, run_id="run-1", monitor="watch")]

    def lock_after_its_manifest_came(connection: object, run_ids: Sequence[str]) -> None:
        with Stored(dsn) as other:
            other.record([], [], [late.pop()] if late else [])
        lock(connection, run_ids)  # type: ignore[arg-type]

    set_baseline(store, scored, manifest)
    record_small(store, scored, ["run-1"])
    monkeypatch.setattr(publications, "lock", lock_after_its_manifest_came)
    store.publish(MONITORS)
    assert store.changed_runs() == ["run-1"]
    store.publish(MONITORS)
    assert [run.run_id for run in store.stream("watch", 10)] == ["run-1", "base-1"]


def test_rates_that_the_topic_refuses_are_counted_by_run_and_the_others_are_published(
    store: Stored, scored: Scored, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(outgoing: Sequence[Outgoing]) -> None:
        raise MessagesRefused([message for message in outgoing if b"run-2/" not in (message.key or b"")], "too large")

    record_small(store, scored, ["run-1", "run-2", "run-3"])
    store.publish(send=refuse)
    kept = len(store.written_rates("run-1"))
    assert f"run run-1: {kept} rates stay in the database alone" in caplog.text
    assert f"run run-3: {kept} rates stay in the database alone" in caplog.text
    assert "run run-2" not in caplog.text
    assert store.changed_runs() == []


def test_of_runs_claimed_together_those_whose_claim_was_over_are_published_again(store: Stored, scored: Scored) -> None:
    record_small(store, scored, ["run-1", "run-2"])
    with store.transaction() as connection:
        claims = publications.claim_next(connection)
        connection.execute("UPDATE runs SET publishing_until = NULL WHERE run_id = 'run-1'")
        publications.release(connection, claims, publications.marks(connection, ["run-1", "run-2"]))
    assert store.changed_runs() == ["run-1"]


def test_a_run_that_others_record_now_keeps_no_other_from_being_claimed(
    dsn: str, store: Stored, scored: Scored
) -> None:
    record_small(store, scored, ["run-1", "run-2", "run-3"])
    with psycopg.connect(dsn) as other:
        other.execute("SELECT FROM runs WHERE run_id = 'run-2' FOR NO KEY UPDATE")
        assert claimed(store) == [["run-1", "run-3"]]
