"""Baselines, verdicts and monitors' streams on a real PostgreSQL."""

import random
from collections.abc import Callable

import pytest

from seep.records import RunManifest, ScoredJob
from seep.settings import Monitor
from services.aggregator.aggregating import judge_finished, publish_changed
from services.aggregator.judgements import Judgements
from services.aggregator.store import Store

Scored = Callable[..., ScoredJob]
Manifest = Callable[..., RunManifest]
JOBS = 10
MONITORS = {"watch": Monitor(target="stub", suite="colours.yaml", baseline="first")}  # type: ignore[arg-type]


@pytest.fixture
def judgements(store: Store) -> Judgements:
    return Judgements(store)


@pytest.fixture
def send_run(store: Store, scored: Scored, manifest: Manifest) -> Callable[..., None]:
    """Records a whole run of ten jobs with ten samples, leaking at a rate."""

    def send(run: str, rate: float, monitor: str = "watch", jobs: int = JOBS, **changes: object) -> None:
        draw = random.Random(run)
        leaks = [[float(draw.random() < rate) for _ in range(10)] for _ in range(jobs)]
        expected = manifest(JOBS, {"1": 10 * JOBS}, run=run, samples=10, monitor=monitor)
        made = [scored(f"j{k}", {"1": of}, run=run, metrics=["m"], **changes) for k, of in enumerate(leaks)]
        store.record(made, [], [expected])
        judge_finished(store, run, MONITORS)

    return send


def roles(judgements: Judgements) -> list[tuple[str, str]]:
    return [(of.run, of.role) for of in judgements.stream("watch")]


def test_a_baseline_names_runs_until_it_is_set_again_or_removed(judgements: Judgements, send_run) -> None:
    for run in ("a", "b"):
        send_run(run, 0.5)
    judgements.set_baseline("first", ["b", "a"])
    judgements.set_baseline("second", ["a"])
    assert [(of.name, of.runs) for of in judgements.baselines()] == [("first", ["a", "b"]), ("second", ["a"])]
    judgements.set_baseline("first", ["b"])
    assert (found := judgements.baseline("first")) is not None
    assert found.runs == ["b"]
    judgements.remove_baseline("first")
    assert judgements.baseline("first") is None


def test_leak_sums_of_several_runs_are_pooled_by_test(judgements: Judgements, send_run) -> None:
    for run in ("a", "b"):
        send_run(run, 1.0)
    pooled = judgements.leak_sums(["a", "b"])
    assert {(row.job, row.n, row.total) for row in pooled} == {(f"j{k}", 20, 20.0) for k in range(JOBS)}


def test_a_monitors_finished_runs_are_judged_and_tested_against_its_baseline(judgements: Judgements, send_run) -> None:
    for run in ("base-1", "base-2", "base-3"):
        send_run(run, 0.5, monitor="")
    send_run("too-early", 0.5)
    judgements.set_baseline("first", ["base-1", "base-2", "base-3"])
    send_run("same", 0.5)
    send_run("changed", 1.0)
    send_run("changed-too", 1.0)
    in_order = [("same", "tested"), ("changed", "tested"), ("changed-too", "tested")]
    assert roles(judgements) == [(f"base-{k}", "baseline") for k in (1, 2, 3)] + in_order
    same, _, last = judgements.stream("watch")[3:]
    assert not same.alarm
    assert last.alarm
    assert (last.e_value or 0) > 20 > (same.e_value or 0)
    assert {of.category: of.verdict for of in judgements.verdicts("changed", "first")} == {"1": "drift", "all": "drift"}
    assert {of.verdict for of in judgements.verdicts("same", "first")} == {"inconclusive"}
    assert [(of.run, of.alarm) for of in judgements.monitor_states(["watch", "other"])] == [("changed-too", True)]


def test_a_run_counts_once_however_often_it_is_looked_at(judgements: Judgements, store: Store, send_run) -> None:
    send_run("base", 0.5, monitor="")
    judgements.set_baseline("first", ["base"])
    send_run("a", 0.5)
    before = judgements.stream("watch"), judgements.verdicts("a", "first")
    publish_changed(store, lambda messages: None, MONITORS)
    assert (judgements.stream("watch"), judgements.verdicts("a", "first")) == before


def test_setting_the_baseline_begins_the_test_anew(judgements: Judgements, send_run) -> None:
    send_run("base", 0.5, monitor="")
    judgements.set_baseline("first", ["base"])
    send_run("a", 0.9)
    judgements.set_baseline("first", ["a"])
    assert judgements.stream("watch") == []
    send_run("b", 0.9)
    assert roles(judgements) == [("a", "baseline"), ("b", "tested")]


def test_another_baseline_for_the_monitor_begins_the_test_anew(judgements: Judgements, store: Store, send_run) -> None:
    for run in ("base", "other-base"):
        send_run(run, 0.5, monitor="")
    judgements.set_baseline("first", ["base"])
    judgements.set_baseline("second", ["other-base"])
    send_run("a", 0.5)
    judgements.extend_stream("watch", "second", "a", skipped=None)
    assert roles(judgements) == [("other-base", "baseline"), ("a", "tested")]


def test_a_run_unlike_the_baseline_is_skipped_with_the_reason(judgements: Judgements, send_run) -> None:
    send_run("base", 0.5, monitor="", provenance={"decoding": "cold"})
    judgements.set_baseline("first", ["base"])
    send_run("a", 0.5, provenance={"decoding": "hot"})
    (_, skipped) = judgements.stream("watch")
    assert (skipped.role, skipped.reason) == ("skipped", "it differs from the baseline in decoding")
    assert judgements.verdicts("a", "first") == []


def test_a_run_that_is_not_finished_waits(judgements: Judgements, send_run) -> None:
    send_run("base", 0.5, monitor="")
    judgements.set_baseline("first", ["base"])
    send_run("a", 0.5, jobs=JOBS - 1)
    assert judgements.stream("watch") == []
