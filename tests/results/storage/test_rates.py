"""Whom a rate's interval speaks of: written with the rates of a run that is over, read from the sums until then."""

from typing import LiteralString
from unittest.mock import patch

from results.reach import Reach
from results.storage import rates, runs, sums
from tests.builders import job_of_concepts, run_manifest
from tests.stored import Stored

JOBS = 8
KEPT: LiteralString = "SELECT reach FROM rates WHERE run_id = 'run' ORDER BY metric, category"


def record_jobs(store: Stored, first: int, last: int) -> None:
    leaks = [{f"colour {k}": float((n + k) % 2) for k in range(5)} for n in range(JOBS)]
    jobs = [job_of_concepts(f"job-{n}", leaks[n], "run") for n in range(first, last)]
    store.record(jobs, [], [run_manifest(JOBS, {"1": 5 * JOBS}, "run")])


def reaches(store: Stored) -> list[Reach | None]:
    with store.snapshot() as connection:
        run = runs.one(connection, "run", 60)
        assert run is not None
        return rates.reaches_of(connection, run, rates.of_run(connection, "run"))


def kept(store: Stored) -> list[dict[str, float] | None]:
    with store.snapshot() as connection:
        return [reach for (reach,) in connection.execute(KEPT)]


def test_a_finished_runs_reach_is_read_as_it_was_written_and_no_sum_is_read(store: Stored) -> None:
    record_jobs(store, 0, JOBS - 1)
    assert kept(store) == [None] * 4
    before = reaches(store)
    record_jobs(store, JOBS - 1, JOBS)
    assert len(kept(store)) == 4
    with patch.object(sums, "concepts_by_cluster", side_effect=AssertionError):
        written = reaches(store)
    with store.transaction() as connection:
        connection.execute("UPDATE rates SET reach = NULL")
    assert written == reaches(store) != before
    assert [reach.concepts if reach else None for reach in written] == [5] * 4


def test_what_has_no_reach_is_kept_as_such(store: Stored) -> None:
    jobs = [job_of_concepts("job-0", {"red": 1.0, "blue": 0.0}, "run")]
    store.record(jobs, [], [run_manifest(1, {"1": 2}, "run", cluster="sample")])
    assert kept(store) == [{}] * 4
    assert reaches(store) == [None] * 4
