"""Sums per test and comparisons with their texts, from one scored job."""

from collections.abc import Callable
from dataclasses import replace

from seep.records import Outcome, ScoredJob
from services.aggregator.sums import CellSum, Comparison, PerTestSum, cell_sums, comparisons, per_test_sums

Scored = Callable[..., ScoredJob]


def test_a_test_s_samples_are_summed_per_metric_and_measure(scored: Scored) -> None:
    sums = per_test_sums(scored("a", {"1": [1.0, 0.5, 0.0], "2": [0.5, 0.5, 1.0]}))
    assert len(sums) == 2 * 2 * 3
    assert PerTestSum("run-1", "a", "a", "t0", "yellow", "1", "bert_score", "leak", 3, 1.5) in sums
    assert PerTestSum("run-1", "a", "a", "t1", "yellow", "2", "sentence_bert", "tie", 3, 2.0) in sums


def test_where_the_sample_is_the_cluster_each_sample_has_its_own_sum(scored: Scored) -> None:
    sums = per_test_sums(scored("a", {"1": [1.0, 0.0]}, cluster="sample", metrics=["m"]))
    leaks = [(row.cluster, row.n, row.total) for row in sums if row.measure == "leak"]
    assert leaks == [("a/0", 1, 1.0), ("a/1", 1, 0.0)]


def test_cells_are_categories_or_concepts(scored: Scored) -> None:
    sums = per_test_sums(scored("a", {"1": [1.0]}, metrics=["m"]))[:1]
    assert list(cell_sums(sums, "category")) == [CellSum("a", "1", "m", "leak", 1, 1.0)]
    assert list(cell_sums(sums, "concept")) == [CellSum("a", "yellow", "m", "leak", 1, 1.0)]


def test_a_comparison_holds_both_texts_and_all_that_was_measured(scored: Scored) -> None:
    job = scored("a", {"1": [1.0, 0.5]}, metrics=["m"])
    job = replace(job, generated=replace(job.generated, control=("c0", "c1"), tests=(("g0", "g1"),)))
    assert comparisons(job)[1] == Comparison(
        run="run-1",
        job="a",
        test="t0",
        sample=1,
        category="1",
        concept="yellow",
        prompt="yellow prompt 0",
        generation="g1",
        control_prompt="a control",
        control_generation="c1",
        outcomes={"m": {"leak": 0.5, "tie": 1.0, "echo": 0.0}},
        similarities={"m": [0.75, 0.25]},
    )


def test_of_a_generation_judged_in_several_cells_the_text_is_kept_where_it_counts(scored: Scored) -> None:
    job = scored("a", {"1": [1.0]}, metrics=[])
    cells = {"es>it": 1.0, "es>fr": 0.0}
    job = replace(job, outcomes=tuple(Outcome("m", "leak", cell, "t0", 0, value) for cell, value in cells.items()))
    assert [comparison.category for comparison in comparisons(job)] == ["es>it"]
    assert [row.category for row in per_test_sums(job)] == ["es>it", "es>fr"]
