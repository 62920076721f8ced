"""What follows when runs have changed, on a real PostgreSQL: verdicts and rates are kept, rates are sent."""

import json
import time
import tracemalloc
from collections.abc import Callable, Sequence

import psycopg
import pytest
from prometheus_client import REGISTRY

from results.series import SeriesFilter
from results.storage import publications
from results.storage.rates import PAGE
from seep.codec import decode_rate
from seep.errors import Unavailable
from seep.kafka.broker import MessagesRefused
from seep.kafka.messages import Outgoing
from seep.kafka.topics import MAX_TABLE_MESSAGE_BYTES
from seep.records import LeakRate, RunManifest, ScoredJob
from seep.settings import Settings
from services.aggregator import publishing
from services.aggregator.publishing import publish, publish_all
from tests.stored import Stored, nowhere

Scored = Callable[..., ScoredJob]
Manifest = Callable[..., RunManifest]
SETTINGS = Settings()


def rates_in(outgoing: Sequence[Outgoing]) -> list[LeakRate]:
    return [decode_rate(message.value or b"") for message in outgoing]


def test_a_run_stays_changed_until_its_rates_are_published(dsn: str, scored: Scored) -> None:
    with Stored(dsn) as crashing:
        crashing.record([scored("a", {"1": [1.0]})], [], [])
    with Stored(dsn) as restarted:
        assert restarted.changed_runs() == ["run-1"]
        restarted.publish()
        assert restarted.changed_runs() == []


def test_what_is_sent_is_what_is_kept(store: Stored, scored: Scored, manifest: Manifest) -> None:
    sent: list[Outgoing] = []
    store.record([scored("a", {"1": [1.0, 0.5], "2": [0.1, 0.0]})], [], [manifest(1, {"1": 2, "2": 2}, samples=2)])
    store.publish(send=sent.extend)
    assert rates_in(sent) == store.written_rates("run-1") != []
    wanted = [SeriesFilter("stub", "colours", rate.metric, rate.category) for rate in rates_in(sent)]
    assert [point.rate for one in wanted for point in store.series(one, 10)] == rates_in(sent)


def test_no_lock_and_no_transaction_is_held_while_rates_are_sent(dsn: str, store: Stored, scored: Scored) -> None:
    def send(outgoing: Sequence[Outgoing]) -> None:
        with psycopg.connect(dsn) as other:
            open_transactions = other.execute(
                "SELECT count(*) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid() AND xact_start IS NOT NULL"
                " AND backend_type = 'client backend'"
            )
            assert open_transactions.fetchone() == (0,)
            assert other.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'").fetchone() == (0,)

    store.record([scored("a", {"1": [1.0]})], [], [])
    store.publish(send=send)
    assert store.changed_runs() == []


def test_a_change_while_rates_are_sent_is_published_too(store: Stored, scored: Scored) -> None:
    def send(outgoing: Sequence[Outgoing]) -> None:
        store.record([scored("b", {"1": [1.0]})], [], [])

    store.record([scored("a", {"1": [1.0]})], [], [])
    store.publish(send=send)
    assert store.changed_runs() == ["run-1"]
    store.publish()
    assert store.changed_runs() == []


def test_between_batches_a_run_is_published_with_all_that_is_recorded(
    store: Stored, scored: Scored, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[Outgoing] = []
    for number in range(17):
        store.record([scored(f"job-{number}", {"1": [1.0]})], [], [])
    publish_all(store, sent.extend, SETTINGS)
    assert {rate.comparisons for rate in rates_in(sent)} == {16}
    monkeypatch.setattr(publishing, "QUIET_SECONDS", 0.0)
    publish_all(store, sent.extend, SETTINGS)
    assert rates_in(sent)[-1].comparisons == 17
    assert store.changed_runs() == []


def test_rates_that_could_not_be_sent_are_sent_the_next_time(store: Stored, scored: Scored) -> None:
    def away(outgoing: Sequence[Outgoing]) -> None:
        raise Unavailable("no broker")

    store.record([scored("a", {"1": [1.0]})], [], [])
    with pytest.raises(Unavailable, match="no broker"):
        store.publish(send=away)
    assert store.changed_runs() == ["run-1"]
    sent: list[Outgoing] = []
    store.publish(send=sent.extend)
    assert rates_in(sent) == store.written_rates("run-1")


def test_a_run_that_another_process_publishes_is_left_to_it(dsn: str, store: Stored, scored: Scored) -> None:
    sent: list[int] = []
    store.record([scored("a", {"1": [1.0]})], [], [])
    with Stored(dsn) as other:

        def send_slowly(outgoing: Sequence[Outgoing]) -> None:
            other.record([scored("b", {"1": [0.0]})], [], [])
            other.publish(send=lambda newer: sent.append(rates_in(newer)[0].comparisons))
            sent.append(rates_in(outgoing)[0].comparisons)

        store.publish(send=send_slowly)
        other.publish(send=lambda newer: sent.append(rates_in(newer)[0].comparisons))
    assert sent == [1, 2]
    assert store.changed_runs() == []


def test_where_a_publisher_was_slower_than_its_claim_the_newest_rates_come_last(
    dsn: str, store: Stored, scored: Scored
) -> None:
    sent: list[int] = []
    store.record([scored("a", {"1": [1.0]})], [], [])
    with store.transaction() as connection:
        claims = publications.claim_next(connection, seconds=0.01)
    with Stored(dsn) as other:

        def send_slowly(outgoing: Sequence[Outgoing]) -> None:
            time.sleep(0.02)
            other.record([scored("b", {"1": [0.0]})], [], [])
            other.publish(send=lambda newer: sent.append(rates_in(newer)[0].comparisons))
            sent.append(rates_in(outgoing)[0].comparisons)

        publish(store, send_slowly, SETTINGS, claims)
    assert sent == [2, 1]
    store.publish(send=lambda newest: sent.append(rates_in(newest)[0].comparisons))
    assert sent == [2, 1, 2]
    assert store.changed_runs() == []


def test_a_publisher_that_died_holds_up_the_topic_for_the_length_of_its_claim_and_no_rates(
    store: Stored, scored: Scored
) -> None:
    store.record([scored("a", {"1": [1.0]})], [], [])
    with store.transaction() as connection:
        assert publications.claim_next(connection)
    sent: list[Outgoing] = []
    store.publish(send=sent.extend)
    assert sent == []
    store.record([scored("b", {"1": [0.0]})], [], [])
    assert {rate.comparisons for rate in store.written_rates("run-1")} == {2}
    with store.transaction() as connection:
        connection.execute("UPDATE runs SET publishing_until = now() - interval '1 second'")
    store.publish(send=sent.extend)
    assert rates_in(sent) == store.written_rates("run-1")


def test_a_claim_that_is_left_from_before_the_servers_clock_was_set_back_holds_nothing_up(
    dsn: str, store: Stored, scored: Scored
) -> None:
    store.record([scored("a", {"1": [1.0]})], [], [])
    with store.transaction() as connection:
        assert publications.claim_next(connection)
    with psycopg.connect(dsn) as connection:
        connection.execute("UPDATE runs SET publishing_until = publishing_until + interval '5 hours'")
    sent: list[Outgoing] = []
    store.publish(send=sent.extend)
    assert rates_in(sent) == store.written_rates("run-1")
    assert store.changed_runs() == []


def test_a_plain_query_shows_the_digits_that_are_sent(dsn: str, store: Stored, scored: Scored) -> None:
    sent: list[Outgoing] = []
    store.record([scored(name, {"1": [third, 0.7]}) for name, third in (("a", 0.1), ("b", 0.2), ("c", 0.3))], [], [])
    store.publish(send=sent.extend)
    with psycopg.connect(dsn) as connection:
        rows = connection.execute(
            "SELECT rate, low, high, comparisons, (measures -> 'tie' ->> 'share')::float8, kappa FROM rates"
            " ORDER BY metric, category"
        ).fetchall()
    found = [
        (rate.rate, rate.low, rate.high, rate.comparisons, rate.measures["tie"].share, dict(rate.kappa))
        for rate in sorted(rates_in(sent), key=lambda rate: (rate.metric, rate.category))
    ]
    assert rows == found
    assert json.dumps(rows[0][0]) == json.dumps(found[0][0])


def unpublished() -> float:
    return REGISTRY.get_sample_value("seep_unpublished_rates_total") or 0.0


def test_a_rate_that_no_message_holds_stays_in_the_database_and_the_others_are_sent(
    store: Stored, scored: Scored, caplog: pytest.LogCaptureFixture
) -> None:
    sent: list[Outgoing] = []

    def send(outgoing: Sequence[Outgoing]) -> None:
        large = [message for message in outgoing if len(message.value or b"") > MAX_TABLE_MESSAGE_BYTES]
        sent.extend(message for message in outgoing if message not in large)
        if large:
            raise MessagesRefused(large, "too large")

    before = unpublished()
    large = {"model": "m" * MAX_TABLE_MESSAGE_BYTES}
    store.record([scored("a", {"1": [1.0]}, provenance=large), scored("b", {"1": [1.0]}, run_id="run-2")], [], [])
    store.publish(send=send)
    assert rates_in(sent) == store.written_rates("run-2") != []
    assert store.changed_runs() == []
    kept = len(store.written_rates("run-1"))
    assert unpublished() - before == kept > 0
    assert f"run run-1: {kept} rates stay in the database alone: seep.rates: the broker refuses {kept}" in caplog.text
    assert "mmm" not in caplog.text


def test_a_run_at_which_publishing_fails_keeps_no_other_waiting(
    store: Stored, scored: Scored, caplog: pytest.LogCaptureFixture
) -> None:
    sent: list[LeakRate] = []

    def send(outgoing: Sequence[Outgoing]) -> None:
        if any((message.key or b"").startswith(b"run-1/") for message in outgoing):
            raise ValueError("a prompt")
        sent.extend(rates_in(outgoing))

    store.record([scored("a", {"1": [1.0]}), scored("a", {"1": [1.0]}, run_id="run-2")], [], [])
    store.publish(send=send)
    assert sent == store.written_rates("run-2")
    assert store.changed_runs() == ["run-1"]
    assert "run run-1 was not published: ValueError" in caplog.text
    assert "a prompt" not in caplog.text


def test_publishing_again_sends_the_same_onto_the_same_keys(store: Stored, scored: Scored) -> None:
    first: list[Outgoing] = []
    second: list[Outgoing] = []
    store.record([scored("a", {"1": [1.0]})], [], [])
    store.publish(send=first.extend)
    with store.transaction() as connection:
        connection.execute("UPDATE runs SET published = 0")  # as where the process died before it cleared the mark
    store.publish(send=second.extend)
    assert first == second
    store.publish(send=nowhere)


def test_rates_of_a_large_run_are_sent_a_page_at_a_time(store: Stored, scored: Scored, manifest: Manifest) -> None:
    sent: list[list[Outgoing]] = []
    leaks = {f"{number}": [1.0] for number in range(2 * PAGE)}
    store.record([scored("a", leaks)], [], [manifest(1, dict.fromkeys(leaks, 1))])
    store.publish(send=lambda outgoing: sent.append(list(outgoing)))
    assert [len(messages) for messages in sent] == [PAGE] * 4 + [2]
    found = rates_in([message for messages in sent for message in messages])
    assert sorted(found, key=place) == sorted(store.written_rates("run-1"), key=place)
    assert store.changed_runs() == []


def place(rate: LeakRate) -> tuple[str, str]:
    return rate.metric, rate.category


def test_what_publishing_holds_in_memory_does_not_grow_with_the_runs_rates(
    dsn: str, store: Stored, scored: Scored
) -> None:
    peaks = []
    for copies in (10, 40):
        store.record([scored("a", {"1": [1.0]}, run_id=f"run-{copies}")], [], [])
        with psycopg.connect(dsn) as connection:
            connection.execute(
                "INSERT INTO rates SELECT (json_populate_record(rates, json_build_object('category', 'c' || n))).*"
                " FROM rates, generate_series(1, %s) AS n WHERE run_id = %s AND category = 'all'",
                (copies * PAGE, f"run-{copies}"),
            )
        tracemalloc.start()
        store.publish()
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.5 * peaks[0]


def test_a_rate_that_changes_while_a_large_run_is_sent_goes_out_in_the_end(store: Stored, scored: Scored) -> None:
    latest: dict[bytes | None, LeakRate] = {}
    leaks = {f"{number}": [1.0] for number in range(PAGE)}
    more = [scored("b", {category: [0.0] for category in leaks})]

    def send(outgoing: Sequence[Outgoing]) -> None:
        latest.update((message.key, decode_rate(message.value or b"")) for message in outgoing)
        if more:
            store.record([more.pop()], [], [])

    store.record([scored("a", leaks)], [], [])
    store.publish(send=send)
    assert store.changed_runs() == ["run-1"]
    store.publish(send=send)
    assert sorted(latest.values(), key=place) == sorted(store.written_rates("run-1"), key=place)
    assert store.changed_runs() == []
