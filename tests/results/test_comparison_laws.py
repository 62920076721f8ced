"""Laws of a comparison: whatever two runs answered, and whatever their jobs are called."""

import random

from hypothesis import given
from hypothesis import strategies as st

from results.comparison import CellVerdict, LeakSum, compare

Scores = dict[tuple[str, str], tuple[float, int]]
"""By job and test the sum of leak scores, and how many."""

JOBS, TESTS = "abcdefgh", "xyz"


@st.composite
def runs(draw: st.DrawFn) -> Scores:
    """A run of up to eight jobs, so that all exchanges are counted; some tests are lost."""
    samples = st.integers(1, 7)
    score = samples.flatmap(lambda n: st.tuples(st.integers(0, 2 * n).map(lambda halves: halves / 2), st.just(n)))
    places = st.tuples(st.sampled_from(JOBS), st.sampled_from(TESTS))
    return draw(st.dictionaries(places, score, min_size=1, max_size=20))


def rows(run: Scores) -> list[LeakSum]:
    return [LeakSum(job, job, test, "m", "12"[test == "x"], n, total) for (job, test), (total, n) in run.items()]


def compared(run: Scores, *reference: Scores) -> list[CellVerdict]:
    return compare(rows(run), [rows(other) for other in reference], ["1", "2"], 5.0)


@given(runs())
def test_a_run_has_not_changed_from_itself(run: Scores) -> None:
    for cell in compared(run, run):
        assert cell.verdict == ("ok" if cell.pairs else "not measured")
        assert (cell.effect, cell.p, cell.adjusted_p) == ((0.0, 1.0, 1.0) if cell.pairs else (None, None, None))


@given(runs(), runs())
def test_the_other_way_round_an_effect_has_the_other_sign_to_its_last_digit(one: Scores, other: Scores) -> None:
    for there, back in zip(compared(one, other), compared(other, one), strict=True):
        turned = (back.effect, back.high, back.low)
        assert (there.effect, there.low, there.high) == tuple(None if end is None else -end for end in turned)
        assert (there.p, there.adjusted_p, there.within) == (back.p, back.adjusted_p, back.within)
        assert (there.detectable, there.pairs, there.verdict) == (back.detectable, back.pairs, back.verdict)


@given(runs(), runs(), runs(), st.randoms())
def test_names_and_order_of_jobs_and_tests_change_nothing(
    one: Scores, other: Scores, third: Scores, chance: random.Random
) -> None:
    jobs = dict(zip(JOBS, chance.sample(JOBS, len(JOBS)), strict=True))

    def renamed(run: Scores) -> Scores:
        places = chance.sample(list(run), len(run))
        return {(f"job {jobs[job]}", test): run[job, test] for job, test in places}

    for reference in ([other], [other, third]):
        again = compared(renamed(one), *map(renamed, reference))
        assert again == compared(one, *reference)


@given(runs(), runs(), runs())
def test_an_effect_lies_in_its_interval_and_within_its_bound(one: Scores, other: Scores, third: Scores) -> None:
    for cell in compared(one, other, third):
        if cell.effect is not None:
            assert cell.low is not None
            assert cell.high is not None
            assert cell.within is not None
            assert -100 <= cell.low <= cell.effect <= cell.high <= 100
            assert abs(cell.effect) <= cell.within <= 100
            assert cell.detectable is None or 0 < cell.detectable <= 100
