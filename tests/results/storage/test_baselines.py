"""Baselines, verdicts and monitors' streams on a real PostgreSQL."""

import time
from collections.abc import Callable

import psycopg
import pytest

from results.dead_jobs import DeadJob
from results.drift_test import StreamRun
from results.sums import SampleSums
from seep.errors import InputError
from seep.records import ScoredJob
from tests.builders import JOBS, MONITORS, SendRun
from tests.stored import Stored

Scored = Callable[..., ScoredJob]


def stream(store: Stored) -> list[StreamRun]:
    """The whole stream, the baseline's runs first."""
    return store.stream("watch", limit=100)[::-1]


def roles(store: Stored) -> list[tuple[str, str]]:
    return [(run.run_id, run.role) for run in stream(store)]


def test_a_baseline_names_runs_until_it_is_set_again_or_removed(store: Stored, send_run: SendRun) -> None:
    for run in ("a", "b"):
        send_run(run, 0.5)
    store.set_baseline("first", ["b", "a"])
    store.set_baseline("second", ["a"])
    assert [(baseline.name, baseline.runs) for baseline in store.baselines()] == [
        ("first", ["a", "b"]),
        ("second", ["a"]),
    ]
    store.set_baseline("first", ["b"])
    assert (found := store.baseline("first")) is not None
    assert found.runs == ["b"]
    store.remove_baseline("first")
    assert store.baseline("first") is None


def test_a_run_has_one_leak_sum_for_each_of_its_tests(store: Stored, send_run: SendRun) -> None:
    for run, share in (("a", 1.0), ("b", 0.0)):
        send_run(run, share)
    found = store.leak_sums("a")
    assert [(row.job_id, row.n, row.total) for row in found] == sorted((f"j{k}", 10, 10.0) for k in range(JOBS))


@pytest.mark.parametrize("after", [1.0, 0.0], ids=["rises", "falls"])
def test_a_monitors_finished_runs_are_compared_and_tested_against_its_baseline(
    store: Stored, send_run: SendRun, after: float
) -> None:
    window = [f"base-{number}" for number in range(7)]
    for run in window:
        send_run(run, 0.5, monitor="")
    send_run("too-early", 0.5)
    store.set_baseline("first", window)
    changed_runs = [f"changed-{number}" for number in range(8)]
    send_run("same", 0.5)
    for run in changed_runs:
        send_run(run, after)
    assert roles(store) == [(run, "baseline") for run in window] + [(run, "tested") for run in ("same", *changed_runs)]
    same, *_, last = stream(store)[len(window) :]
    assert not same.alarm
    assert last.alarm
    assert (last.e_value or 0) > 20 > (same.e_value or 0)
    changed = store.verdict("changed-0", "first")
    assert {cell.category: cell.verdict for cell in changed.cells} == {"1": "drift", "all": "drift"}
    assert changed.verdict == "drift"
    assert store.verdict("same", "first").verdict == "inconclusive"
    # What it was tested against, and is no more, says nothing of it.
    assert store.latest_tested({"watch": "another"}) == []
    assert [(run.run_id, run.alarm) for run in store.latest_tested({"watch": "first", "other": "first"})] == [
        (changed_runs[-1], True)
    ]


def test_a_run_counts_once_however_often_it_is_looked_at(store: Stored, send_run: SendRun) -> None:
    send_run("base", 0.5, monitor="")
    store.set_baseline("first", ["base"])
    send_run("a", 0.5)
    before = stream(store), store.verdict("a", "first").cells
    store.publish(MONITORS)
    assert (stream(store), store.verdict("a", "first").cells) == before


def test_setting_the_baseline_begins_the_test_again(store: Stored, send_run: SendRun) -> None:
    send_run("base", 0.5, monitor="")
    store.set_baseline("first", ["base"])
    send_run("a", 0.9)
    store.set_baseline("first", ["a"])
    assert stream(store) == []
    send_run("b", 0.9)
    assert roles(store) == [("a", "baseline"), ("b", "tested")]


def test_runs_that_were_tested_before_the_baseline_was_set_again_count_as_looked_at(
    store: Stored, send_run: SendRun
) -> None:
    for day in range(1, 5):
        send_run(f"watch-{day}", 0.5, created_at=float(day))
    store.set_baseline("first", ["watch-1"])
    store.publish(MONITORS)
    assert roles(store)[1:] == [(f"watch-{day}", "tested") for day in (2, 3, 4)]
    # Whoever looks at three runs and then leaves one off has chosen.
    store.set_baseline("first", ["watch-2", "watch-3"])
    store.publish(MONITORS)
    send_run("watch-5", 0.5, created_at=5.0)
    assert roles(store)[2:] == [("watch-4", "skipped"), ("watch-5", "tested")]
    assert stream(store)[2].reason == "it was tested before the baseline was set"
    assert store.verdict("watch-4", "first").cells  # it is compared all the same


def test_a_small_change_is_evidence_but_no_alarm(
    store: Stored, send_run: SendRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = [f"base-{number}" for number in range(14)]
    for run in window:
        send_run(run, 0.5, monitor="")
    store.set_baseline("first", window)
    monkeypatch.setitem(MONITORS, "watch", MONITORS["watch"].model_copy(update={"alarm_points": 60.0}))
    for number in range(6):
        send_run(f"changed-{number}", 1.0)
    last = stream(store)[-1]
    assert ((last.e_value or 0) > 20, last.alarm) == (True, False)
    assert last.difference == pytest.approx(50, abs=10)
    monkeypatch.setitem(MONITORS, "watch", MONITORS["watch"].model_copy(update={"alarm_points": 3.0}))
    send_run("changed-6", 1.0)
    assert stream(store)[-1].alarm


def test_what_is_kept_of_a_long_stream_does_not_grow(
    dsn: str, store: Stored, send_run: SendRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("results.statistics.sequential.MOST_REFERENCES", 3)
    monkeypatch.setattr("results.statistics.sequential.MOST_CHANGES", 4)
    send_run("base", 0.5, monitor="")
    store.set_baseline("first", ["base"])
    sizes = []
    for number in range(12):
        send_run(f"run-{number}", 0.5)
        with psycopg.connect(dsn) as connection:
            query = "SELECT count(*), (SELECT max(json_array_length(evidence -> 'changes')) FROM monitor_evidence)"
            sizes.append(connection.execute(query + " FROM monitor_references").fetchone())
    cells = 2  # the one category, and the profile
    assert sizes[0] == (2 * cells, 1)
    assert sizes[5:] == [(3 * cells, 4)] * 7


def test_another_baseline_for_the_monitor_begins_the_test_again(store: Stored, send_run: SendRun) -> None:
    for run in ("base", "other-base"):
        send_run(run, 0.5, monitor="")
    store.set_baseline("first", ["base"])
    store.set_baseline("second", ["other-base"])
    send_run("a", 0.5)
    store.conclude("watch", "second", "a")
    assert roles(store) == [("other-base", "baseline"), ("a", "tested")]


def test_a_run_that_differs_from_the_baseline_is_skipped_with_the_reason(store: Stored, send_run: SendRun) -> None:
    send_run("base", 0.5, monitor="", provenance={"decoding": "cold"})
    store.set_baseline("first", ["base"])
    send_run("a", 0.5, provenance={"decoding": "hot"})
    (_, skipped) = stream(store)
    assert (skipped.role, skipped.reason) == ("skipped", "it differs from the baseline in decoding")
    assert store.verdict("a", "first").verdict is None


def test_a_run_of_which_much_is_missing_is_inconclusive_with_the_reason(store: Stored, send_run: SendRun) -> None:
    send_run("base", 0.1, monitor="")
    store.set_baseline("first", ["base"])
    send_run("a", 0.9, jobs=JOBS - 1)
    store.record([], [DeadJob("a", f"j{JOBS - 1}", "scorer", "too long")], [])
    store.publish(MONITORS)
    found = store.verdict("a", "first")
    assert {cell.verdict for cell in found.cells} == {"drift"}
    assert (found.verdict, found.reason) == ("inconclusive", "10.0 % of the comparisons of run a are missing")


def test_a_run_is_skipped_where_the_baselines_own_jobs_differ(store: Stored, send_run: SendRun) -> None:
    send_run("base", 0.5, monitor="", jobs=JOBS - 1, provenance={"model": "old"})
    store.set_baseline("first", ["base"])
    send_run("base", 0.5, monitor="", provenance={"model": "new"})
    send_run("a", 0.5, provenance={"model": "old"})
    (_, skipped) = stream(store)
    assert (skipped.role, skipped.reason) == ("skipped", "the baseline's run base is mixed")
    assert store.verdict("a", "first").verdict is None


def test_runs_that_finished_since_the_baselines_newest_are_tested_once_it_is_set(
    store: Stored, send_run: SendRun
) -> None:
    for day in range(1, 5):
        send_run(f"watch-{day}", 0.5, created_at=float(day))
    store.publish(MONITORS)
    store.set_baseline("first", ["watch-1", "watch-2"])
    assert store.changed_runs() == ["watch-3", "watch-4"]
    store.publish(MONITORS)
    assert roles(store) == [
        ("watch-1", "baseline"),
        ("watch-2", "baseline"),
        ("watch-3", "tested"),
        ("watch-4", "tested"),
    ]


def test_a_run_that_is_not_finished_waits(store: Stored, send_run: SendRun) -> None:
    send_run("base", 0.5, monitor="")
    store.set_baseline("first", ["base"])
    send_run("a", 0.5, jobs=JOBS - 1)
    assert stream(store) == []


def test_a_run_that_was_sent_before_the_baseline_is_skipped_whenever_it_changes(
    store: Stored, send_run: SendRun
) -> None:
    send_run("october", 0.9, jobs=JOBS - 1, created_at=10.0)
    send_run("november", 0.5, monitor="", created_at=20.0)
    store.set_baseline("first", ["november"])
    send_run("october", 0.9, created_at=10.0)
    (_, old) = stream(store)
    assert (old.role, old.reason) == ("skipped", "it was sent before the newest run of the baseline")
    assert store.verdict("october", "first").verdict is None
    send_run("december", 0.5, created_at=30.0)
    assert roles(store)[-1] == ("december", "tested")


def test_a_run_of_the_baseline_is_not_compared_with_itself(store: Stored, send_run: SendRun) -> None:
    send_run("base", 0.5)
    store.set_baseline("first", ["base"])
    send_run("base", 0.5)
    assert store.verdict("base", "first").cells == []
    assert stream(store) == []


def test_a_run_that_cannot_be_compared_any_more_has_no_verdict(
    store: Stored, scored: Scored, send_run: SendRun
) -> None:
    send_run("base", 0.5, monitor="")
    store.set_baseline("first", ["base"])
    send_run("a", 0.5)
    assert store.verdict("a", "first").cells
    store.record([scored("more", {"1": [1.0] * 10}, run_id="a", metrics=["m"], provenance={"model": "new"})], [], [])
    store.publish(MONITORS)
    assert store.verdict("a", "first").cells == []


def test_a_verdict_is_stale_once_its_baseline_is_set_again_or_removed(store: Stored, send_run: SendRun) -> None:
    send_run("base", 0.5, monitor="")
    store.set_baseline("first", ["base"])
    send_run("a", 0.5)
    found = store.verdict("a", "first")
    assert not found.stale
    assert abs((found.compared_at or 0) - time.time()) < 60
    store.set_baseline("first", ["base"])
    assert store.verdict("a", "first").stale
    store.conclude("watch", "first", "a")
    assert not store.verdict("a", "first").stale
    store.remove_baseline("first")
    assert store.verdict("a", "first").stale


def test_baselines_and_streams_come_in_pages(store: Stored, send_run: SendRun) -> None:
    send_run("base", 0.5, monitor="")
    for name in ("c", "first", "a"):
        store.set_baseline(name, ["base"])
    assert [baseline.name for baseline in store.baselines(limit=2)] == ["a", "c"]
    assert [baseline.name for baseline in store.baselines(limit=2, after="c")] == ["first"]
    for run in ("x", "y"):
        send_run(run, 0.5)
    assert [run.run_id for run in store.stream("watch", limit=2)] == ["y", "x"]
    assert [run.run_id for run in store.stream("watch", limit=2, after="x")] == ["base"]
    with pytest.raises(InputError, match="run nothing is not in the stream of watch"):
        store.stream("watch", limit=2, after="nothing")


def test_what_keeps_a_run_from_being_tested_is_said(store: Stored, send_run: SendRun) -> None:
    send_run("base", 0.5, monitor="")
    send_run("early", 0.5)
    store.set_baseline("first", ["base"])
    send_run("like", 0.5)
    send_run("unlike", 0.5, provenance={"decoding": "hot"})
    reasons = [store.why_not_tested("watch", "first", run) for run in ("base", "early", "like", "unlike")]
    assert reasons == [
        None,
        "it was not tested against the baseline first",
        None,
        "it differs from the baseline in decoding",
    ]


def test_sample_sums_add_the_tests_that_share_a_control(store: Stored, scored: Scored) -> None:
    store.record([scored("j0", {"1": [1.0, 0.5], "2": [1.0, 0.0]}, metrics=("m",))], [], [])
    assert store.sample_sums("run-1") == [
        SampleSums("run-1", "j0", "m", "1", False, [0, 1], [1, 1], [1.0, 0.5]),
        SampleSums("run-1", "j0", "m", "2", False, [0, 1], [1, 1], [1.0, 0.0]),
    ]
    assert store.sample_sums("nowhere") == []
