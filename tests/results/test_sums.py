"""Sums per test and comparisons with their texts, from one scored job."""

from collections.abc import Callable
from dataclasses import replace

from results.sums import Comparison, PerTestSum, comparisons, per_test_sums
from seep.records import Answer, Outcome, ScoredJob
from tests.builders import answers

Scored = Callable[..., ScoredJob]


def test_a_test_s_samples_are_summed_per_metric_and_measure(scored: Scored) -> None:
    sums = per_test_sums(scored("a", {"1": [1.0, 0.5, 0.0], "2": [0.5, 0.5, 1.0]}))
    of_outcomes = [row for row in sums if row.measure in ("leak", "tie", "echo")]
    assert len(of_outcomes) == 2 * 2 * 3
    assert PerTestSum("run-1", "a", "a", "t0", "yellow", "1", "bert_score", "leak", 3, 1.5) in sums
    assert PerTestSum("run-1", "a", "a", "t1", "yellow", "2", "sentence_bert", "tie", 3, 2.0) in sums


def test_where_the_sample_is_the_cluster_each_sample_has_its_own_sum(scored: Scored) -> None:
    sums = per_test_sums(scored("a", {"1": [1.0, 0.0]}, cluster="sample", metrics=["m"]))
    leaks = [(row.cluster, row.n, row.total) for row in sums if row.measure == "leak"]
    assert leaks == [("a/0", 1, 1.0), ("a/1", 1, 0.0)]


def test_a_comparison_holds_both_texts_and_all_that_was_measured(scored: Scored) -> None:
    job = scored("a", {"1": [1.0, 0.5]}, metrics=["m"])
    tests = (Answer("g0"), Answer("g1", "length", "a thought", "m-1"))
    job = replace(job, generated=replace(job.generated, control=answers("c0", "c1"), tests=(tests,)))
    assert comparisons(job)[1] == Comparison(
        run_id="run-1",
        job_id="a",
        test="t0",
        sample=1,
        category="1",
        concept="yellow",
        prompt="yellow prompt 0",
        generation="g1",
        ended="length",
        reasoning="a thought",
        model="m-1",
        control_prompt="a control",
        control_generation="c1",
        control_ended="stop",
        control_reasoning="",
        neutral_prompt="",
        neutral_generation="",
        neutral_ended="",
        neutral_reasoning="",
        neutral_model="",
        control_model="",
        outcomes={"m": {"leak": 0.5, "tie": 1.0, "echo": 0.0}},
        similarities={"m": [0.75, 0.25, None]},
    )


def test_of_a_generation_scored_in_several_cells_the_text_is_kept_where_it_counts(scored: Scored) -> None:
    job = scored("a", {"1": [1.0]}, metrics=[])
    cells = {"es>it": 1.0, "es>fr": 0.0}
    job = replace(job, outcomes=tuple(Outcome("m", "leak", cell, "t0", 0, value) for cell, value in cells.items()))
    assert [comparison.category for comparison in comparisons(job)] == ["es>it"]
    assert [row.category for row in per_test_sums(job) if row.measure == "leak"] == ["es>it", "es>fr"]


def test_of_a_lost_answer_scored_in_several_cells_the_text_is_kept_once(scored: Scored) -> None:
    job = scored("a", {"1": ["refused"]}, metrics=[])
    job = replace(job, outcomes=tuple(Outcome("m", "refused", cell, "t0", 0, 1.0) for cell in ("es>es", "es>it")))
    assert [(each.category, each.ended, each.outcomes) for each in comparisons(job)] == [
        ("es>es", "refusal", {"m": {"refused": 1.0}})
    ]
    assert [row.category for row in per_test_sums(job) if row.measure == "refused"] == ["es>es", "es>it"]


def test_nothing_but_its_loss_is_summed_of_a_lost_comparison(scored: Scored) -> None:
    rows = per_test_sums(scored("a", {"1": [1.0, "filtered", "filtered"]}, text="a red house", metrics=["m", "n"]))
    counts = {row.measure: (row.n, row.total) for row in rows if row.metric == "m"}
    assert counts == {
        "leak": (1, 1.0),
        "tie": (1, 0.0),
        "echo": (1, 0.0),
        "echo_free_leak": (1, 1.0),
        "agreement:n": (1, 1.0),
        "filtered": (2, 2.0),
        "distinct_1": (3, 3.0),
        "distinct_2": (2, 2.0),
    }


def sums_of(job: ScoredJob, measure: str) -> list[tuple[str, str, int, float]]:
    rows = [row for row in per_test_sums(job) if row.measure == measure]
    return [(row.metric, row.test, row.n, row.total) for row in rows]


def test_the_echo_free_leak_is_that_of_comparisons_known_to_hold_no_echo(scored: Scored) -> None:
    job = scored("a", {"1": [1.0, 0.5, 1.0]}, metrics=["m"])
    echoed = [
        replace(outcome, value=1.0) if (outcome.measure, outcome.sample) == ("echo", 0) else outcome
        for outcome in job.outcomes
    ]
    unknown = [row for row in echoed if (row.measure, row.sample) != ("echo", 1)]
    assert sums_of(replace(job, outcomes=tuple(unknown)), "echo_free_leak") == [("m", "t0", 1, 1.0)]


def test_the_coreference_free_leak_leaves_out_what_only_goes_on_about_the_same_thing(scored: Scored) -> None:
    job = scored("a", {"1": [1.0, 0.5]}, metrics=["m"])
    kinds = [Outcome("m", "coreferent", "1", "t0", sample, value) for sample, value in enumerate((1.0, 0.0))]
    found = replace(job, outcomes=(*job.outcomes, *kinds))
    assert sums_of(found, "coreference_free_leak") == [("m", "t0", 1, 0.5)]
    assert sums_of(job, "coreference_free_leak") == []


def test_two_metrics_agree_where_their_leak_scores_are_the_same(scored: Scored) -> None:
    job = scored("a", {"1": [1.0, 0.5, 0.0]}, metrics=["m", "n"])
    other = [
        replace(outcome, value=0.0) if (outcome.metric, outcome.measure) == ("n", "leak") else outcome
        for outcome in job.outcomes
    ]
    job = replace(job, outcomes=tuple(other))
    assert sums_of(job, "agreement:n") == [("m", "t0", 3, 1.0)]
    assert sums_of(job, "agreement:m") == [("n", "t0", 3, 1.0)]


def test_of_three_metrics_each_agrees_with_each_other_one(scored: Scored) -> None:
    measures = {(row.metric, row.measure) for row in per_test_sums(scored("a", {"1": [1.0]}, metrics=["m", "n", "o"]))}
    agreements = {(metric, measure) for metric, measure in measures if measure.startswith("agreement")}
    assert agreements == {(one, f"agreement:{other}") for one in "mno" for other in "mno" if one != other}
    alone = per_test_sums(scored("a", {"1": [1.0]}, metrics=["m"]))
    assert not any(row.measure.startswith("agreement") for row in alone)


def test_diversity_is_that_of_all_answers_of_a_job_in_a_category(scored: Scored) -> None:
    job = scored("a", {"1": [1.0, 1.0], "2": [1.0, 1.0]}, metrics=["m"])
    tests = answers("a red house", "a blue house"), answers("", "")
    job = replace(job, generated=replace(job.generated, tests=tests))
    # The answers of category 2 are empty: there is nothing to be varied.
    assert sums_of(job, "distinct_1") == [("m", "", 6, 4.0)]
    assert sums_of(job, "distinct_2") == [("m", "", 4, 4.0)]
