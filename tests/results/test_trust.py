"""When evidence may raise an alarm: how far apart runs are, and how like each other."""

from collections.abc import Iterable

import numpy as np
import pytest

from results.comparison import LeakSum
from results.drift_test import OVERALL, PROFILE
from results.trust import FEWEST_QUIET, NOT_YET_QUIET, differ, difference, differences, quiet_autocorrelation

JOBS = 100


def run(draw: np.random.Generator, rates: Iterable[float]) -> list[LeakSum]:
    """A test per job, 10 samples each, in two categories."""
    return [
        LeakSum(f"j{job}", f"j{job}", "t", "m", "12"[job % 2], 10, float(draw.binomial(10, rate)))
        for job, rate in enumerate(rates)
    ]


def test_runs_are_as_many_points_apart_as_their_tests_are_in_the_mean() -> None:
    def of_jobs(*totals: float) -> list[LeakSum]:
        return [LeakSum(f"j{job}", f"j{job}", "t", "m", "12"[job], 10, total) for job, total in enumerate(totals)]

    found = differences([of_jobs(6.0, 5.0), of_jobs(8.0, 5.0)], [of_jobs(5.0, 4.0), of_jobs(5.0, 6.0)])
    assert {cell: round(points, 9) for cell, points in found.items() if cell != PROFILE} == {
        ("m", "1"): 20,
        ("m", "2"): 0,
        OVERALL: 10,
    }
    assert difference(of_jobs(6.0, 5.0), [of_jobs(5.0, 4.0), of_jobs(5.0, 4.0)]) == pytest.approx(10)


def test_a_test_that_one_side_lacks_has_no_part_in_the_difference() -> None:
    whole = [LeakSum("j", "j", test, "m", "1", 10, total) for test, total in (("a", 5.0), ("b", 0.0))]
    assert difference(whole[:1], [whole]) == 0
    assert difference(whole[:1], [whole[1:]]) is None


def test_comparisons_that_count_in_several_categories_have_no_difference_of_all() -> None:
    rows = [LeakSum("j", "j", "t", "m", category, 2, total) for category, total in (("es>es", 2.0), ("es>it", 0.0))]
    assert difference(rows, [rows]) is None
    assert differences([rows], [rows])["m", "es>it"] == 0


def test_a_profile_is_apart_by_the_root_mean_square_of_its_jobs_and_chance_is_taken_off() -> None:
    draw = np.random.default_rng(1)
    before = np.full(JOBS, 0.5)
    few, alike = before.copy(), before + 0.1
    few[:4] += 0.5
    baseline = [run(draw, before) for _ in range(14)]

    def apart(rates: Iterable[float]) -> list[float]:
        return [differences([run(draw, rates) for _ in range(5)], baseline)[PROFILE] for _ in range(20)]

    assert np.mean(apart(alike)) == pytest.approx(10, abs=1)
    assert np.mean(apart(few)) == pytest.approx(np.sqrt(4 * 50**2 / JOBS), abs=1)
    assert max(apart(before)) < 3


def test_runs_with_fewer_answers_are_not_apart() -> None:
    draw = np.random.default_rng(2)
    baseline = [run(draw, [0.5] * JOBS) for _ in range(14)]

    fewer = [
        [row._replace(n=4, total=float(draw.binomial(4, 0.5))) for row in run(draw, [0.5] * JOBS)] for _ in range(5)
    ]
    assert not differ([OVERALL, PROFILE], fewer, baseline, 3)


@pytest.mark.parametrize(("points", "enough"), [(3, True), (9, True), (11, False)])
def test_an_alarm_needs_as_many_points_as_are_configured_in_the_cell_with_the_evidence(
    points: float, enough: bool
) -> None:
    draw = np.random.default_rng(3)
    baseline = [run(draw, [0.5] * JOBS) for _ in range(7)]
    last = [run(draw, [0.7, 0.5] * (JOBS // 2)) for _ in range(5)]
    assert differ([OVERALL], last, baseline, points) == enough
    assert not differ([("m", "2")], last, baseline, points)


def test_quiet_runs_are_all_but_the_newest_and_too_few_of_them_say_nothing() -> None:
    draw = np.random.default_rng(4)
    quiet = draw.standard_normal(60).tolist()
    changed = [10.0] * NOT_YET_QUIET
    assert quiet_autocorrelation([*quiet, *changed]) == pytest.approx(quiet_autocorrelation([*quiet, *quiet[:10]]))
    assert abs(quiet_autocorrelation([*quiet, *changed]) or 1) < 0.4
    assert quiet_autocorrelation(quiet[: NOT_YET_QUIET + FEWEST_QUIET - 1]) is None


def test_no_last_digit_decides_whether_an_alarm_has_its_points() -> None:
    before = [LeakSum("j", "j", "t", "m", "1", 10, 5.5)]
    three_more = [LeakSum("j", "j", "t", "m", "1", 100, 58.0)]
    assert 0 < 3 - differences([three_more], [before])["m", "1"] < 1e-9
    assert differ([("m", "1")], [three_more], [before], 3.0)
    assert not differ([("m", "1")], [three_more], [before], 3.01)
