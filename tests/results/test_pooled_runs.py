"""Runs of one condition are pooled, each as one cluster."""

from dataclasses import replace
from typing import Any

import pytest

from results.pooled_runs import check_poolable, pooled_rates
from results.statistics.intervals import rate_with_interval
from seep.answers import TRUNCATED
from seep.errors import InputError
from seep.records import Estimate, LeakRate
from tests.summaries import SUMMARY


def rate(run: str, share: float | None, n: int = 40, category: str = "es>it") -> LeakRate:
    low, high = (None, None) if share is None else (max(0, share - 1), min(100, share + 1))
    measures = {"unknown": Estimate(10, 5, 20, n)}
    return LeakRate(
        run, "s", f"on-{run}", "language", "m", category, share, low, high, n, 9, 1, 2, 3, measures=measures
    )


def test_the_interval_is_that_of_the_runs_and_not_of_what_is_in_them() -> None:
    (found,) = pooled_rates([[rate("a", 30)], [rate("b", 40)], [rate("c", 50, n=80)]])
    expected = rate_with_interval([(12, 40), (16, 40), (40, 80)])
    assert (found.rate, found.low, found.high) == pytest.approx((expected.rate, expected.low, expected.high))
    assert found.low is not None
    assert found.low < 30
    assert (found.clusters, found.comparisons, found.missing, found.ties) == (3, 160, 9, 3)
    assert (found.run_id, found.target, found.suite) == ("a+b+c", "on-a+on-b+on-c", "s")
    assert found.measures["unknown"].share == pytest.approx(10)


def test_a_run_alone_is_as_it_was() -> None:
    assert pooled_rates([[rate("a", 30)]]) == [rate("a", 30)]


def test_a_run_without_a_rate_is_no_cluster_but_what_it_lacks_is_missing() -> None:
    (found,) = pooled_rates([[rate("a", 30)], [rate("b", None, n=0)]])
    assert found.rate == pytest.approx(30)
    assert (found.clusters, found.missing) == (1, 6)
    (none,) = pooled_rates([[rate("a", None, n=0)], [rate("b", None, n=0)]])
    assert (none.rate, none.low, none.clusters) == (None, None, 0)


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ({"run_id": "a"}, "runs a, a: expected each once"),
        ({"run_id": "b", "suite_hash": "sha256:x"}, "runs a and b: expected the same suite"),
        ({"run_id": "b", "probe": "semantic"}, "runs a and b: expected the same suite"),
    ],
)
def test_what_is_no_repeat_of_a_condition_is_not_pooled(other: dict[str, Any], message: str) -> None:
    first = replace(SUMMARY, run_id="a", probe="language", suite_hash="sha256:s")
    with pytest.raises(InputError, match=message):
        check_poolable([first, replace(first, **other)])


def test_runs_that_were_scored_in_two_ways_are_not_pooled() -> None:
    first = replace(SUMMARY, run_id="a", provenance={"scoring": "exact", "model": "seed 1"})
    check_poolable([first, replace(first, run_id="b", provenance={"scoring": "exact", "model": "seed 2"})])
    with pytest.raises(InputError, match="runs a and c: expected the same scoring, to pool them"):
        check_poolable([first, replace(first, run_id="c", provenance={"scoring": "published"})])


def test_runs_without_truncated_texts_count_where_another_has_some() -> None:
    cut = replace(rate("a", 30, n=60), measures={TRUNCATED: Estimate(10, 5, 20, 60)})
    (found,) = pooled_rates([[cut], [rate("b", 40, n=40)], [rate("c", None, n=0)]])
    assert found.measures[TRUNCATED].share == pytest.approx(6)
    assert found.measures[TRUNCATED].n == 100
    (none,) = pooled_rates([[rate("a", 30)], [rate("b", 40)]])
    assert TRUNCATED not in none.measures
