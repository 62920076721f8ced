"""Comparisons of several tests at once, on a real PostgreSQL."""

from collections.abc import Callable

from results.storage import comparisons
from seep.records import ScoredJob
from tests.stored import Stored


def test_comparisons_of_several_tests_are_those_that_are_found_of_each(
    store: Stored, scored: Callable[..., ScoredJob]
) -> None:
    leaks = {"1": [1.0, 0.0, 0.5], "2": [0.0, 1.0, "refused"]}
    store.record([scored(job, leaks, text=f"said in {job}") for job in ("a", "b")], [], [])
    store.record([scored("a", leaks, run_id="another")], [], [])
    wanted = [("b", "t1", "2"), ("a", "t0", "1"), ("a", "t0", "2"), ("b", "t1", "2")]
    with store.snapshot() as connection:
        for metric, limit in (("bert_score", 20), ("sentence_bert", 2), ("none", 20)):
            found = comparisons.of_tests(connection, "run-1", metric, wanted, limit)
            assert found == [
                comparisons.page(connection, "run-1", category, metric, limit=limit, test=test, job=job)
                for job, test, category in wanted
            ]
        assert list(map(len, comparisons.of_tests(connection, "run-1", "bert_score", wanted, 20))) == [3, 3, 0, 3]
        assert comparisons.of_tests(connection, "run-1", "bert_score", [], 20) == []
