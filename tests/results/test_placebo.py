"""What a concept does beyond what any insertion does, from a run's sums."""

import pytest

from results.placebo import above_placebo
from results.statistics.paired import Cluster, paired_effect
from results.sums import CellSums


def sums(measure: str, totals: list[float], sizes: list[int], cell: str = "1", first: int = 0) -> CellSums:
    return CellSums(cell, "m", measure, [f"job-{first + k}" for k in range(len(totals))], sizes, totals)


def test_it_is_the_published_rate_less_the_placebo_with_the_interval_of_paired_jobs() -> None:
    found = above_placebo(
        [
            sums("leak", [9.0, 9.0, 9.0], [10, 10, 10]),
            sums("published", [9.0, 6.0, 8.0], [10, 10, 10]),
            sums("placebo", [5.0, 6.0, 4.0], [10, 10, 10]),
        ]
    )
    assert found is not None
    effect = paired_effect([Cluster(pair, 10, False) for pair in ((9.0, 5.0), (6.0, 6.0), (8.0, 4.0))])
    assert (found.share, found.low, found.high, found.n) == (effect.effect, effect.low, effect.high, 30)
    assert found.share == pytest.approx(100 * (23 - 15) / 30)


def test_where_the_headline_is_against_the_control_that_is_the_published_rate() -> None:
    found = above_placebo([sums("leak", [9.0, 6.0], [10, 10]), sums("placebo", [5.0, 6.0], [10, 10])])
    assert found is not None
    assert found.share == pytest.approx(20)


def test_a_job_counts_as_far_as_it_has_a_placebo() -> None:
    # Of the second job's ten comparisons five lack the neutral answer; the third job has no neutral arm.
    found = above_placebo([sums("leak", [9.0, 6.0, 10.0], [10, 10, 10]), sums("placebo", [5.0, 1.0], [10, 5])])
    assert found is not None
    assert found.share == pytest.approx(100 * (9 + 3 - 5 - 1) / 15)
    assert found.n == 15


def test_a_job_in_several_categories_is_one_cluster() -> None:
    rows = [
        sums("leak", [9.0, 6.0], [10, 10]),
        sums("placebo", [5.0, 6.0], [10, 10]),
        sums("leak", [8.0], [10], "2"),
        sums("placebo", [3.0], [10], "2"),
    ]
    found = above_placebo(rows)
    assert found is not None
    effect = paired_effect([Cluster((17.0, 8.0), 20, False), Cluster((6.0, 6.0), 10, False)])
    assert (found.share, found.low, found.high) == (effect.effect, effect.low, effect.high)


def test_without_a_neutral_arm_there_is_none() -> None:
    assert above_placebo([sums("leak", [9.0, 6.0], [10, 10])]) is None
