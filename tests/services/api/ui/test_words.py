"""Numbers as pages and reports say them."""

import re

import pytest

from results.comparison import CellVerdict
from results.flips import Flip, Flips
from services.api.ui import words
from services.api.ui.charts import Mark, scatter, trend

DAY = 86_400.0


def cell(metric: str, category: str, effect: float | None) -> CellVerdict:
    low, high = (None, None) if effect is None else (effect - 1, effect + 1)
    return CellVerdict(
        metric,
        category,
        effect=effect,
        low=low,
        high=high,
        p=None,
        adjusted_p=None,
        exchanged="jobs",
        within=None,
        detectable=None,
        pairs=3,
        clusters=3,
        verdict="inconclusive",
    )


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (None, "\u2013"),
        (0.137, "0.14"),
        (0.004, "< 0.01"),
        (9.994, "9.99"),
        (9.996, "10"),
        (10.0, "10"),
        (19.96, "19"),
        (19.9999, "19"),
        (20.0, "20"),
        (956.4, "956"),
        (999.6, "1\u202f000"),
        (3353.0, "3\u202f400"),
        (254_321.0, "250\u202f000"),
        (3e40, "over 1\u202f000\u202f000\u202f000"),
    ],
)
def test_evidence_is_written_out_with_the_digits_that_matter(value: float | None, said: str) -> None:
    assert words.evidence(value) == said


def test_a_change_is_that_of_the_metrics_mean_over_all_categories() -> None:
    cells = [cell("a", "all", 1.0), cell("b", "all", 3.0), cell("mean", "1", 9.0), cell("mean", "all", 2.0)]
    assert words.change(cells) == "+2.0 points (95\u00a0% interval +1.0 to +3.0)"
    assert words.change(cells[:1]) == "+1.0 points (95\u00a0% interval +0.0 to +2.0)"


def test_no_change_is_said_where_none_was_measured() -> None:
    assert words.change([cell("a", "all", None), cell("a", "1", 2.0)]) == ""
    assert words.change([cell("a", "all", 1.0), cell("b", "all", 3.0)]) == ""


@pytest.mark.parametrize("days", [0.001, 0.01, 0.1, 1.0, 5.0, 60.0, 900.0])
def test_no_two_dates_below_a_chart_read_the_same(days: float) -> None:
    marks = [Mark(at * DAY, 50.0, 40.0, 60.0, "", "") for at in (20_000.0, 20_000.0 + days)]
    dates = re.findall(r'class="date[^>]*>([^<]+)<', trend(marks, "a chart"))
    assert len(dates) == len(set(dates)) == 4


def dates_of_minutes(*minutes: float) -> list[str]:
    marks = [Mark(20_000 * DAY + 60 * at, 50.0, 40.0, 60.0, "", "") for at in minutes]
    return re.findall(r'class="date[^>]*>([^<]+)<', trend(marks, "a chart"))


def test_runs_of_one_day_have_its_date_once_so_that_their_times_have_room() -> None:
    assert dates_of_minutes(0, 1, 9) == ["4 Oct 00:00", "00:03", "00:06", "00:09"]


def test_runs_within_minutes_have_seconds_and_within_a_second_one_time() -> None:
    assert dates_of_minutes(0, 1) == ["4 Oct 00:00:00", "00:00:20", "00:00:40", "00:01:00"]
    assert dates_of_minutes(0, 0.01) == ["4 Oct 00:00:00", "00:00:00"]
    assert dates_of_minutes(5) == ["4 Oct 00:05"]


def test_one_test_that_leaks_more_is_said_as_one() -> None:
    assert words.moved(Flips("m", 1, 2, 0, []), "ok").startswith("1 test leaks more than before, 2 less, 0 the same.")
    assert words.moved(Flips("m", 2, 1, 0, []), "ok").startswith("2 tests leak more than before, 1 less, 0 the same.")


def test_a_share_is_rounded_neither_to_none_nor_to_all() -> None:
    assert [words.percent(share) for share in (0.0, 0.01, 99.99, 100.0)] == ["0.0", "< 0.1", "> 99.9", "100.0"]
    assert [words.whole(share) for share in (0.0, 0.3, 99.7, 100.0, -0.3)] == ["0", "< 1", "> 99", "100", "0"]
    flip = Flip("m", "j", "t", "1", was=1 / 400, now=399 / 400, samples=400, reference_samples=400, weight=1.0)
    assert words.was_and_is(flip) == "leaked in < 1 % of 400 answers, now in > 99 % of 400"


def test_a_difference_of_nothing_has_no_sign_of_its_own() -> None:
    assert words.points(-0.0) == words.points(0.0) == "+0.0"


@pytest.mark.parametrize("share", [0.0, 37.5, 100.0])
def test_an_axis_of_equal_shares_stays_within_0_and_100(share: float) -> None:
    marks = [Mark(share, share, None, None, "", name) for name in ("one", "other")]
    ticks = re.findall(r">(-?[0-9.]+)</text>", scatter(marks, "Leak rate", "different word pairs, %"))
    assert ticks
    assert all(0 <= float(tick) <= 100 for tick in ticks)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (4.94, "+4.9"),
        (4.96, "+4.96"),
        (-4.9996, "\u22124.9996"),
        (4.999999999999996, "+5.0"),
        (5.04, "+5.0"),
        (-0.04, "\u22120.0"),
        (4.99999999, "< +5"),
        (-4.99999999, "> \u22125"),
        (-99.99, "\u221299.99"),
    ],
)
def test_an_effect_that_is_no_change_yet_does_not_read_as_one(value: float, said: str) -> None:
    assert words.points(value) == said


def test_a_p_just_below_the_level_reads_as_less() -> None:
    assert [words.p_value(p) for p in (0.0496, 0.04999999999, 0.05)] == ["0.0496", "< 0.05", "0.050"]
