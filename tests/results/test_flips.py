"""Which tests moved most, by hand."""

from math import fsum, sqrt

from results.comparison import LeakSum
from results.flips import flips


def of_run(*totals: tuple[str, float], n: int = 4, metric: str = "m") -> list[LeakSum]:
    return [LeakSum("j", "j", test, metric, "1", n, total) for test, total in totals]


def test_tests_that_both_sides_have_are_counted_by_where_they_went() -> None:
    run = [*of_run(("a", 4.0), ("b", 1.0), ("c", 2.0), ("alone", 4.0)), *of_run(("a", 0.0), metric="another")]
    found = flips(run, of_run(("a", 0.0), ("b", 3.0), ("c", 2.0), ("gone", 0.0)), "m", 5)
    assert (found.up, found.down, found.same) == (1, 1, 1)
    assert [(flip.test, flip.was, flip.now) for flip in found.largest] == [("a", 0.0, 1.0), ("b", 0.75, 0.25)]
    assert found.largest[1].weight == -0.5 / sqrt(0.25 / 4 + 0.25 / 4)


def test_of_tests_that_moved_alike_the_first_come_first_and_no_more_than_the_limit() -> None:
    names = ("c", "a", "d", "b")
    found = flips(of_run(*((name, 4.0) for name in names)), of_run(*((name, 0.0) for name in names)), "m", 3)
    assert [flip.test for flip in found.largest] == ["c", "a", "d"]
    assert found.up == 4


def test_the_scores_of_several_runs_of_the_reference_count_together() -> None:
    reference = [*of_run(("a", 4.0)), *of_run(("a", 0.0), n=12)]
    [flip] = flips(of_run(("a", 4.0)), reference, "m", 5).largest
    assert (flip.was, flip.reference_samples, flip.now, flip.samples) == (0.25, 16, 1.0, 4)


def test_a_test_whose_mean_has_another_last_digit_has_not_moved() -> None:
    # A share of tokens, as of the traces probe, has no exact sum.
    thrice = of_run(("a", fsum([0.7] * 3)), ("b", fsum([0.1] * 3)), n=3)
    found = flips(thrice, of_run(("a", 0.7), ("b", 0.1), n=1), "m", 5)
    assert (found.up, found.down, found.same, found.largest) == (0, 0, 2, [])
