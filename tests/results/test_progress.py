"""When rates are written: of few jobs always, of many with every eighth more, and always at the end."""

import math
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from results.progress import Progress, rates_due


def run_of(
    before: int, recorded: int, job_count: int | None = None, dead: int = 0, cancelled: bool = False
) -> Progress:
    return Progress("run", job_count, before, recorded, dead, cancelled)


def written(batches: Iterable[int]) -> list[int]:
    """How many jobs were recorded whenever rates were written."""
    found, recorded = [], 0
    for size in batches:
        before, recorded = recorded, recorded + size
        if rates_due(run_of(before, recorded)):
            found.append(recorded)
    return found


@given(st.lists(st.integers(1, 300), min_size=1, max_size=200))
def test_rates_never_miss_an_eighth_of_what_is_recorded(batches: list[int]) -> None:
    assert sum(batches) - written(batches)[-1] < sum(batches) / 8


def test_they_are_written_with_each_of_the_first_jobs_and_a_few_times_with_each_doubling() -> None:
    found = written([1] * 100_000)
    assert found[:15] == list(range(1, 16))
    assert len(found) < 15 + 8 * math.log2(100_000)


@given(st.integers(0, 10_000), st.integers(0, 500))
def test_they_are_written_with_what_ends_a_run(recorded: int, dead: int) -> None:
    assert rates_due(run_of(recorded, recorded, job_count=recorded + dead, dead=dead))
    assert rates_due(run_of(recorded, recorded, job_count=recorded + dead + 1, dead=dead, cancelled=True))


@pytest.mark.parametrize("job_count", [None, 100])
def test_a_dead_job_alone_changes_no_rate_of_a_run_that_goes_on(job_count: int | None) -> None:
    assert not rates_due(run_of(20, 20, job_count, dead=1))
