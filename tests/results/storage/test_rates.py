"""Rates as they are kept: written as a run grows, and whom their intervals speak of once it is over."""

from typing import LiteralString
from unittest.mock import patch

import pytest

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


def compared(store: Stored, run_id: str = "run") -> set[int]:
    return {rate.comparisons for rate in store.written_rates(run_id)}


def record_one_by_one(store: Stored, first: int, last: int, run_id: str = "run") -> list[set[int]]:
    """After each job of a run of 40, how many comparisons its rates speak of."""
    found = []
    for number in range(first, last):
        job = job_of_concepts(f"job-{number}", {"red": 1.0}, run_id)
        store.record([job], [], [run_manifest(40, {"1": 40}, run_id)])
        found.append(compared(store, run_id))
    return found


def test_the_rates_of_a_long_run_are_written_now_and_then_and_at_its_end(store: Stored) -> None:
    found = record_one_by_one(store, 0, 40)
    assert found[:16] == [{number} for number in range(1, 17)]
    assert found[16:20] == [{16}, {18}, {18}, {20}]
    assert found[-1] == {40}
    assert len({frozenset(numbers) for numbers in found}) < 30


def test_rates_that_are_behind_are_written_once_nothing_has_come_for_a_while(store: Stored) -> None:
    record_one_by_one(store, 0, 17)
    rates.write_behind(store, quiet_seconds=3600)
    assert compared(store) == {16}
    rates.write_behind(store, quiet_seconds=0)
    assert compared(store) == {17}
    assert store.changed_runs() == ["run"]
    with patch.object(rates, "write", side_effect=AssertionError):
        rates.write_behind(store, quiet_seconds=0)


def test_a_run_whose_last_progress_is_still_to_come_is_not_waited_for(store: Stored) -> None:
    record_one_by_one(store, 0, 17)
    with store.transaction() as connection:
        connection.execute("UPDATE runs SET last_progress_at = now() + interval '5 hours'")
    rates.write_behind(store, quiet_seconds=60)
    assert compared(store) == {17}


def test_a_run_that_another_records_now_is_left_to_the_next_time(dsn: str, store: Stored) -> None:
    record_one_by_one(store, 0, 17)
    with Stored(dsn) as other, other.transaction() as connection:
        connection.execute(runs.LOCK_RUNS, (["run"],))
        rates.write_behind(store, quiet_seconds=0)
    assert compared(store) == {16}


def test_a_run_whose_rates_cannot_be_computed_keeps_no_other_behind(
    store: Stored, caplog: pytest.LogCaptureFixture
) -> None:
    record_one_by_one(store, 0, 17, "broken")
    record_one_by_one(store, 0, 17, "run")
    with store.transaction() as connection:
        connection.execute(
            "UPDATE cluster_sums SET totals = array_fill(9.0::float8, array[cardinality(totals)])"
            " WHERE run_id = 'broken'"
        )
    rates.write_behind(store, quiet_seconds=0)
    assert (compared(store, "broken"), compared(store)) == ({16}, {17})
    assert "run broken: its rates were not written: ValueError" in caplog.text


def test_what_has_no_reach_is_kept_as_such(store: Stored) -> None:
    jobs = [job_of_concepts("job-0", {"red": 1.0, "blue": 0.0}, "run")]
    store.record(jobs, [], [run_manifest(1, {"1": 2}, "run", cluster="sample")])
    assert kept(store) == [{}] * 4
    assert reaches(store) == [None] * 4


def test_runs_whose_rates_are_written_together_have_the_digits_that_each_has_alone(store: Stored) -> None:
    names = [f"{number:02}" for number in range(12)]
    jobs = {
        name: [job_of_concepts(f"job-{n}", {f"colour {k}": k / 7 for k in range(1 + n)}, name) for n in range(size)]
        for size, name in enumerate(names, start=1)
    }
    manifests = [run_manifest(size, {"1": size * (size + 1) // 2}, name) for size, name in enumerate(names, start=1)]
    store.record([job for of_run in jobs.values() for job in of_run], [], manifests)
    together = written(store)
    with store.transaction() as connection:
        connection.execute("DELETE FROM rates")
        for name in names:
            rates.write(connection, [name])
    assert written(store) == together
    assert len({name for name, *_ in together}) == len(names)


def written(store: Stored) -> list[tuple[object, ...]]:
    with store.snapshot() as connection:
        return connection.execute("SELECT * FROM rates ORDER BY run_id, metric, category").fetchall()


def test_rates_of_large_runs_are_written_one_after_the_other(store: Stored, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = {"a": 1, "b": 3, "c": 5, "d": 4, "e": 1}
    jobs = [job_of_concepts(f"job-{n}", {"red": 1.0}, name) for name, size in sizes.items() for n in range(size)]
    store.record(jobs[:1], [], [])
    with store.snapshot() as connection:
        each = sums.numbers(connection, ["a"])["a"]
    monkeypatch.setattr(rates, "SUMS_AT_ONCE", 4 * each)
    with patch.object(sums, "by_category", side_effect=sums.by_category) as read:
        store.record(jobs[1:], [], [])
    together = [call.args[1] for call in read.call_args_list]
    assert sorted(name for names in together for name in names) == list(sizes)[1:]
    assert all(len(names) == 1 or sum(sizes[name] for name in names) <= 4 for names in together)
    assert {name: compared(store, name) for name in sizes} == {name: {size} for name, size in sizes.items()}
