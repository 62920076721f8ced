"""What a concept does beyond what any insertion does, from a run's sums."""

from collections.abc import Sequence

import pytest

from results.placebo import ABOVE_PLACEBO, in_points, with_above_placebo
from results.statistics.intervals import rate_with_interval
from results.sums import CellSums
from seep.records import Estimate


def sums(measure: str, totals: list[float], sizes: list[int]) -> CellSums:
    return CellSums("1", "m", measure, [f"job-{k}" for k in range(len(totals))], sizes, totals)


def found(*rows: CellSums) -> tuple[Sequence[float], Sequence[int]]:
    [row] = [row for row in with_above_placebo(rows) if row.measure == ABOVE_PLACEBO]
    return row.totals, row.sizes


def test_it_is_the_published_score_and_the_placebos_complement_by_cluster() -> None:
    sizes = [10, 10, 10]
    leak, published = sums("leak", [9.0, 9.0, 9.0], sizes), sums("published", [9.0, 6.0, 8.0], sizes)
    assert found(leak, published, sums("placebo", [5.0, 6.0, 4.0], sizes)) == ([7.0, 5.0, 7.0], sizes)


def test_where_the_headline_is_against_the_control_that_is_the_published_score() -> None:
    rows = sums("leak", [9.0, 6.0], [10, 10]), sums("placebo", [5.0, 6.0], [10, 10])
    assert found(*rows) == ([7.0, 5.0], [10, 10])


def test_a_job_counts_as_far_as_it_has_a_placebo() -> None:
    # Of the second job's ten comparisons five lack the neutral answer; the third job has no neutral arm.
    rows = sums("leak", [9.0, 6.0, 10.0], [10, 10, 10]), sums("placebo", [5.0, 1.0], [10, 5])
    assert found(*rows) == ([7.0, pytest.approx((3 - 1 + 5) / 2)], [10, 5])


def test_in_points_it_is_the_difference_and_nothing_where_a_concept_does_no_more_than_any_insertion() -> None:
    none = in_points(rate_with_interval([(5.0, 10), (4.0, 10), (6.0, 10)]))
    assert none is not None
    assert (none.share, none.n) == (0, 30)
    assert none.low == pytest.approx(-none.high)
    assert in_points(rate_with_interval()) is None
    whole = in_points(rate_with_interval([(10.0, 10), (10.0, 10), (10.0, 10)]))
    assert isinstance(whole, Estimate)
    assert (whole.share, whole.high) == (100, 100)


def test_without_a_neutral_arm_there_is_none() -> None:
    leak = sums("leak", [9.0, 6.0], [10, 10])
    assert with_above_placebo([leak]) == [leak]
