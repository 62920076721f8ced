"""Texts go, sums stay: on a real PostgreSQL, with the runs' age set back by hand."""

from collections.abc import Callable

import psycopg
import pytest

from results.dead_jobs import DeadJob
from results.series import SeriesFilter
from seep.records import RunManifest, ScoredJob
from tests.stored import Stored

SERIES = SeriesFilter("stub", "colours", "bert_score", "all")


def set_back(dsn: str, run_id: str, days: float) -> None:
    with psycopg.connect(dsn) as connection:
        connection.execute(
            "UPDATE runs SET last_progress_at = last_progress_at - %s * interval '1 day' WHERE run_id = %s",
            (days, run_id),
        )


@pytest.fixture
def aged(dsn: str, store: Stored, scored: Callable[..., ScoredJob], manifest: Callable[..., RunManifest]) -> Stored:
    """An old run, of which a job is dead, and a young one."""
    for run in ("old", "young"):
        dead = [DeadJob(run, "c", "scorer", "why")]
        jobs = [scored(job, {"1": [1.0, 0.5], "2": [0.0, 1.0]}, run_id=run) for job in ("a", "b")]
        store.record(jobs, dead, [manifest(3, {"1": 6, "2": 6}, run_id=run, samples=2)])
    store.publish()
    set_back(dsn, "old", 90.5)
    return store


def test_texts_of_old_runs_are_deleted_and_no_figure_changes(aged: Stored) -> None:
    def figures() -> list[object]:
        of_runs = [
            (aged.rates(run, [("1", "2")]), aged.rates_by_concept(run), aged.dead_reasons(run))
            for run in ("old", "young")
        ]
        states = [(run.state, run.missing, run.recorded, run.dead) for run in aged.runs(10)]
        return [of_runs, states, aged.series(SERIES, 10)]

    before = figures()
    assert dict(aged.delete_texts(90)) == {"old": 8}
    assert figures() == before
    assert aged.comparisons("old") == []
    assert len(aged.comparisons("young")) == 8
    deleted = {run.run_id: run.texts_deleted_at is not None for run in aged.runs(10)}
    assert deleted == {"old": True, "young": False}


def test_deleting_again_finds_nothing(aged: Stored) -> None:
    assert dict(aged.delete_texts(90)) == {"old": 8}
    assert dict(aged.delete_texts(90)) == {}
    assert dict(aged.delete_texts(91)) == {}


def test_a_job_that_is_replayed_afterwards_keeps_its_texts_for_their_own_time(
    dsn: str, aged: Stored, scored: Callable[..., ScoredJob]
) -> None:
    list(aged.delete_texts(90))
    aged.record([scored("c", {"1": [1.0, 1.0], "2": [1.0, 1.0]}, run_id="old")], [], [])
    assert dict(aged.delete_texts(90)) == {}
    assert {comparison.job_id for comparison in aged.comparisons("old")} == {"c"}
    set_back(dsn, "old", 91)
    assert dict(aged.delete_texts(90)) == {"old": 4}
    assert [rate.comparisons for rate in aged.rates("old") if rate.category == "all"] == [12, 12]
